/** Pointers and keys: on the drawing, and everywhere. */

import { byId } from "./dom.mjs";
import { clearSearch } from "./search.mjs";

/** @typedef {import("./explorer.mjs").Explorer} Explorer */

const ARROWS = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"];

/** Answer to clicks on the drawing. @param {Explorer} explorer */
export function addPointer(explorer) {
  const figure = byId("figure");
  figure.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (explorer.view.dragged) return;
    const id = partAt(event, explorer);
    if (id !== null && /** @type {Element} */ (event.target).closest(".sign")) void explorer.toggle(id, "corner");
    else if (event.detail < 2) void choose(id, explorer, { stays: true });
  });
  figure.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => {
    const id = partAt(event, explorer);
    if (id !== null && !(/** @type {Element} */ (event.target).closest(".sign"))) void explorer.toggle(id);
  });
}

/** @param {Event} event @param {Explorer} explorer @returns {string | null} */
function partAt(event, { model }) {
  const element = /** @type {Element} */ (event.target).closest("[data-part]");
  return element && model.order[Number(element.getAttribute("data-part"))];
}

/**
 * Select a part of the drawing and let keys go to it.
 * @param {string | null} id
 * @param {Explorer} explorer
 * @param {import("./explorer.mjs").Manner} manner
 */
async function choose(id, explorer, manner) {
  await explorer.select(id, manner);
  explorer.element(id)?.focus({ preventScroll: true });
}

/** Answer to keys on the drawing, then to those that do the same everywhere. @param {Explorer} explorer */
export function addKeys(explorer) {
  byId("figure").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const id = partAt(event, explorer);
    if (id !== null) answer(event, figureKeys(id, explorer));
  });
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") === null)
      answer(event, keysAt(/** @type {Element} */ (event.target), explorer));
  });
  byId("help-button").addEventListener("click", () => byId("help").showModal());
}

/** @param {KeyboardEvent} event @param {Record<string, () => void>} keys */
function answer(event, keys) {
  const action = keys[event.key];
  if (action === undefined || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
}

/**
 * What keys do where the focus is on no part: where something takes text or lists, fewer.
 * @param {Element} target
 * @param {Explorer} explorer
 * @returns {Record<string, () => void>}
 */
function keysAt(target, explorer) {
  if (target.matches("#search")) return { Escape: () => leaveSearch(explorer) };
  if (target.matches("select")) return {};
  const isBeside = target.closest("#bar, #side, #panel") !== null;
  return { ...pageKeys(explorer), ...(isBeside ? {} : arrowKeys(explorer)) };
}

/** Empty the search, and let keys go to the drawing. @param {Explorer} explorer */
function leaveSearch(explorer) {
  clearSearch(explorer);
  (explorer.element(explorer.selected) ?? byId("figure")).focus({ preventScroll: true });
}

/** Arrows begin where the selected part is, or with the first. @param {Explorer} explorer */
function arrowKeys(explorer) {
  const { selected, drawn } = explorer;
  const begin = () => void choose(drawn.boxes[0], explorer, {});
  const keys = selected !== null && explorer.element(selected) ? figureKeys(selected, explorer) : {};
  return Object.fromEntries(ARROWS.map((key) => [key, keys[key] ?? begin]));
}

/** @param {string} id @param {Explorer} explorer @returns {Record<string, () => void>} */
function figureKeys(id, explorer) {
  const go = (/** @type {string | undefined} */ other) =>
    other !== undefined && void choose(other, explorer, { isStep: true });
  const toggle = () => void explorer.toggle(id);
  return {
    ArrowDown: () => go(joined(id, explorer, "source", "target")),
    ArrowUp: () => go(joined(id, explorer, "target", "source")),
    ArrowLeft: () => go(beside(id, explorer, -1)),
    ArrowRight: () => go(beside(id, explorer, 1)),
    Backspace: () => go(explorer.model.around(id)[0]),
    Enter: toggle,
    " ": toggle,
  };
}

/**
 * The first box at the other end of an arrow from a part, or from what is in it.
 * @param {string} id
 * @param {Explorer} explorer
 * @param {"source" | "target"} near
 * @param {"source" | "target"} far
 */
function joined(id, { model, drawing }, near, far) {
  const inside = new Set(model.inside(id));
  const arrows = drawing?.arrows.map(({ arrow }) => arrow).filter(({ targets }) => targets === undefined);
  return arrows?.find((arrow) => inside.has(arrow[near]) && !inside.has(arrow[far]))?.[far];
}

/**
 * The next box to the left or right that stands at the same height.
 * @param {string} id
 * @param {Explorer} explorer
 * @param {number} side
 */
function beside(id, { drawing, drawn, model }, side) {
  const here = drawing?.parts.get(id)?.getBoundingClientRect();
  if (drawing === null || here === undefined) return undefined;
  const inside = new Set(model.inside(id));
  const others = drawn.boxes
    .filter((other) => !inside.has(other))
    .map((other) => {
      const box = /** @type {Element} */ (drawing.parts.get(other)).getBoundingClientRect();
      return {
        id: other,
        ahead: side * (middle(box) - middle(here)),
        level: box.top < here.bottom && box.bottom > here.top,
      };
    });
  return others.filter(({ ahead, level }) => level && ahead > 0).sort((one, two) => one.ahead - two.ahead)[0]?.id;
}

/** @param {DOMRect} box */
function middle(box) {
  return box.left + box.width / 2;
}

/** @param {Explorer} explorer @returns {Record<string, () => void>} */
function pageKeys(explorer) {
  const { view } = explorer;
  return {
    "/": () => byId("search").focus(),
    "?": () => byId("help").showModal(),
    "+": () => view.zoom(1.25),
    "=": () => view.zoom(1.25),
    "-": () => view.zoom(0.8),
    f: () => view.fit(),
    0: () => view.fit(),
    Escape: () => {
      if (!clearSearch(explorer)) void explorer.select(null);
    },
  };
}
