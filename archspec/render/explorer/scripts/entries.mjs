/**
 * Entries: where a tensor that several boxes of a frame read comes into it, to part inside, as in figures. Graphviz keeps
 * branches in the order of the spec only where they come from the frame itself, and one arrow crosses less than many.
 */

import { Model } from "./model.mjs";

/**
 * @typedef {import("./model.mjs").Arrow} Arrow
 * @typedef {{frame: string, way: Arrow, further: Arrow[]}} Entry
 *   A point in a frame: the arrow to it, and those from it.
 */

/**
 * The entries of what is drawn, in the order of its arrows.
 * @param {Model} model
 * @param {Arrow[]} arrows
 * @returns {Entry[]}
 */
export function entriesOf(model, arrows) {
  const groups = Map.groupBy(arrows, (arrow) => {
    const outermost = entered(model, arrow).at(-1);
    return outermost && `${model.index.get(arrow.source)} ${model.index.get(outermost)}`;
  });
  groups.delete(undefined);
  return [...groups.values()]
    .filter((further) => further.length > 1)
    .map((further) => {
      const frame = innermost(further.map((arrow) => entered(model, arrow)));
      return { frame, way: wayTo(further[0].source, frame, further), further };
    });
}

/**
 * The frames that an arrow comes into, innermost first.
 * @param {Model} model
 * @param {Arrow} arrow
 * @returns {string[]}
 */
function entered(model, { source, target }) {
  const outside = new Set(model.around(source));
  return model.around(target).filter((frame) => !outside.has(frame));
}

/** The innermost frame that several arrows come into. @param {string[][]} chains @returns {string} */
function innermost([first, ...others]) {
  return /** @type {string} */ (first.find((frame) => others.every((frames) => frames.includes(frame))));
}

/** @param {string} source @param {string} frame @param {Arrow[]} further @returns {Arrow} */
function wayTo(source, frame, further) {
  const phases = new Set(further.map(({ phase }) => phase));
  return {
    source,
    target: frame,
    targets: further.map(({ target }) => target),
    labels: [...new Set(further.flatMap(({ labels }) => labels))],
    phase: phases.size === 1 ? further[0].phase : null,
  };
}
