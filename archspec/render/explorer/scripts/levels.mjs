/** How deep the drawing is open: a button for each level, and zoom. */

import { byId, make } from "./dom.mjs";

/** Buttons, at most; the last one opens everything. */
const BUTTONS = 5;

/** Show the buttons, and answer to them. @param {import("./explorer.mjs").Explorer} explorer */
export function addLevels(explorer) {
  const { model } = explorer;
  const box = byId("levels");
  const last = Math.min(BUTTONS, model.depth);
  for (let level = 1; level <= last; level++) {
    const levels = level === last ? Infinity : level;
    const button = make("button", { type: "button" }, level === last ? "All" : String(level));
    button.addEventListener("click", () => void explorer.openTo(levels));
    explorer.addEventListener("drawn", () => button.setAttribute("aria-pressed", String(isAt(levels, explorer))));
    box.append(button);
  }
  box.hidden = last < 2;
}

/** Whether just so many levels are open. @param {number} levels @param {import("./explorer.mjs").Explorer} explorer */
function isAt(levels, { model, state }) {
  const expected = model.toLevel(levels);
  return model.order.every((id) => expected.has(id) === (model.opens(id) && state.open.has(id)));
}

/** Let the buttons beside the drawing zoom. @param {import("./explorer.mjs").Explorer} explorer */
export function addZoom({ view }) {
  byId("zoom-in").addEventListener("click", () => view.zoom(1.25));
  byId("zoom-out").addEventListener("click", () => view.zoom(0.8));
  byId("fit").addEventListener("click", () => view.fit());
}
