/**
 * What of the drawing is seen: it moves with the pointer, grows with the wheel, and keeps what was clicked in its
 * place.
 */

const LARGEST = 4;
const SMALLEST = 0.02;
/** Text is read well from here on; what fits at no such scale is shown from its beginning instead. */
const LEGIBLE = 0.75;
/** Text is not read at all below this, and is not drawn. */
const FAR = 0.25;
const MARGIN = 32;
/** Room for what stands above the drawing. */
const HEAD = 56;
/** A pointer that moves so far drags; below that it clicks. */
const STILL = 4;

export class View {
  /** @type {SVGGElement | null} */
  #layer = null;
  #size = { width: 0, height: 0 };
  #x = 0;
  #y = 0;
  #scale = 1;
  /** @type {Map<number, {x: number, y: number}>} Where each pointer that is down was last. */
  #pointers = new Map();
  #travelled = 0;

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    this.svg = svg;
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"])
      svg.addEventListener(name, (event) => this.#up(/** @type {PointerEvent} */ (event)));
    addEventListener("beforeprint", () => this.#showWhole());
    addEventListener("afterprint", () => this.#apply());
  }

  /** Whether the pointer that was just lifted had moved the drawing, and so clicked nothing. */
  get dragged() {
    return this.#travelled > STILL;
  }

  /** Show another drawing at the same place. @param {import("./drawing.mjs").Drawing} drawing */
  show({ layer, width, height }) {
    const outer = document.createElementNS("http://www.w3.org/2000/svg", "g");
    outer.append(layer);
    this.svg.replaceChildren(outer);
    this.#layer = outer;
    this.#size = { width, height };
    this.#apply();
  }

  /** Show all of it. */
  fit() {
    this.#place(Math.min(this.#fitting(), 1.5));
  }

  /**
   * Show all of it where it can be read so, else its beginning.
   * @param {Element[]} firsts what it begins with, in each network
   */
  begin(firsts) {
    const fitting = this.#fitting();
    if (fitting >= LEGIBLE) this.#place(Math.min(fitting, 1.2));
    else this.#place(Math.min(1, Math.max(LEGIBLE, this.#widthScale())));
    if (firsts.length > 0 && fitting < LEGIBLE) this.#lead(firsts);
  }

  /** Bring elements to the middle between left and right. @param {Element[]} elements */
  #lead(elements) {
    const { box, frame } = this.#boxes(elements);
    this.#set(this.#x + frame.left + (frame.width - box.width) / 2 - box.left, this.#y, this.#scale);
  }

  #widthScale() {
    return (this.svg.clientWidth - 2 * MARGIN) / this.#size.width;
  }

  #fitting() {
    return Math.min(this.#widthScale(), (this.svg.clientHeight - HEAD - MARGIN) / this.#size.height);
  }

  /** @param {number} scale */
  #place(scale) {
    const left = (this.svg.clientWidth - this.#size.width * scale) / 2;
    const top = (this.svg.clientHeight + HEAD - MARGIN - this.#size.height * scale) / 2;
    this.#set(Math.max(left, MARGIN), Math.max(top, HEAD), scale);
  }

  /** Zoom about a point, by default the middle. @param {number} factor @param {{x: number, y: number}} [about] */
  zoom(factor, about = { x: this.svg.clientWidth / 2, y: this.svg.clientHeight / 2 }) {
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.#scale * factor));
    const ratio = scale / this.#scale;
    this.#set(about.x - (about.x - this.#x) * ratio, about.y - (about.y - this.#y) * ratio, scale);
  }

  /**
   * Bring an element to the middle where it is not seen well, with another one where there is room for both; large ones
   * by their upper edge.
   * @param {Element} element
   * @param {Element} [other]
   */
  reveal(element, other = element) {
    if (this.#scale < LEGIBLE / 2) this.zoom(LEGIBLE / this.#scale);
    const both = this.#boxes([element, other]);
    const isRoom = both.box.width <= both.frame.width && both.box.height <= both.frame.height;
    const { box, frame } = isRoom ? both : this.#boxes([element]);
    const isSeen =
      box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
    if (isSeen) return;
    const top = box.height > frame.height ? frame.top + MARGIN : frame.top + (frame.height - box.height) / 2;
    this.#set(this.#x + frame.left + (frame.width - box.width) / 2 - box.left, this.#y + top - box.top, this.#scale);
  }

  /** The box around elements, and what is seen. @param {Element[]} elements */
  #boxes(elements) {
    const boxes = elements.map((element) => element.getBoundingClientRect());
    const left = Math.min(...boxes.map((box) => box.left));
    const top = Math.min(...boxes.map((box) => box.top));
    const right = Math.max(...boxes.map((box) => box.right));
    const bottom = Math.max(...boxes.map((box) => box.bottom));
    return { box: new DOMRect(left, top, right - left, bottom - top), frame: this.svg.getBoundingClientRect() };
  }

  /** Move so that a point of an element is where another point was. @param {Point} now @param {Point} before */
  keep(now, before) {
    this.#set(this.#x + before.x - now.x, this.#y + before.y - now.y, this.#scale);
  }

  /** @param {number} x @param {number} y @param {number} scale */
  #set(x, y, scale) {
    this.#scale = scale;
    this.#x = within(x, MARGIN - this.#size.width * scale, this.svg.clientWidth - MARGIN);
    this.#y = within(y, MARGIN - this.#size.height * scale, this.svg.clientHeight - MARGIN);
    this.#apply();
  }

  #apply() {
    this.svg.removeAttribute("viewBox");
    this.svg.classList.toggle("far", this.#scale < FAR);
    this.#layer?.setAttribute("transform", `translate(${this.#x} ${this.#y}) scale(${this.#scale})`);
  }

  #showWhole() {
    this.#layer?.removeAttribute("transform");
    this.svg.classList.remove("far");
    this.svg.setAttribute("viewBox", `0 0 ${this.#size.width} ${this.#size.height}`);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const step = (event.deltaY || event.deltaX) * lines;
    if (event.shiftKey) this.#set(this.#x, this.#y - step, this.#scale);
    else this.zoom(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0015)), this.#inside(event));
  }

  /** @param {{clientX: number, clientY: number}} event */
  #inside({ clientX, clientY }) {
    const frame = this.svg.getBoundingClientRect();
    return { x: clientX - frame.left, y: clientY - frame.top };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    if (this.#pointers.size === 0) this.#travelled = 0;
    this.#pointers.set(event.pointerId, this.#inside(event));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = this.#inside(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    this.#travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (!this.dragged) return;
    this.svg.setPointerCapture(event.pointerId);
    if (other === undefined) this.#set(this.#x + now.x - before.x, this.#y + now.y - before.y, this.#scale);
    else this.zoom(distance(now, other) / Math.max(1, distance(before, other)), middle(now, other));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#pointers.delete(event.pointerId);
  }
}

/** @typedef {{x: number, y: number}} Point */

/** @param {number} value @param {number} least @param {number} most */
function within(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/** @param {Point} one @param {Point} other */
function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

/** @param {Point} one @param {Point} other */
function middle(one, other) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}
