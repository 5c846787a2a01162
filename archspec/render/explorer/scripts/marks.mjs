/** Marks: the signs of findings. Each severity has its own shape, so that they differ not in colour alone. */

import { makeSvg } from "./dom.mjs";

/** @type {Record<string, string>} Outlines about a middle, 10 units in each direction. */
const SHAPES = {
  octagon: "M-3.7 -9H3.7L9 -3.7V3.7L3.7 9H-3.7L-9 3.7V-3.7z",
  triangle: "M0 -9.5L10 8H-10z",
  circle: "M0 -8.5A8.5 8.5 0 0 1 0 8.5A8.5 8.5 0 0 1 0 -8.5z",
  square: "M-6 -8H6A2 2 0 0 1 8 -6V6A2 2 0 0 1 6 8H-6A2 2 0 0 1 -8 6V-6A2 2 0 0 1 -6 -8z",
  diamond: "M0 -10.5L10.5 0L0 10.5L-10.5 0z",
  tag: "M-9 -7.5H4L10.5 0L4 7.5H-9z",
};

/**
 * The mark of a severity, with a text in it.
 * @param {import("./model.mjs").Severity} severity
 * @param {string} text
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElement}
 */
export function markOf({ name, shape }, text, attributes) {
  const inner = makeSvg("text", { "text-anchor": "middle", y: 4.2 }, text);
  return makeSvg("g", { class: `mark ${name}`, ...attributes }, makeSvg("path", { d: SHAPES[shape] }), inner);
}

/** The mark of a severity in a line of text. @param {import("./model.mjs").Severity} severity @returns {SVGElement} */
export function iconOf(severity) {
  const attributes = { class: "icon", viewBox: "-11 -11 22 22", role: "img", "aria-label": severity.name };
  return makeSvg("svg", attributes, markOf(severity, severity.symbol, {}));
}
