/** Findings: what the checks say of the network, as a list, and as a text in the panel. */

import { byId, make, makeSvg, prose } from "./dom.mjs";
import { markShape, symbolOf } from "./drawing.mjs";

/** List all findings; each leads to the part that it is about. @param {import("./explorer.mjs").Explorer} explorer */
export function addFindings(explorer) {
  const { findings } = explorer.model.data;
  byId("findings-box").hidden = findings.length === 0;
  byId("findings-title").textContent = `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`;
  byId("findings").replaceChildren(...findings.map((finding, number) => rowOf(finding, number)));
  byId("findings").addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (button) void explorer.select(findings[Number(button.dataset.finding)].part);
  });
}

/** @param {import("./model.mjs").Finding} finding @param {number} number @returns {HTMLElement} */
function rowOf(finding, number) {
  const text = make("span", {}, make("b", {}, finding.name), " ", ...prose(finding.message));
  return make("li", {}, make("button", { type: "button", "data-finding": number }, icon(finding.severity), text));
}

/** @param {string} severity @returns {SVGElement} */
function icon(severity) {
  const text = makeSvg("text", { "text-anchor": "middle", y: 4 }, symbolOf(severity));
  const attributes = { class: `mark ${severity}`, viewBox: "-11 -11 22 22", role: "img", "aria-label": severity };
  return makeSvg("svg", attributes, markShape(severity), text);
}

/** A finding at length. @param {import("./model.mjs").Finding} finding @returns {HTMLElement} */
export function findingText({ severity, name, message, text }) {
  const heading = make("p", {}, icon(severity), make("span", {}, make("b", {}, name), " ", ...prose(message)));
  return make("div", { class: `finding ${severity}` }, heading, make("pre", { tabindex: 0 }, text));
}
