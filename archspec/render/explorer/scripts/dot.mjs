/**
 * DOT text of what is drawn. Parts are named by their place in the model, so no name of a spec stands in the syntax.
 */

import { entriesOf } from "./entries.mjs";
import { Model } from "./model.mjs";

/**
 * How many arrows there have to be for how little search for the best place of each: dense graphs would take minutes.
 * @type {[number, Record<string, string>][]}
 */
const EFFORTS = [
  [1000, { mclimit: "0.05", nslimit: "0.2", nslimit1: "0.2", splines: "line", concentrate: "true" }],
  [400, { mclimit: "0.1", nslimit: "1", nslimit1: "1" }],
  [0, {}],
];

/** The point where a tensor comes into a frame, which keeps what goes on from it in order, and the arrow to it. */
const ENTRY = { shape: "point", width: "0.02", class: "entry", ordering: "out", label: "" };
const TO_ENTRY = { arrowhead: "none", weight: "8" };

/** What keeps an arrow straighter than those that end in a join, which may bend. */
const ALONG = { weight: "3" };

/** What widths of text are known of in the engine; the style sheet has fonts that are as wide. */
const FONT = { fontname: "Helvetica" };

/**
 * The DOT text of a network; its arrows come back under the names `a0` .., those that part on their way as `w0` ...
 * @param {Model} model
 * @param {import("./model.mjs").Drawn} drawn
 * @param {import("./model.mjs").Arrow[]} arrows
 * @returns {{text: string, ways: import("./model.mjs").Arrow[]}}
 */
export function dotText(model, drawn, arrows) {
  const { graph, node, edge } = model.data;
  const frames = new Set(drawn.frames);
  const boxes = new Set(drawn.boxes);
  const effort = EFFORTS.find(([many]) => arrows.length >= many);
  const entries = entriesOf(model, arrows);
  const counts = Map.groupBy(arrows, ({ target }) => target);
  const alone = new Set([...counts].filter(([, some]) => some.length === 1).map(([target]) => target));
  const starts = new Map(entries.flatMap(({ further }, place) => further.map((arrow) => [arrow, `e${place}`])));
  /** @param {string} id @returns {string[]} */
  const lines = (id) => {
    const name = nameOf(model, id);
    if (boxes.has(id)) return [`${name} [${attributes({ ...model.look(id, "box"), id: name })}]`];
    if (!frames.has(id)) return [];
    const head = attributes({ ...model.look(id, "frame"), id: name });
    const points = entries.flatMap(({ frame }, place) => (frame === id ? [`e${place} [${attributes(ENTRY)}]`] : []));
    return [`subgraph cluster_${name} {`, `graph [${head}]`, ...points, ...model.part(id).members.flatMap(lines), "}"];
  };
  const text = [
    "digraph {",
    `graph [${attributes({ ...graph, ...effort?.[1], ...FONT, bgcolor: "transparent" })}]`,
    `node [${attributes({ ...node, ...FONT })}]`,
    `edge [${attributes({ ...edge, ...FONT })}]`,
    ...model.part(model.root).members.flatMap(lines),
    ...entries.map(({ way }, place) =>
      arrowLine(nameOf(model, way.source), `e${place}`, way.labels, { id: `w${place}`, ...TO_ENTRY }),
    ),
    ...arrows.map((arrow, place) => {
      const start = starts.get(arrow);
      const labels = start === undefined ? arrow.labels : [];
      const ends = /** @type {const} */ ([start ?? nameOf(model, arrow.source), nameOf(model, arrow.target)]);
      const looks = alone.has(arrow.target) && arrow.phase === null ? ALONG : {};
      return arrowLine(...ends, labels, { id: `a${place}`, ...looks });
    }),
    "}",
  ].join("\n");
  return { text, ways: entries.map(({ way }) => way) };
}

/** @param {Model} model @param {string} id @returns {string} */
function nameOf(model, id) {
  return `p${model.index.get(id)}`;
}

/** @param {string} start @param {string} end @param {string[]} labels @param {Record<string, string>} looks */
function arrowLine(start, end, labels, looks) {
  const text = quoted(literal(labels.map((label) => ` ${label} `).join("\n")));
  return `${start} -> ${end} [${attributes(looks)} label=${text}]`;
}

/** @param {Record<string, string>} values @returns {string} */
function attributes(values) {
  return Object.entries(values)
    .map(([name, value]) => `${quoted(name)}=${isMarkup(value) ? value : quoted(value)}`)
    .join(" ");
}

/** Whether a value is HTML-like text, as DOT writes it. @param {string} value */
function isMarkup(value) {
  return value.startsWith("<") && value.endsWith(">");
}

/** A string of DOT, which nothing in it can end; its escapes stay. @param {string} value @returns {string} */
function quoted(value) {
  const text = value.replace(
    /\\[^]|\\$|"/g,
    (found) => ({ '"': '\\"', '\\"': '\\\\\\"', "\\": "\\\\" })[found] ?? found,
  );
  return `"${text}"`;
}

/** Text in which nothing is an escape or an entity. @param {string} text @returns {string} */
function literal(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("&", "&amp;").replaceAll("\n", "\\n");
}
