/** The layout engine: Graphviz in a worker, so that the page answers while it works, and can stop it. */

import { byId } from "./dom.mjs";

const SECONDS = 10;

export class Engine {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Map<number, {resolve: (svg: string) => void, reject: (reason: Error) => void, timer: number}>} */
  #waiting = new Map();
  #ticket = 0;

  /**
   * The layout of DOT text, as SVG text. Rejects with an Error that says why there is none.
   * @param {string} dot
   * @returns {Promise<string>}
   */
  layout(dot) {
    this.#worker ??= this.#start();
    const ticket = ++this.#ticket;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#stop(`it took more than ${SECONDS} seconds`), SECONDS * 1000);
      this.#waiting.set(ticket, { resolve, reject, timer });
      this.#worker?.postMessage({ ticket, dot });
    });
  }

  #start() {
    const address = URL.createObjectURL(new Blob([byId("engine").textContent], { type: "text/javascript" }));
    const worker = new Worker(address);
    worker.addEventListener("message", ({ data }) => this.#answer(data));
    worker.addEventListener("error", (event) => this.#stop(event.message || "the layout engine did not start"));
    return worker;
  }

  /** @param {{ticket: number, svg?: string, failure?: string}} answer */
  #answer({ ticket, svg, failure }) {
    const waiting = this.#waiting.get(ticket);
    if (waiting === undefined) return;
    this.#waiting.delete(ticket);
    clearTimeout(waiting.timer);
    if (svg !== undefined) waiting.resolve(svg);
    else waiting.reject(new Error(failure));
  }

  /** End the worker and all that waits for it; the next layout starts another. @param {string} reason */
  #stop(reason) {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
    this.#waiting.clear();
  }
}
