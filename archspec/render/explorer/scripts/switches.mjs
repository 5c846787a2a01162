/** The switches in the bar: which phase is shown, what colours stand for, light or dark. */

import { byId, make } from "./dom.mjs";

/** @typedef {import("./explorer.mjs").Explorer} Explorer */

/** @param {Explorer} explorer */
export function addPhases(explorer) {
  const box = byId("phases");
  box.hidden = !explorer.model.phased;
  box.addEventListener("change", (/** @type {Event & {target: HTMLInputElement}} */ event) => {
    void explorer.show(/** @type {import("./model.mjs").Shown} */ (event.target.value));
  });
  explorer.addEventListener("drawn", () => {
    box.querySelector(`[value="${explorer.state.shown}"]`).checked = true;
  });
}

/** @param {Explorer} explorer */
export function addHeat(explorer) {
  const choice = byId("heat");
  const heats = Object.entries(explorer.model.data.heat);
  byId("heat-choice").hidden = heats.length === 0;
  choice.append(...heats.map(([name, { label }]) => make("option", { value: name }, label)));
  choice.addEventListener("change", () => explorer.colour(choice.value));
}

/** Light and dark as the system has it, until somebody switches. */
export function addTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const tell = () => byId("theme").setAttribute("aria-pressed", String(isDark()));
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
  });
  dark.addEventListener("change", tell);
  tell();
}
