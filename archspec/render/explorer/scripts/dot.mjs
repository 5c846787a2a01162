/**
 * DOT text of what is drawn. Parts are named by their place in the model, so no name of a spec stands in the syntax.
 */

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

/** What widths of text are known of in the engine; the style sheet has fonts that are as wide. */
const FONT = { fontname: "Helvetica" };

/**
 * The DOT text of a network.
 * @param {Model} model
 * @param {import("./model.mjs").Drawn} drawn
 * @param {import("./model.mjs").Arrow[]} arrows
 * @returns {string}
 */
export function dotText(model, drawn, arrows) {
  const { graph, node, edge } = model.data;
  const frames = new Set(drawn.frames);
  const boxes = new Set(drawn.boxes);
  const effort = EFFORTS.find(([many]) => arrows.length >= many);
  /** @param {string} id @returns {string[]} */
  const lines = (id) => {
    const name = `p${model.index.get(id)}`;
    if (boxes.has(id)) return [`${name} [${attributes({ ...model.look(id, "box"), id: name })}]`];
    if (!frames.has(id)) return [];
    const head = attributes({ ...model.look(id, "frame"), id: name });
    return [`subgraph cluster_${name} {`, `graph [${head}]`, ...model.part(id).members.flatMap(lines), "}"];
  };
  return [
    "digraph {",
    `graph [${attributes({ ...graph, ...effort?.[1], ...FONT, bgcolor: "transparent" })}]`,
    `node [${attributes({ ...node, ...FONT })}]`,
    `edge [${attributes({ ...edge, ...FONT })}]`,
    ...model.part(model.root).members.flatMap(lines),
    ...arrows.map((arrow, place) => arrowLine(model, arrow, place)),
    "}",
  ].join("\n");
}

/** @param {Model} model @param {import("./model.mjs").Arrow} arrow @param {number} place @returns {string} */
function arrowLine(model, { source, target, labels }, place) {
  const ends = `p${model.index.get(source)} -> p${model.index.get(target)}`;
  return `${ends} [id=a${place} label=${quoted(literal(labels.map((label) => ` ${label} `).join("\n")))}]`;
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
