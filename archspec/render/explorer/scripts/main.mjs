/** The beginning: reads the data, joins what shows it to what changes it, and draws. */

import { addAddress, follow } from "./address.mjs";
import { byId, make } from "./dom.mjs";
import { Explorer } from "./explorer.mjs";
import { addFindings } from "./findings.mjs";
import { addKeys, addPointer } from "./keys.mjs";
import { addLevels, addZoom } from "./levels.mjs";
import { Model } from "./model.mjs";
import { addOutline } from "./outline.mjs";
import { paint } from "./paint.mjs";
import { addPanel } from "./panel.mjs";
import { addSearch } from "./search.mjs";
import { addHeat, addPhases, addTheme } from "./switches.mjs";

/** @param {import("./model.mjs").Data} data */
function showHead({ title, subtitle }) {
  byId("title").textContent = title;
  byId("subtitle").textContent = subtitle;
  byId("figure").setAttribute("aria-label", `${title}: the network as boxes joined by arrows`);
}

/** Say what runs in the phase that is shown, and else in inference. @param {Explorer} explorer */
function addFacts(explorer) {
  const { facts } = explorer.model.data;
  const show = () => {
    const pairs = facts[explorer.state.shown === "training" ? "training" : "eval"] ?? [];
    const entries = pairs.map(([word, text]) => make("div", {}, make("dt", {}, word), make("dd", {}, text)));
    byId("facts").replaceChildren(...entries);
  };
  explorer.addEventListener("drawn", show);
  show();
}

/** @param {import("./model.mjs").Data} data */
async function main(data) {
  showHead(data);
  addTheme();
  const explorer = new Explorer(new Model(data));
  const parts = [
    addFacts,
    addPhases,
    addHeat,
    addLevels,
    addZoom,
    addFindings,
    addOutline,
    addPanel,
    addSearch,
    addPointer,
    addKeys,
  ];
  parts.forEach((add) => add(explorer));
  for (const change of ["drawn", "selected", "painted"]) explorer.addEventListener(change, () => paint(explorer));
  await explorer.start();
  if (location.hash.length > 1) await follow(explorer);
  else if (explorer.model.firstError !== undefined) await explorer.reveal(explorer.model.firstError);
  addAddress(explorer);
}

main(JSON.parse(byId("data").textContent)).catch((error) => {
  byId("message").textContent = `The page cannot show this network: ${error.message}`;
  throw error;
});
