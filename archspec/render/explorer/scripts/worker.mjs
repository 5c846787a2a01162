/** The other side of `engine.mjs`: lays out DOT text beside the page. The global `graphviz` is the vendored library. */

const ready = graphviz.Graphviz.load();

addEventListener("message", async ({ data: { ticket, dot } }) => {
  try {
    postMessage({ ticket, svg: (await ready).dot(dot) });
  } catch (error) {
    postMessage({ ticket, failure: String(error instanceof Error ? error.message : error) });
  }
});
