/** What the page knows of the network: the tree of its parts, the edges between its leaves, and what follows of them. */

/**
 * @typedef {"training" | "eval"} Phase
 * @typedef {Phase | "both"} Shown
 * @typedef {{file: string, line: number, text: string}} Excerpt
 * @typedef {{
 *   kind: string, label: string[], path: string, members: string[], phase: Phase | null, category: string,
 *   box: Record<string, string>, frame: Record<string, string>, words: string, details: [string, string][],
 *   attributes: [string, string][], source: Excerpt | null, findings: number[],
 * }} Part
 * @typedef {{severity: string, name: string, message: string, help: string | null, text: string, parts: string[]}} Finding
 * @typedef {{label: string, values: Record<string, number>, shares: Record<string, number>, texts: Record<string, string>}} Heat
 * @typedef {[source: string, target: string, label: string, phase: Phase | null]} Edge
 * @typedef {{
 *   title: string, subtitle: string, facts: [string, string][], root: string, parts: Record<string, Part>, edges: Edge[],
 *   graph: Record<string, string>, node: Record<string, string>, edge: Record<string, string>,
 *   findings: Finding[], heat: Record<string, Heat>, open: string[],
 * }} Data
 * @typedef {{boxes: string[], frames: string[], holder: Map<string, string>}} Drawn
 *   The parts that are drawn closed, those that are drawn open, and the box that each leaf is in.
 * @typedef {{source: string, target: string, label: string, phase: Phase | null}} Arrow
 */

const SEVERITIES = ["error", "warning", "note"];

