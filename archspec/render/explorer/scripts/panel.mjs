/** The panel: what is known of the selected part, or of the network where none is. */

import { linkTo } from "./address.mjs";
import { byId, make } from "./dom.mjs";
import { findingText } from "./findings.mjs";

/** Links that are listed before the rest is only counted. */
const LISTED = 12;

/** Keep the panel to what is selected. @param {import("./explorer.mjs").Explorer} explorer */
export function addPanel(explorer) {
  const panel = byId("panel");
  const show = () => panel.replaceChildren(...contents(explorer));
  explorer.addEventListener("selected", () => {
    show();
    byId("spoken").textContent =
      explorer.selected === null ? "" : `${panel.querySelector("h2")?.textContent} is selected`;
  });
  explorer.addEventListener("drawn", show);
  panel.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const isToggle = /** @type {Element} */ (event.target).closest("#toggle");
    if (isToggle && explorer.selected !== null) void explorer.toggle(explorer.selected);
  });
}

/** @param {import("./explorer.mjs").Explorer} explorer @returns {Node[]} */
function contents({ model, selected, state }) {
  const id = selected ?? model.root;
  const part = model.part(id);
  const isNetwork = id === model.root;
  return [
    heading(part, isNetwork ? model.data.title : part.label[0]),
    ...(model.opens(id) && !isNetwork ? [toggleButton(state.open.has(id))] : []),
    ...partner(part, model),
    ...facts("", part.details),
    ...facts("Attributes", model.attributes(id)),
    ...links("Fed by", model.sources(id), model),
    ...links("Feeds", model.targets(id), model),
    ...findings(isNetwork ? (model.found.get(id) ?? []) : model.findings(id), model),
    ...(isNetwork
      ? [make("p", { class: "faint" }, "Select a part to see its shapes, its costs and the lines it is written in.")]
      : []),
    ...source(part.source === null ? null : model.data.sources[part.source]),
  ].filter((node) => node !== null);
}

/** @param {import("./model.mjs").Part} part @param {string} title @returns {HTMLElement} */
function heading(part, title) {
  return make(
    "header",
    {},
    make("p", { class: "kind" }, make("i", { class: "swatch", "data-category": part.category }), kindOf(part)),
    make("h2", {}, title),
    part.path !== "" && make("code", { class: "path" }, part.path),
    ...part.label.slice(1).map((line) => make("p", { class: "line" }, line)),
  );
}

/** @param {import("./model.mjs").Part} part @returns {string} */
function kindOf({ kind, category, phase }) {
  const word = kind === "node" ? category || kind : kind;
  const when = { training: "in training only", eval: "in inference only" };
  return phase === null ? word : `${word}, ${when[phase]}`;
}

/** @param {boolean} isOpen @returns {HTMLElement} */
function toggleButton(isOpen) {
  return make("button", { type: "button", id: "toggle" }, isOpen ? "Close" : "Open");
}

/** @param {string} title @param {import("./model.mjs").Pair[]} pairs @returns {Node[]} */
function facts(title, pairs) {
  const entries = pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return section(title, entries.length === 0 ? [] : [make("dl", {}, ...entries)]);
}

/**
 * The same part in the other network, and what differs between the two.
 * @param {import("./model.mjs").Part} part
 * @param {import("./model.mjs").Model} model
 * @returns {Node[]}
 */
function partner({ partner }, model) {
  if (partner === null) return [];
  const title = model.part(model.network(partner.id)).label[0];
  return [...links(title, [partner.id], model), ...facts("", partner.differs)];
}

/** @param {import("./model.mjs").Finding[]} found @param {import("./model.mjs").Model} model @returns {Node[]} */
function findings(found, model) {
  return section(
    model.counted(found.length),
    found.map((finding) => findingText(finding, model)),
  );
}

/** @param {string} title @param {string[]} ids @param {import("./model.mjs").Model} model @returns {Node[]} */
function links(title, ids, model) {
  const entries = ids.slice(0, LISTED).map((id) => make("li", {}, linkTo(id, model)));
  if (ids.length > LISTED) entries.push(make("li", { class: "faint" }, `and ${ids.length - LISTED} more`));
  return section(title, entries.length === 0 ? [] : [make("ul", { class: "links" }, ...entries)]);
}

/** @param {import("./model.mjs").Data["sources"][0] | null} excerpt @returns {Node[]} */
function source(excerpt) {
  if (excerpt === null) return [];
  const place = make("p", { class: "faint" }, `${excerpt.file}:${excerpt.line}`);
  return section("Written", [place, make("pre", { tabindex: 0 }, excerpt.text)]);
}

/** @param {string} title @param {Node[]} nodes @returns {Node[]} */
function section(title, nodes) {
  if (nodes.length === 0) return [];
  return [make("section", {}, title !== "" && make("h3", {}, title), ...nodes)];
}
