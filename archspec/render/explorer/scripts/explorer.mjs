/** The state of the page, and what changes it. Whoever shows it listens: `drawn`, `selected`, `painted`. */

import { byId } from "./dom.mjs";
import { dotText } from "./dot.mjs";
import { addSigns, drawingOf } from "./drawing.mjs";
import { Engine } from "./engine.mjs";
import { Model } from "./model.mjs";
import { View } from "./view.mjs";

/** Boxes that are drawn without asking first. */
const MANY = 1500;

/**
 * @typedef {{stays?: boolean, isStep?: boolean}} Manner
 *   How something is selected: whether what is seen stays as it is, and whether it is one of many steps on a way.
 */

export class Explorer extends EventTarget {
  #engine = new Engine();
  /** What was last asked for; what is drawn may still be what was before. */
  #wanted;
  #asked = 0;

  /** @param {Model} model */
  constructor(model) {
    super();
    this.model = model;
    this.view = new View(byId("figure"));
    /** @type {string | null} */
    this.selected = null;
    /** @type {string[]} What the search finds. */
    this.hits = [];
    /** The name of what colours stand for; empty for the kinds of layers. */
    this.heat = "";
    /** @type {import("./drawing.mjs").Drawing | null} */
    this.drawing = null;
    this.#wanted = {
      open: new Set([model.root, ...model.data.open]),
      shown: /** @type {import("./model.mjs").Shown} */ ("both"),
    };
    this.state = this.#wanted;
    this.drawn = model.drawn(this.state.open, this.state.shown);
  }

  /** Draw for the first time; where that fails, with all blocks closed. */
  async start() {
    const isDrawn =
      (await this.#draw(this.#wanted)) || (await this.#draw({ ...this.#wanted, open: new Set([this.model.root]) }));
    if (isDrawn) this.#begin();
    else this.#tell("drawn");
  }

  /** Whether a part is drawn open. @param {string} id */
  isOpen(id) {
    return this.state.open.has(id);
  }

  /** The element that stands for a part, where one does. @param {string | null} id */
  element(id) {
    return id === null ? undefined : this.drawing?.parts.get(id);
  }

  /**
   * Open a part that is closed, close one that is open, with its partner, and leave it where it is.
   * @param {string} id
   * @param {"centre" | "corner"} place what of its upper edge stays: the corner has the sign that was clicked
   */
  async toggle(id, place = "centre") {
    if (!this.model.opens(id) || id === this.model.root) return;
    const open = new Set(this.#wanted.open);
    const isOpen = open.has(id);
    this.model.withPartner(id).forEach((one) => (isOpen ? open.delete(one) : open.add(one)));
    const before = upperEdge(this.element(id), place);
    if (!(await this.#draw({ ...this.#wanted, open }))) return;
    const now = upperEdge(this.element(id), place);
    if (before && now) this.view.keep(now, before);
  }

  /** Open what is at fewer than so many levels, and close the rest. @param {number} levels */
  async openTo(levels) {
    if (await this.#draw({ ...this.#wanted, open: this.model.toLevel(levels) })) this.#begin();
  }

  #begin() {
    const firsts = new Map(this.drawn.boxes.toReversed().map((id) => [this.model.network(id), this.element(id)]));
    this.view.begin([...firsts.values()].filter((element) => element !== undefined));
  }

  /** Show what runs in one phase, or in both. @param {import("./model.mjs").Shown} shown */
  async show(shown) {
    const before = upperEdge(this.element(this.selected), "centre");
    if (!(await this.#draw({ ...this.#wanted, shown }))) return;
    const now = upperEdge(this.element(this.selected), "centre");
    if (before && now) this.view.keep(now, before);
  }

  /**
   * Select a part, or nothing; open what hides it and its partner, and bring it into view.
   * @param {string | null} id
   * @param {Manner} manner
   */
  async select(id, manner = {}) {
    this.selected = id === this.model.root ? null : id;
    if (this.drawing !== null) this.say("");
    if (this.selected !== null && !manner.stays) await this.reveal(this.selected);
    this.#tell("selected", manner);
  }

  /** Open what hides a part and its partner, and bring it into view. @param {string} id */
  async reveal(id) {
    await this.#uncover(id);
    const [element, partner] = this.model.withPartner(id).map((one) => this.element(one));
    if (element) this.view.reveal(element, partner);
  }

  /** Tell something in the place for it, until something else is done. @param {string} text */
  say(text) {
    byId("message").textContent = text;
  }

  /** @param {string} id */
  async #uncover(id) {
    const { open, shown } = this.#wanted;
    const around = this.model.withPartner(id).flatMap((one) => this.model.around(one));
    const hiding = around.filter((outer) => !open.has(outer));
    const isOut = !this.model.runs(id, shown) || !this.#runsAround(id, shown);
    if (hiding.length === 0 && !isOut) return;
    await this.#draw({ open: new Set([...open, ...hiding]), shown: isOut ? "both" : shown });
  }

  /** @param {string} id @param {import("./model.mjs").Shown} shown */
  #runsAround(id, shown) {
    return this.model.around(id).every((outer) => this.model.runs(outer, shown));
  }

  /** Mark what a search found. @param {string[]} hits */
  find(hits) {
    this.hits = hits;
    this.#tell("painted");
  }

  /** Let colours stand for something else. @param {string} heat */
  colour(heat) {
    this.heat = heat;
    this.#tell("painted");
  }

  /**
   * Draw what is wanted; a later wish goes before. Nothing changes where there is no layout of it.
   * @param {{open: Set<string>, shown: import("./model.mjs").Shown}} wanted
   * @returns {Promise<boolean>} whether it is drawn
   */
  async #draw(wanted) {
    const drawn = this.model.drawn(wanted.open, wanted.shown);
    if (drawn.boxes.length > Math.max(MANY, this.drawn.boxes.length) && !(await isWanted(drawn.boxes.length)))
      return false;
    const asked = ++this.#asked;
    this.#wanted = wanted;
    byId("stage").setAttribute("aria-busy", "true");
    try {
      const arrows = this.model.arrows(drawn, wanted.shown);
      const { text, ways } = dotText(this.model, drawn, arrows);
      const svg = await this.#engine.layout(text);
      if (asked !== this.#asked) return false;
      this.#replace(drawingOf(svg, this.model, arrows, ways), drawn);
      return true;
    } catch (error) {
      if (asked === this.#asked) this.#fail(error);
      return false;
    } finally {
      if (asked === this.#asked) byId("stage").setAttribute("aria-busy", "false");
    }
  }

  /** @param {import("./drawing.mjs").Drawing} drawing @param {import("./model.mjs").Drawn} drawn */
  #replace(drawing, drawn) {
    const focused = document.activeElement?.closest("#figure [data-part]")?.getAttribute("data-part");
    this.state = this.#wanted;
    this.drawing = drawing;
    this.drawn = drawn;
    this.view.show(drawing);
    addSigns(drawing, this.model);
    this.say("");
    this.#tell("drawn");
    if (focused) this.element(this.model.order[Number(focused)])?.focus({ preventScroll: true });
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#wanted = this.state;
    const reason = error instanceof Error ? error.message : String(error);
    this.say(`This cannot be laid out: ${reason.trim()}. Less of it open may do.`);
  }

  /** @param {string} name @param {Manner} [detail] */
  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/**
 * A point of the upper edge of an element, on the screen.
 * @param {Element | undefined} element
 * @param {"centre" | "corner"} place
 */
function upperEdge(element, place) {
  const outline = /** @type {SVGGraphicsElement | null | undefined} */ (element?.querySelector(".outline"));
  const toScreen = outline?.getScreenCTM();
  if (!outline || !toScreen) return undefined;
  const { x, y, width } = outline.getBBox();
  return new DOMPoint(x + (place === "corner" ? width : width / 2), y).matrixTransform(toScreen);
}

/** Ask whether so many boxes are to be drawn. @param {number} boxes @returns {Promise<boolean>} */
function isWanted(boxes) {
  const ask = byId("ask");
  byId("ask-text").textContent =
    `That is ${boxes.toLocaleString("en")} boxes: laying them out may take long, and they will not be easy to read.`;
  ask.returnValue = "no";
  ask.showModal();
  return new Promise((resolve) =>
    ask.addEventListener("close", () => resolve(ask.returnValue === "yes"), { once: true }),
  );
}