export class Model {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    this.root = data.root;
    this.parts = new Map(Object.entries(data.parts));
    /** @type {string[]} All parts, outer before inner, in the order of execution. */
    this.order = [];
    /** @type {Map<string, number>} */
    this.index = new Map();
    /** @type {Map<string, string>} */
    this.parent = new Map();
    /** @type {Map<string, number>} How many parts are around each. */
    this.level = new Map();
    this.#walk(data.root, 0);
    this.byPath = new Map(this.order.toReversed().map((id) => [this.part(id).path, id]));
    this.depth = Math.max(...this.order.map((id) => this.level.get(id) ?? 0));
    this.phased = this.order.some((id) => this.part(id).phase !== null);
  }

  /** @param {string} id @param {number} level */
  #walk(id, level) {
    this.index.set(id, this.order.push(id) - 1);
    this.level.set(id, level);
    for (const member of this.part(id).members) {
      this.parent.set(member, id);
      this.#walk(member, level + 1);
    }
  }

  /** @param {string} id @returns {Part} */
  part(id) {
    return /** @type {Part} */ (this.parts.get(id));
  }

  /** Whether there is something inside. @param {string} id */
  opens(id) {
    return this.part(id).members.length > 0;
  }

  /** The parts around one, innermost first, without the network. @param {string} id @returns {string[]} */
  around(id) {
    const found = [];
    for (let outer = this.parent.get(id); outer !== undefined && outer !== this.root; outer = this.parent.get(outer)) {
      found.push(outer);
    }
    return found;
  }

  /** A part and all that is in it. @param {string} id @returns {string[]} */
  inside(id) {
    return [id, ...this.part(id).members.flatMap((member) => this.inside(member))];
  }

  /** What is in a part and opens no further. @param {string} id @returns {string[]} */
  leaves(id) {
    return this.inside(id).filter((inner) => !this.opens(inner));
  }

  /** Whether anything of a part runs in a phase. @param {string} id @param {Shown} shown @returns {boolean} */
  runs(id, shown) {
    const { phase, members } = this.part(id);
    if (shown === "both") return true;
    if (phase !== null && phase !== shown) return false;
    return members.length === 0 || members.some((member) => this.runs(member, shown));
  }

  /** The parts that open, at fewer than so many levels. @param {number} levels @returns {Set<string>} */
  toLevel(levels) {
    return new Set(this.order.filter((id) => this.opens(id) && (this.level.get(id) ?? 0) < levels));
  }

  /**
   * What is drawn while some parts are open.
   * @param {Set<string>} open
   * @param {Shown} shown
   * @returns {Drawn}
   */
  drawn(open, shown) {
    /** @type {Drawn} */
    const drawn = { boxes: [], frames: [], holder: new Map() };
    /** @param {string} id */
    const visit = (id) => {
      if (!this.runs(id, shown)) return;
      if (id === this.root || (open.has(id) && this.opens(id))) {
        drawn.frames.push(id);
        this.part(id).members.forEach(visit);
      } else {
        drawn.boxes.push(id);
        this.leaves(id).forEach((leaf) => drawn.holder.set(leaf, id));
      }
    };
    visit(this.root);
    return drawn;
  }

  /**
   * The edges between what is drawn: those of leaves, lifted to the boxes that hold them, each pair once.
   * @param {Drawn} drawn
   * @param {Shown} shown
   * @returns {Arrow[]}
   */
  arrows(drawn, shown) {
    /** @type {Map<string, Arrow>} */
    const arrows = new Map();
    for (const [tail, head, label, phase] of this.data.edges) {
      const source = drawn.holder.get(tail);
      const target = drawn.holder.get(head);
      if (source === undefined || target === undefined || source === target) continue;
      if (shown !== "both" && phase !== null && phase !== shown) continue;
      const key = `${this.index.get(source)} ${this.index.get(target)}`;
      arrows.set(key, merged(arrows.get(key), { source, target, label, phase }));
    }
    return [...arrows.values()];
  }

  /** What feeds a part, as the outermost parts that it is not in. @param {string} id */
  sources(id) {
    return this.#beside(id, ([tail, head]) => [head, tail]);
  }

  /** What a part feeds, as the outermost parts that it is not in. @param {string} id */
  targets(id) {
    return this.#beside(id, ([tail, head]) => [tail, head]);
  }

  /** @param {string} id @param {(edge: Edge) => [string, string]} ends @returns {string[]} */
  #beside(id, ends) {
    const inside = new Set(this.leaves(id));
    const others = this.data.edges.map(ends).filter(([near, far]) => inside.has(near) && !inside.has(far));
    const shared = new Set([id, ...this.around(id)]);
    return [...new Set(others.map(([, far]) => this.#outermost(far, shared)))];
  }

  /** @param {string} id @param {Set<string>} shared @returns {string} */
  #outermost(id, shared) {
    return this.around(id).findLast((outer) => !shared.has(outer)) ?? id;
  }

  /** The parts that hold every word of a query, in order. @param {string} query @returns {string[]} */
  search(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const holds = (/** @type {string} */ text) => words.every((word) => text.includes(word));
    return this.order.filter((id) => id !== this.root && holds(this.part(id).words.toLowerCase()));
  }

  /** The findings on a part and on what is in it, each once. @param {string} id @returns {Finding[]} */
  findings(id) {
    const numbers = new Set(this.inside(id).flatMap((inner) => this.part(inner).findings));
    return [...numbers].sort((one, other) => one - other).map((number) => this.data.findings[number]);
  }

  /** The part that a path in an address names. @param {string} path @returns {string | null} */
  named(path) {
    return this.byPath.get(path) ?? (this.parts.has(path) ? path : null);
  }

  /** What an address names a part by: its path, or its id where a part around it has the same path. @param {string} id */
  nameOf(id) {
    const { path } = this.part(id);
    return this.byPath.get(path) === id ? path : id;
  }
}

/** Two edges between the same boxes as one. @param {Arrow | undefined} one @param {Arrow} other @returns {Arrow} */
function merged(one, other) {
  if (one === undefined) return other;
  const labels = new Set([...one.label.split("\n"), other.label].filter(Boolean));
  return { ...one, label: [...labels].join("\n"), phase: one.phase === other.phase ? one.phase : null };
}

/** The worst severity among findings. @param {Finding[]} findings @returns {string} */
export function worst(findings) {
  return SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity)) ?? "note";
}
