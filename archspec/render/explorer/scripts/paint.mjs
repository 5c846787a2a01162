/** Colours and marks on the drawing: what is selected and what is joined to it, hits of the search, heat; and the legend. */

import { byId, make } from "./dom.mjs";

/** From this share on, text is written in the colour that reads on the far end of the scale. */
const HOT = 0.5;

/** Paint the drawing as the state of the page says. @param {import("./explorer.mjs").Explorer} explorer */
export function paint(explorer) {
  paintSelection(explorer);
  paintHits(explorer);
  paintHeat(explorer);
}

/** @param {import("./explorer.mjs").Explorer} explorer */
function paintSelection({ model, drawing, selected }) {
  const inside = new Set(selected === null ? [] : model.inside(selected));
  drawing?.parts.forEach((element, id) => {
    element.classList.toggle("selected", id === selected);
    element.setAttribute("tabindex", "-1");
  });
  drawing?.arrows.forEach(({ arrow, element }) => {
    element.classList.toggle("joined", inside.has(arrow.source) !== inside.has(arrow.target));
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
  const most = hottest(table, drawn.boxes);
  drawing?.parts.forEach((element, id) => {
    const share = most && table.shares[id] !== undefined ? table.shares[id] / table.shares[most] : undefined;
    element.classList.toggle("heated", share !== undefined);
    element.classList.toggle("hot", (share ?? 0) > HOT);
    element.style.setProperty("--share", `${100 * (share ?? 0)}%`);
  });
  byId("figure").classList.toggle("by-heat", table !== undefined);
  byId("legend").replaceChildren(...(table ? scale(table, most) : categories({ model, drawn })));
}

/** The box with the largest share, where one has any. @param {import("./model.mjs").Heat | undefined} table @param {string[]} boxes */
function hottest(table, boxes) {
  if (table === undefined) return undefined;
  const shares = boxes.filter((id) => table.shares[id] > 0);
  return shares.reduce((most, id) => (table.shares[id] > table.shares[most] ? id : most), shares[0]);
}

/** @param {import("./model.mjs").Heat} table @param {string | undefined} most @returns {Node[]} */
function scale(table, most) {
  return [
    make("span", { class: "legend-title" }, table.label),
    make("span", {}, "0"),
    make("span", { class: "scale", role: "img", "aria-label": "from pale to strong" }),
    make("span", {}, most === undefined ? "none" : table.texts[most]),
  ];
}

/** @param {{model: import("./model.mjs").Model, drawn: import("./model.mjs").Drawn}} shown @returns {Node[]} */
function categories({ model, drawn }) {
  const found = new Set(drawn.boxes.map((id) => model.part(id).category).filter(Boolean));
  return [...found].sort().map((category) =>
    make("span", { class: "key" }, make("i", { class: "swatch", "data-category": category }), category),
  );
}
