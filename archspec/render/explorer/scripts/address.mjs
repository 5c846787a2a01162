/** The address of the page: its end names the selected part, so that it can be passed on, and gone back to. */

import { make } from "./dom.mjs";

/** A link to a part. @param {string} id @param {import("./model.mjs").Model} model @returns {HTMLElement} */
export function linkTo(id, model) {
  const { label, path, category } = model.part(id);
  const name = make("span", { class: "link-label" }, label[0]);
  const swatch = make("i", { class: "swatch", "data-category": category, "aria-hidden": true });
  return make("a", { href: hashOf(id, model) }, swatch, name, make("span", { class: "link-path" }, path));
}

/** The end of the address of a part. @param {string} id @param {import("./model.mjs").Model} model @returns {string} */
export function hashOf(id, model) {
  return `#${encodeURIComponent(model.nameOf(id))}`;
}

/**
 * Keep the address to what is selected, and what is selected to the address.
 * @param {import("./explorer.mjs").Explorer} explorer
 */
export function addAddress(explorer) {
  explorer.addEventListener("selected", (event) => {
    if (addressed(explorer) === explorer.selected) return;
    const { isStep } = /** @type {CustomEvent<import("./explorer.mjs").Manner>} */ (event).detail;
    const hash = explorer.selected === null ? "" : hashOf(explorer.selected, explorer.model);
    history[isStep ? "replaceState" : "pushState"](null, "", hash || location.pathname + location.search);
  });
  addEventListener("popstate", () => void follow(explorer));
}

/**
 * Select what the address names, and tell where it names nothing.
 * @param {import("./explorer.mjs").Explorer} explorer
 */
export async function follow(explorer) {
  const id = addressed(explorer);
  await explorer.select(id);
  if (id === null && location.hash.length > 1) explorer.say(`Nothing is called \`${pathOf(location.hash)}\`.`);
}

/** The part that the address names. @param {import("./explorer.mjs").Explorer} explorer @returns {string | null} */
function addressed({ model }) {
  return location.hash.length < 2 ? null : model.named(pathOf(location.hash));
}

/** The path at the end of an address. @param {string} hash @returns {string} */
function pathOf(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1); // not encoded as text is
  }
}
