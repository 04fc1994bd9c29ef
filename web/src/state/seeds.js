/**
 * Seeds that change from run to run. A value is rolled just before a run, and only when a run has
 * used it already: the seed shown is always the seed used, and a file's first run repeats it.
 */

/** @import { Catalogue } from "../core/types.js" */
/** @import { Controlled } from "../core/seeds.js" */
/** @import { Tab } from "./tab.js" */

import { controlledInputs, nextValue } from "../core/seeds.js";

/**
 * Roll what is due, as one step of the tab's history, and note what is used now.
 * @param {Tab} tab
 * @param {Catalogue} catalogue
 * @param {() => number} [random] in [0, 1)
 */
export function rollSeeds(tab, catalogue, random = Math.random) {
  const due = controlledInputs(tab.doc, catalogue).filter((one) => tab.usedSeeds.get(keyOf(one)) === one.value);
  const rolled = due
    .map((one) => ({ ...one, next: nextValue(one.input, one.value, one.control, random) }))
    .filter(({ value, next }) => next !== value);
  if (rolled.length > 0) {
    tab.edit("edit.rollSeeds", (tx) => {
      for (const { graphId, nodeId, input, next } of rolled) tx.setValue(graphId, nodeId, input.name, next);
    }, { mergeKey: "rollSeeds" });
  }
  for (const one of controlledInputs(tab.doc, catalogue)) tab.usedSeeds.set(keyOf(one), one.value);
}

/** @param {Controlled} one */
function keyOf({ graphId, nodeId, input }) {
  return `${graphId} ${nodeId} ${input.name}`;
}
