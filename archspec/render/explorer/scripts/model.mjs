/**
 * What the page knows of the network: the tree of its parts, the edges between its leaves, and what follows of them.
 */

/**
 * @typedef {"training" | "eval"} Phase
 * @typedef {Phase | "both"} Shown
 * @typedef {[word: string, text: string]} Pair
 * @typedef {{
 *   kind: string, label: string[], path: string, members: string[], phase: Phase | null, category: string,
 *   details: Pair[], box: number | null, frame: number | null, attributes: number | null, source: number | null,
 *   partner: {id: string, differs: Pair[]} | null,
 * }} Part
 *   A partner is the same part in another network.
 * @typedef {{severity: string, name: string, message: string, text: string, parts: string[]}} Finding
 * @typedef {{name: string, symbol: string, shape: string}} Severity
 * @typedef {{label: string, values: Record<string, number>, texts: Record<string, string>}} Heat
 * @typedef {[source: string, target: string, label: string, phase: Phase | null]} Edge
 * @typedef {{
 *   title: string, subtitle: string, facts: Partial<Record<Phase, Pair[]>>, root: string,
 *   parts: Record<string, Part>, edges: Edge[],
 *   graph: Record<string, string>, node: Record<string, string>, edge: Record<string, string>,
 *   looks: Record<string, string>[], attributes: Pair[][],
 *   findings: Finding[], severities: Severity[], called: [one: string, several: string],
 *   sources: {file: string, line: number, text: string}[],
 *   heat: Record<string, Heat>, steps: number, words: Record<string, string>, open: string[],
 * }} Data
 * @typedef {{boxes: string[], frames: string[], holder: Map<string, string>}} Drawn
 *   The parts that are drawn closed, those that are drawn open, and the box that each leaf is in.
 * @typedef {{source: string, target: string, labels: string[], phase: Phase | null, targets?: string[]}} Arrow
 *   One that parts on its way has several targets, and as its target the frame that they are in.
 */

/** What is found by what it does and gives: what a block gives is found where it comes from. */
const SMALL = new Set(["node", "layer", "input", "output"]);

