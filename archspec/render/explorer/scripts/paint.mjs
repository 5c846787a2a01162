/**
 * Colours and marks on the drawing: what is selected and what is joined to it, hits of the search, heat; and the
 * legend.
 */

import { byId, make } from "./dom.mjs";
import { iconOf } from "./marks.mjs";

/** Paint the drawing as the state of the page says. @param {import("./explorer.mjs").Explorer} explorer */
export function paint(explorer) {
  paintSelection(explorer);
  paintHits(explorer);
  paintHeat(explorer);
}

/** @param {import("./explorer.mjs").Explorer} explorer */
function paintSelection({ model, drawing, selected }) {
  const inside = new Set(selected === null ? [] : model.inside(selected));
  const partner = selected === null ? undefined : model.withPartner(selected)[1];
  const holder = partner && [partner, ...model.around(partner)].find((id) => drawing?.parts.has(id));
  drawing?.parts.forEach((element, id) => {
    element.classList.toggle("selected", id === selected);
    element.classList.toggle("partner", id === holder);
    element.setAttribute("tabindex", "-1");
  });
  drawing?.arrows.forEach(({ arrow, element }) => {
    const isIn = inside.has(arrow.source);
    element.classList.toggle("joined", (arrow.targets ?? [arrow.target]).some((target) => isIn !== inside.has(target)));
  });
  const entry = drawing?.parts.get(selected ?? "") ?? drawing?.parts.values().next().value;
  entry?.setAttribute("tabindex", "0");
}

/** @param {import("./explorer.mjs").Explorer} explorer */
function paintHits({ model, drawing, hits }) {
  const holders = new Set(hits.flatMap((id) => model.around(id)));
  const found = new Set(hits);
  drawing?.parts.forEach((element, id) => {
    element.classList.toggle("hit", found.has(id));
    element.classList.toggle("holds-hit", holders.has(id));
  });
  byId("figure").classList.toggle("searched", hits.length > 0);
}

/** @param {import("./explorer.mjs").Explorer} explorer */
function paintHeat({ model, drawing, drawn, heat }) {
  const table = model.data.heat[heat];
  const most = table && hottest(table, drawn.boxes);
  drawing?.parts.forEach((element, id) => {
    const value = table && Object.hasOwn(table.values, id) ? table.values[id] : undefined;
    if (value === undefined || element.classList.contains("cluster")) delete element.dataset.heat;
    else element.dataset.heat = String(stepOf(value / (most ? table.values[most] : 1), model.data.steps));
  });
  byId("figure").classList.toggle("by-heat", table !== undefined);
  const keys = table ? scale(table, most, model.data.steps) : categories(model, drawn);
  byId("legend").replaceChildren(...marks(model), ...keys);
}

/** The box with the most, where one has any. @param {import("./model.mjs").Heat} table @param {string[]} boxes */
function hottest({ values }, boxes) {
  const heated = boxes.filter((id) => values[id] > 0);
  return heated.reduce((most, id) => (values[id] > values[most] ? id : most), heated[0]);
}

/** @param {number} share @param {number} steps */
function stepOf(share, steps) {
  return Math.min(Math.floor(share * steps), steps - 1);
}

/**
 * @param {import("./model.mjs").Heat} table
 * @param {string | undefined} most
 * @param {number} steps
 * @returns {Node[]}
 */
function scale(table, most, steps) {
  const colours = Array.from({ length: steps }, (_, step) => make("i", { "data-heat": step }));
  return [
    make("span", { class: "legend-title" }, table.label),
    make("span", {}, "0"),
    make("span", { class: "scale", role: "img", "aria-label": "from pale to strong" }, ...colours),
    make("span", {}, most === undefined ? "none" : table.texts[most]),
  ];
}

/** @param {import("./model.mjs").Model} model @returns {Node[]} */
function marks({ data }) {
  return data.severities
    .filter(({ name }) => data.findings.some(({ severity }) => severity === name))
    .map((severity) => make("span", { class: "key" }, iconOf(severity), severity.name));
}

/** @param {import("./model.mjs").Model} model @param {import("./model.mjs").Drawn} drawn @returns {Node[]} */
function categories(model, drawn) {
  const found = new Set(drawn.boxes.map((id) => model.part(id).category).filter((category) => category !== "terminal"));
  return [...found]
    .sort()
    .map((category) =>
      make(
        "span",
        { class: "key" },
        make("i", { class: "swatch", "data-category": category }),
        model.data.words[category] ?? (category || "not known"),
      ),
    );
}
