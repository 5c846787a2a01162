/** Findings: what there is to say of the network, as a list, and as a text in the panel. */

import { byId, make, prose } from "./dom.mjs";
import { iconOf } from "./marks.mjs";

/**
 * List all findings; each leads to the part that it is about, and to the next one where it is about several.
 * @param {import("./explorer.mjs").Explorer} explorer
 */
export function addFindings(explorer) {
  const { model } = explorer;
  const { findings } = model.data;
  byId("findings-title").textContent = model.counted(findings.length);
  byId("findings").replaceChildren(...findings.map((finding, number) => rowOf(finding, number, model)));
  explorer.addEventListener("selected", () => markRows(explorer));
  byId("findings").addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (button) void explorer.select(nextOf(findings[Number(button.dataset.finding)].parts, explorer.selected));
  });
}

/** Show which findings are about what is selected. @param {import("./explorer.mjs").Explorer} explorer */
function markRows({ model, selected }) {
  for (const button of byId("findings").querySelectorAll("button")) {
    const { parts } = model.data.findings[Number(button.dataset.finding)];
    if (selected !== null && parts.includes(selected)) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

/** The part behind the one that is selected, or the first. @param {string[]} parts @param {string | null} selected */
function nextOf(parts, selected) {
  return parts[(parts.indexOf(selected ?? "") + 1) % parts.length] ?? null;
}

/**
 * @param {import("./model.mjs").Finding} finding
 * @param {number} number
 * @param {import("./model.mjs").Model} model
 * @returns {HTMLElement}
 */
function rowOf(finding, number, model) {
  return make("li", {}, make("button", { type: "button", "data-finding": number }, ...summary(finding, model)));
}

/** @param {import("./model.mjs").Finding} finding @param {import("./model.mjs").Model} model @returns {Element[]} */
function summary({ severity, name, message }, { severities }) {
  const text = make("span", {}, make("b", {}, name), " ", ...prose(message));
  return [iconOf(/** @type {import("./model.mjs").Severity} */ (severities.get(severity))), text];
}

/**
 * A finding at length.
 * @param {import("./model.mjs").Finding} finding
 * @param {import("./model.mjs").Model} model
 * @returns {HTMLElement}
 */
export function findingText(finding, model) {
  const { severity, text } = finding;
  const whole = text !== "" && make("pre", { tabindex: 0 }, text);
  return make("div", { class: `finding ${severity}` }, make("p", {}, ...summary(finding, model)), whole);
}
