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
  addEventListener("popstate", () => void explorer.select(addressed(explorer)));
}

/** The part that the address names. @param {import("./explorer.mjs").Explorer} explorer @returns {string | null} */
export function addressed({ model }) {
  if (location.hash.length < 2) return null;
  try {
    return model.named(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return null; // not encoded as text is
  }
}
