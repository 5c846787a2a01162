/**
 * The drawing: what the engine laid out, made anew of the elements that it is known to consist of, and of no others.
 */

import { makeSvg } from "./dom.mjs";
import { markOf } from "./marks.mjs";
import { Model } from "./model.mjs";

const ELEMENTS = new Set(["g", "path", "polygon", "polyline", "ellipse", "text"]);
const ATTRIBUTES = new Set(
  (
    "class cx cy d font-size font-style font-weight id points rx ry stroke-dasharray stroke-width text-anchor " +
    "text-decoration transform x y"
  ).split(" "),
);

/** How far below the middle of its place the baseline of a text is, in sizes of the text. */
const BELOW = 0.35;

/** Half the width of the sign that opens and closes a block. */
const SIGN = 7;
const OPENED = `M${-SIGN / 2} 0H${SIGN / 2}`;
const CLOSED = `${OPENED}M0 ${-SIGN / 2}V${SIGN / 2}`;

/** The marks of a part stand beside each other on its upper edge, a little above it and so off its text. */
const STEP = 17;
const LIFT = 3;
const MARK_SCALE = 0.85;

/**
 * @typedef {{
 *   layer: SVGElement, width: number, height: number,
 *   parts: Map<string, SVGGElement>, arrows: {arrow: import("./model.mjs").Arrow, element: SVGElement}[],
 * }} Drawing
 */

/**
 * The drawing of an SVG text.
 * @param {string} text
 * @param {Model} model
 * @param {import("./model.mjs").Arrow[]} arrows
 * @param {import("./model.mjs").Arrow[]} ways
 * @returns {Drawing}
 */
export function drawingOf(text, model, arrows, ways) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (svg.localName !== "svg") throw new Error("the layout cannot be read");
  const [, , width, height] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
  const layer = /** @type {SVGElement} */ (rebuilt(svg.querySelector("g") ?? svg));
  /** @type {Drawing} */
  const drawing = { layer, width, height, parts: new Map(), arrows: [] };
  for (const element of layer.querySelectorAll("g[id]")) {
    const [, kind, place] = /^([apw])(\d+)$/.exec(element.id) ?? [];
    element.removeAttribute("id");
    if (kind === "p") drawing.parts.set(model.order[Number(place)], /** @type {SVGGElement} */ (element));
    const arrow = { a: arrows, w: ways }[kind]?.[Number(place)];
    if (arrow) drawing.arrows.push({ arrow, element: /** @type {SVGElement} */ (element) });
  }
  drawing.parts.forEach((element, id) => describe(element, id, model));
  drawing.arrows.forEach(({ arrow, element }) => element.setAttribute("data-phase", arrow.phase ?? ""));
  return drawing;
}

/** A known element with its known attributes and children. @param {Element} from @returns {SVGElement} */
function rebuilt(from) {
  const copy = makeSvg(from.localName);
  for (const { name, value } of from.attributes) {
    if (ATTRIBUTES.has(name)) copy.setAttribute(name, value);
  }
  if (from.localName === "text") setText(copy, from);
  else copy.append(...known(from));
  return copy;
}

/** @param {Element} parent @returns {Element[]} what is known in it, also in links, which are left out */
function known(parent) {
  return [...parent.children].flatMap((child) => {
    if (child.localName === "a") return known(child);
    return ELEMENTS.has(child.localName) && !isBackground(child) ? [rebuilt(child)] : [];
  });
}

/** Whether a shape is behind a cell of a label: others have an outline. @param {Element | null} shape */
function isBackground(shape) {
  return shape?.localName === "polygon" && shape.getAttribute("stroke") === "none";
}

/**
 * Text that stands where its cell is, in whatever font: at the beginning in a frame, in the middle of a box.
 * @param {SVGElement} text
 * @param {Element} from
 */
function setText(text, from) {
  const cell = from.previousElementSibling;
  text.textContent = from.textContent;
  text.classList.toggle("faint", from.hasAttribute("fill"));
  if (!isBackground(cell)) return;
  const points = (cell?.getAttribute("points") ?? "").split(" ").map((point) => point.split(",").map(Number));
  const [left, right] = ends(points.map(([x]) => x));
  const [top, bottom] = ends(points.map(([, y]) => y));
  const isInFrame = from.closest(".cluster") !== null;
  text.setAttribute("text-anchor", isInFrame ? "start" : "middle");
  text.setAttribute("x", String(isInFrame ? left : (left + right) / 2));
  text.setAttribute("y", String((top + bottom) / 2 + BELOW * Number(from.getAttribute("font-size"))));
}

/** The least and the greatest of some numbers. @param {number[]} numbers */
function ends(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)];
}

/**
 * Say what an element of the drawing stands for, to style sheets, to pointers and to readers.
 * @param {SVGGElement} element
 * @param {string} id
 * @param {Model} model
 */
function describe(element, id, model) {
  const part = model.part(id);
  const isFrame = element.classList.contains("cluster");
  element.querySelector("path, polygon, ellipse")?.classList.add("outline");
  Object.assign(element.dataset, { part: String(model.index.get(id)), category: part.category, kind: part.kind });
  element.dataset.phase = part.phase ?? "";
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "-1");
  element.setAttribute("aria-label", spoken(id, model));
  if (model.opens(id)) element.setAttribute("aria-expanded", String(isFrame));
  const [finding] = model.found.get(id) ?? [];
  if (finding) element.classList.add("marked", finding.severity);
}

/** @param {string} id @param {Model} model @returns {string} */
function spoken(id, model) {
  const { label, phase } = model.part(id);
  const findings = model.findings(id).length;
  return [
    ...label,
    phase === "training" && "in training only",
    phase === "eval" && "in inference only",
    findings > 0 && model.counted(findings),
  ]
    .filter(Boolean)
    .join(", ");
}

/**
 * Add the signs that open and close, and the marks of findings, at the corners of what is drawn, once it is in the page.
 * @param {Drawing} drawing
 * @param {Model} model
 */
export function addSigns({ parts }, model) {
  const places = [...parts].map(([id, element]) => ({ id, element, corner: cornersOf(element) }));
  for (const { id, element, corner } of places) {
    const isFrame = element.classList.contains("cluster");
    const findings = isFrame ? (model.found.get(id) ?? []) : model.findings(id);
    if (model.opens(id)) element.append(sign(corner.right, corner.top, isFrame));
    element.append(...marks(corner.left, corner.top, findings, model));
  }
}

/** @param {SVGGElement} element */
function cornersOf(element) {
  const { x, y, width } = /** @type {SVGGraphicsElement} */ (element.querySelector(".outline") ?? element).getBBox();
  return { left: x, right: x + width, top: y };
}

/** @param {number} x @param {number} y @param {boolean} isFrame @returns {SVGElement} */
function sign(x, y, isFrame) {
  const place = { class: "sign", transform: `translate(${x} ${y})` };
  return makeSvg("g", place, makeSvg("circle", { r: SIGN }), makeSvg("path", { d: isFrame ? OPENED : CLOSED }));
}

/**
 * The marks of findings: one of each severity, with how many there are.
 * @param {number} x
 * @param {number} y
 * @param {import("./model.mjs").Finding[]} findings
 * @param {Model} model
 * @returns {SVGElement[]}
 */
function marks(x, y, findings, { data }) {
  return data.severities
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity.name).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }, place) =>
      markOf(severity, count > 1 ? String(count) : severity.symbol, {
        transform: `translate(${x + place * STEP} ${y - LIFT}) scale(${MARK_SCALE})`,
      }),
    );
}
