/** The search: all parts that hold every word that is typed, listed in place of the outline. */

import { hashOf, linkTo } from "./address.mjs";
import { byId, make, showIn } from "./dom.mjs";

/** Hits that are listed; all of them are counted, marked and gone through. */
const LISTED = 200;

/** Answer to what is typed. @param {import("./explorer.mjs").Explorer} explorer */
export function addSearch(explorer) {
  const input = byId("search");
  let place = -1;
  explorer.addEventListener("selected", () => markHit(explorer));
  input.addEventListener("input", () => {
    place = -1;
    explorer.find(explorer.model.search(input.value, explorer.state.open));
    showHits(input.value, explorer);
  });
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const { hits } = explorer;
    if (event.key !== "Enter" || hits.length === 0) return;
    event.preventDefault();
    place = (place + (event.shiftKey ? -1 : 1) + hits.length) % hits.length;
    countHits(hits.length, place);
    void explorer.select(hits[place]);
  });
}

/**
 * Empty the search; whether there was anything in it.
 * @param {import("./explorer.mjs").Explorer} explorer
 * @returns {boolean}
 */
export function clearSearch(explorer) {
  const input = byId("search");
  if (input.value === "") return false;
  input.value = "";
  explorer.find([]);
  showHits("", explorer);
  return true;
}

/** @param {string} query @param {import("./explorer.mjs").Explorer} explorer */
function showHits(query, { model, hits }) {
  const isSearching = query.trim() !== "";
  byId("outline").hidden = isSearching;
  byId("hits").hidden = !isSearching;
  byId("hits").replaceChildren(...hits.slice(0, LISTED).map((id) => make("li", {}, linkTo(id, model))));
  if (isSearching) countHits(hits.length, -1);
  else byId("hit-count").textContent = "";
}

/** Show which hit is selected. @param {import("./explorer.mjs").Explorer} explorer */
function markHit({ model, selected }) {
  const hash = selected === null ? null : hashOf(selected, model);
  for (const link of byId("hits").querySelectorAll("a")) {
    if (link.getAttribute("href") !== hash) {
      link.removeAttribute("aria-current");
      continue;
    }
    link.setAttribute("aria-current", "true");
    showIn(byId("hits"), link);
  }
}

/** @param {number} hits @param {number} place */
function countHits(hits, place) {
  const found = `${hits.toLocaleString("en")} ${hits === 1 ? "part" : "parts"}`;
  byId("hit-count").textContent = place < 0 ? `${found} found` : `${place + 1} of ${found}`;
}
