/** The outline: the tree of what is drawn, open where the drawing is open. */

import { byId, make, showIn } from "./dom.mjs";

/** Show the outline, and answer to its keys and clicks. @param {import("./explorer.mjs").Explorer} explorer */
export function addOutline(explorer) {
  const tree = byId("outline");
  explorer.addEventListener("drawn", () => showRows(tree, explorer));
  explorer.addEventListener("selected", () => markRow(tree, explorer));
  tree.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    const id = partOf(target, explorer);
    if (id === null) return;
    if (target.closest(".chevron")) void explorer.toggle(id);
    else void explorer.select(id);
  });
  tree.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => pressed(event, explorer));
}

/** @param {Element} target @param {import("./explorer.mjs").Explorer} explorer @returns {string | null} */
function partOf(target, { model }) {
  const row = /** @type {HTMLElement | null} */ (target.closest("[data-part]"));
  return row && model.order[Number(row.dataset.part)];
}

/** @param {HTMLElement} tree @param {import("./explorer.mjs").Explorer} explorer */
function showRows(tree, explorer) {
  const { model, drawn } = explorer;
  const focused = tree.contains(document.activeElement) && document.activeElement?.getAttribute("data-part");
  const shown = new Set([...drawn.boxes, ...drawn.frames]);
  tree.replaceChildren(
    ...model.order.filter((id) => id !== model.root && shown.has(id)).map((id) => rowOf(id, explorer)),
  );
  markRow(tree, explorer);
  if (focused) focusRow(tree.querySelector(`[data-part="${focused}"]`));
}

/** @param {string} id @param {import("./explorer.mjs").Explorer} explorer @returns {HTMLElement} */
function rowOf(id, explorer) {
  const { model } = explorer;
  const part = model.part(id);
  const opens = model.opens(id);
  const row = make(
    "div",
    {
      role: "treeitem",
      tabindex: -1,
      "data-part": model.index.get(id) ?? null,
      "aria-level": model.around(id).length + 1,
      "aria-expanded": opens ? String(explorer.isOpen(id)) : null,
      "data-phase": part.phase ?? "",
      title: `${part.label[0]}\n${part.path}`,
    },
    make("span", { class: "chevron", "aria-hidden": true }),
    make("i", { class: "swatch", "data-category": part.category, "aria-hidden": true }),
    make("span", { class: "row-label" }, part.label[0]),
    make("span", { class: "row-path" }, part.kind === "output" ? part.kind : model.nameIn(id)),
  );
  row.style.setProperty("--level", String(model.around(id).length));
  return row;
}

/** @param {HTMLElement} tree @param {import("./explorer.mjs").Explorer} explorer */
function markRow(tree, { model, selected }) {
  for (const row of tree.querySelectorAll('[aria-selected], [tabindex="0"]')) {
    row.removeAttribute("aria-selected");
    row.setAttribute("tabindex", "-1");
  }
  const row = selected === null ? null : tree.querySelector(`[data-part="${model.index.get(selected)}"]`);
  row?.setAttribute("aria-selected", "true");
  if (row) showIn(tree, /** @type {HTMLElement} */ (row));
  (row ?? tree.firstElementChild)?.setAttribute("tabindex", "0");
}

/** @param {Element | null | undefined} row */
function focusRow(row) {
  if (!(row instanceof HTMLElement)) return;
  row.parentElement?.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  row.setAttribute("tabindex", "0");
  row.focus();
}

/**
 * What each key does on a row, as the ARIA practices have it.
 * @param {KeyboardEvent} event
 * @param {import("./explorer.mjs").Explorer} explorer
 */
function pressed(event, explorer) {
  const row = /** @type {Element} */ (event.target);
  const id = partOf(row, explorer);
  const actions = id === null ? {} : actionsOn(row, id, explorer);
  const action = actions[event.key];
  if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

/**
 * @param {Element} row
 * @param {string} id
 * @param {import("./explorer.mjs").Explorer} explorer
 * @returns {Record<string, () => void>}
 */
function actionsOn(row, id, explorer) {
  const { model } = explorer;
  const isOpen = model.opens(id) && explorer.isOpen(id);
  const outer = row.parentElement?.querySelector(`[data-part="${model.index.get(model.parent.get(id) ?? "")}"]`);
  return {
    ArrowDown: () => focusRow(row.nextElementSibling),
    ArrowUp: () => focusRow(row.previousElementSibling),
    ArrowRight: () => (isOpen || !model.opens(id) ? focusRow(row.nextElementSibling) : void explorer.toggle(id)),
    ArrowLeft: () => (isOpen ? void explorer.toggle(id) : focusRow(outer)),
    Home: () => focusRow(row.parentElement?.firstElementChild),
    End: () => focusRow(row.parentElement?.lastElementChild),
    Enter: () => void explorer.select(id),
    " ": () => void explorer.select(id),
  };
}