/** Details of what it does and gives. */
const NAMING = new Set(["op", "operations", "output", "shape"]);

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
    /** @type {Map<string, number>} How many parts are around each; networks and turns do not count. */
    this.level = new Map();
    this.#walk(data.root, 0);
    this.byPath = new Map(this.order.toReversed().map((id) => [this.part(id).path, id]));
    const layers = new Set(this.order.filter((id) => this.#opensLast(id)));
    const outside = this.order.filter((id) => !this.around(id).some((outer) => layers.has(outer)));
    /** How many levels there are to open, of which the last are the layers. */
    this.depth = (layers.size > 0 ? 1 : 0) + outside.reduce((most, id) => Math.max(most, this.level.get(id) ?? 0), 0);
    /** @type {Map<string, Finding[]>} Those on each part itself. */
    this.found = new Map(this.order.map((id) => [id, []]));
    for (const finding of data.findings) {
      const homes = finding.parts.length > 0 ? finding.parts : [data.root];
      homes.forEach((id) => this.found.get(id)?.push(finding));
    }
    this.severities = new Map(data.severities.map((severity) => [severity.name, severity]));
    this.words = this.#words();
    this.phased = this.order.some((id) => this.part(id).phase !== null);
  }

  /** @param {string} id @param {number} level */
  #walk(id, level) {
    this.index.set(id, this.order.push(id) - 1);
    this.level.set(id, level);
    for (const member of this.part(id).members) {
      this.parent.set(member, id);
      this.#walk(member, this.#isLevel(id, member) ? level + 1 : level);
    }
  }

  /**
   * Whether a member is a level further in: a network is not, and a turn is at the level of its repeat.
   * @param {string} id
   * @param {string} member
   */
  #isLevel(id, member) {
    const { kind } = this.part(member);
    return kind !== "network" && (this.part(id).kind !== "repeat" || ["repeat", "node"].includes(kind));
  }

  /** What each part is found by, beside its path: name, label, ops and shapes. @returns {Map<string, string>} */
  #words() {
    const shapes = this.#shapes();
    return new Map(
      this.order.map((id) => {
        const { kind, label, details } = this.part(id);
        const does = SMALL.has(kind) ? details.filter(([word]) => NAMING.has(word)).map(([, text]) => text) : [];
        const words = [this.nameIn(id), ...label, ...does, shapes.get(id) ?? ""];
        return [id, words.join("\n").toLowerCase()];
      }),
    );
  }

  /** The shapes of what leaves and layers give, as arrows have them. @returns {Map<string, string>} */
  #shapes() {
    const givers = (/** @type {string} */ id) => [id, ...this.around(id).filter((outer) => this.isLayer(outer))];
    return new Map(this.data.edges.flatMap(([source, , shape]) => givers(source).map((id) => [id, shape])));
  }

  /** @param {string} id @returns {Part} */
  part(id) {
    return /** @type {Part} */ (this.parts.get(id));
  }

  /** The attributes of its op. @param {string} id @returns {Pair[]} */
  attributes(id) {
    return this.data.attributes[this.part(id).attributes ?? -1] ?? [];
  }

  /**
   * What it is laid out by, closed or open.
   * @param {string} id
   * @param {"box" | "frame"} form
   * @returns {Record<string, string>}
   */
  look(id, form) {
    return this.data.looks[this.part(id)[form] ?? -1] ?? {};
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

  /** Whether it is a convolution, say, with what stands behind it: papers draw that closed. @param {string} id */
  isLayer(id) {
    return this.part(id).kind === "layer" && this.opens(id);
  }

  /** Whether it is a layer, or several of them: what opens only where everything does. @param {string} id */
  #opensLast(id) {
    const { kind, members } = this.part(id);
    return this.isLayer(id) || (kind === "repeat" && (this.isLayer(members[0]) || !this.opens(members[0])));
  }

  /** Whether it is a turn of a repeat, and not the first one, which figures draw for all. @param {string} id */
  #isLaterTurn(id) {
    const { kind, members } = this.part(this.parent.get(id) ?? id);
    return kind === "repeat" && members[0] !== id;
  }

  /**
   * The parts that open, at fewer than so many levels, as in figures; layers and later turns do where everything does.
   * @param {number} levels
   * @returns {Set<string>}
   */
  toLevel(levels) {
    const opening = this.order.filter((id) => this.opens(id) && (this.level.get(id) ?? 0) < levels);
    if (levels === Infinity) return new Set(opening);
    return new Set(opening.filter((id) => !this.#opensLast(id) && !this.#isLaterTurn(id)));
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
      arrows.set(key, merged(arrows.get(key), { source, target, labels: [label], phase }));
    }
    return this.#labelled([...arrows.values()]);
  }

  /**
   * The arrows, each with the shapes that are news: not among those that its box reads, and not told of it before.
   * @param {Arrow[]} arrows
   * @returns {Arrow[]}
   */
  #labelled(arrows) {
    const told = new Map(arrows.map(({ source }) => [source, new Set([""])]));
    for (const { target, labels } of arrows) labels.forEach((label) => told.get(target)?.add(label));
    return arrows.map((arrow) => {
      const known = told.get(arrow.source) ?? new Set();
      const tells =
        !["input", "output"].includes(this.part(arrow.source).kind) && this.part(arrow.target).kind !== "output";
      const labels = tells ? arrow.labels.filter((label) => !known.has(label)) : [];
      labels.forEach((label) => known.add(label));
      return { ...arrow, labels };
    });
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

  /**
   * The parts that every word of a query is about, in order; a closed layer is one with what is in it.
   * @param {string} query
   * @param {Set<string>} open
   * @returns {string[]}
   */
  search(query, open) {
    const patterns = query.toLowerCase().split(/\s+/).filter(Boolean).map(patternOf);
    if (patterns.length === 0) return [];
    const found = new Set(this.order.filter((id) => id !== this.root && this.#isAbout(id, patterns)));
    const layers = new Set([...found].filter((id) => this.isLayer(id) && !open.has(id)));
    return [...found].filter((id) => !this.around(id).some((outer) => layers.has(outer)));
  }

  /**
   * Whether each word is of a part or of its path, and not all are of the path of what is around it.
   * @param {string} id
   * @param {RegExp[]} patterns
   */
  #isAbout(id, patterns) {
    const own = this.words.get(id) ?? "";
    const path = this.part(id).path.toLowerCase();
    const outer = this.part(this.parent.get(id) ?? id).path.toLowerCase();
    return (
      patterns.every((pattern) => pattern.test(own) || pattern.test(path)) &&
      patterns.some((pattern) => pattern.test(own) || !pattern.test(outer))
    );
  }

  /** What the first error is about: a layer, where it is about something in one. @returns {string | undefined} */
  get firstError() {
    const [id] = this.data.findings.find(({ severity }) => severity === "error")?.parts ?? [];
    return id === undefined ? undefined : ([id, ...this.around(id)].findLast((outer) => this.isLayer(outer)) ?? id);
  }

  /** The findings on a part and on what is in it. @param {string} id @returns {Finding[]} */
  findings(id) {
    return [...new Set(this.inside(id).flatMap((inner) => this.found.get(inner) ?? []))];
  }

  /** How findings are counted: `2 findings`. @param {number} count */
  counted(count) {
    const [one, several] = this.data.called;
    return `${count === 0 ? "No" : count.toLocaleString("en")} ${count === 1 ? one : several}`;
  }

  /** A part and its partner. @param {string} id @returns {string[]} */
  withPartner(id) {
    const { partner } = this.part(id);
    return partner === null ? [id] : [id, partner.id];
  }

  /** The network that a part is in. @param {string} id */
  network(id) {
    return [id, ...this.around(id)].findLast((outer) => this.part(outer).kind === "network") ?? this.root;
  }

  /** The part that a path in an address names. @param {string} path @returns {string | null} */
  named(path) {
    return this.byPath.get(path) ?? (this.parts.has(path) ? path : null);
  }

  /** What is left of a path behind those of the parts around. @param {string} id @returns {string} */
  nameIn(id) {
    const { path } = this.part(id);
    const outer = this.around(id)
      .map((around) => this.part(around))
      .map((around) => (around.kind === "network" ? around.path : `${around.path}.`))
      .find((start) => path.startsWith(start));
    return path.slice(outer?.length ?? 0);
  }

  /**
   * What an address names a part by: its path, or its id where a part around it has the same path.
   * @param {string} id
   */
  nameOf(id) {
    const { path } = this.part(id);
    return this.byPath.get(path) === id ? path : id;
  }
}

/** Two edges between the same boxes as one. @param {Arrow | undefined} one @param {Arrow} other @returns {Arrow} */
function merged(one, other) {
  if (one === undefined) return other;
  const labels = [...new Set([...one.labels, ...other.labels])];
  return { ...one, labels, phase: one.phase === other.phase ? one.phase : null };
}

/**
 * What finds a word: anywhere, but numbers only as a whole, so that 7x1 is not in 17x17.
 * @param {string} word
 * @returns {RegExp}
 */
function patternOf(word) {
  const literal = word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(/^\d/.test(word) ? `(?<!\\d)${literal}(?!\\d)` : literal);
}
