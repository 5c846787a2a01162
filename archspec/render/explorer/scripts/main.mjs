/** The beginning: reads the data, joins what shows it to what changes it, and draws. */

import { addAddress, addressed } from "./address.mjs";
import { byId, make } from "./dom.mjs";
import { Explorer } from "./explorer.mjs";
import { addFindings } from "./findings.mjs";
import { addKeys, addPointer } from "./keys.mjs";
import { Model } from "./model.mjs";
import { addOutline } from "./outline.mjs";
import { paint } from "./paint.mjs";
import { addPanel } from "./panel.mjs";
import { addSearch } from "./search.mjs";

/** Buttons for levels, at most; the last one opens everything. */
const LEVELS = 5;

/** @param {Explorer} explorer */
function addHeader({ model }) {
  const { title, subtitle, facts } = model.data;
  byId("title").textContent = title;
  byId("subtitle").textContent = subtitle;
  byId("facts").append(...facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  byId("figure").setAttribute("aria-label", `${title}: the network as boxes joined by arrows`);
}

/** @param {Explorer} explorer */
function addSwitches(explorer) {
  const { model } = explorer;
  byId("phases").hidden = !model.phased;
  byId("phases").addEventListener("change", (/** @type {Event & {target: HTMLInputElement}} */ event) => {
    void explorer.show(/** @type {import("./model.mjs").Shown} */ (event.target.value));
  });
  explorer.addEventListener("drawn", () => {
    byId("phases").querySelector(`[value="${explorer.state.shown}"]`).checked = true;
  });
  const heats = Object.entries(model.data.heat);
  byId("heat-choice").hidden = heats.length === 0;
  byId("heat").append(...heats.map(([name, { label }]) => make("option", { value: name }, label)));
  byId("heat").addEventListener("change", () => explorer.colour(byId("heat").value));
}

/** @param {Explorer} explorer */
function addStage(explorer) {
  const { view, model } = explorer;
  const most = Math.min(LEVELS, model.depth);
  const levels = Array.from({ length: most }, (_, place) => place + 1);
  byId("levels").hidden = most < 2;
  byId("levels").append(...levels.map((level) => make("button", { type: "button", "data-level": level }, level === most ? "All" : String(level))));
  byId("levels").addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const level = Number(/** @type {HTMLElement} */ (event.target).dataset.level);
    if (level) void explorer.openTo(level === most ? Infinity : level);
  });
  byId("zoom-in").addEventListener("click", () => view.zoom(1.25));
  byId("zoom-out").addEventListener("click", () => view.zoom(0.8));
  byId("fit").addEventListener("click", () => view.fit());
}

function addTheme() {
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

async function main() {
  const explorer = new Explorer(new Model(JSON.parse(byId("data").textContent)));
  addHeader(explorer);
  addSwitches(explorer);
  addStage(explorer);
  addTheme();
  addFindings(explorer);
  addOutline(explorer);
  addPanel(explorer);
  addSearch(explorer);
  addPointer(explorer);
  addKeys(explorer);
  for (const change of ["drawn", "selected", "painted"]) explorer.addEventListener(change, () => paint(explorer));
  await explorer.start();
  await explorer.select(addressed(explorer));
  addAddress(explorer);
}

main().catch((error) => {
  byId("message").textContent = `The page cannot show this network: ${error.message}`;
  throw error;
});
