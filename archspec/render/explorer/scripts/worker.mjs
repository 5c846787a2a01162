/** The other side of `engine.mjs`: lays out DOT text beside the page. The global `graphviz` is the vendored library. */

addEventListener("message", async ({ data: { ticket, dot } }) => {
  try {
    const engine = await graphviz.Graphviz.load(); // once; anew after a failure
    postMessage({ ticket, svg: engine.dot(dot) });
  } catch (error) {
    postMessage({ ticket, failure: String(error instanceof Error ? error.message : error) });
  }
});
