/**
 * Seeds that change from run to run. A value is rolled just before a run, and only when a run has
 * used it already: the seed shown is always the seed used, and a file's first run repeats it.
 */

/** @import { Catalogue, Json } from "../core/types.js" */
/** @import { Tab } from "./tab.js" */

import { controlledInputs, nextValue } from "../core/seeds.js";

/**
 * Roll what is due, as one step of the tab's history, and note what is used now.
 * @param {Tab} tab
 * @param {Catalogue} catalogue
 * @param {() => number} [random] in [0, 1)
 */
export function rollSeeds(tab, catalogue, random = Math.random) {
  const left = leftSeeds(tab);
  const due = controlledInputs(tab.doc, catalogue).filter((one) => {
    const used = tab.usedSeeds.get(keyOf(one.graphId, one.nodeId, one.input.name));
    return used === undefined ? left.has(one.value) : used === one.value;
  });
  const rolled = due
    .map((one) => ({ ...one, next: nextValue(one.input, one.value, one.control, random) }))
    .filter(({ value, next }) => next !== value);
  if (rolled.length > 0) {
    tab.edit("edit.rollSeeds", (tx) => {
      for (const { graphId, nodeId, input, next } of rolled) tx.setValue(graphId, nodeId, input.name, next);
    }, { mergeKey: "rollSeeds" });
  }
  for (const { graphId, nodeId, input, value } of controlledInputs(tab.doc, catalogue)) {
    tab.usedSeeds.set(keyOf(graphId, nodeId, input.name), value);
  }
}

/**
 * Used values of nodes that are gone: a subgraph made or unpacked gives what is in it other ids.
 * @param {Tab} tab
 * @returns {Set<Json>}
 */
function leftSeeds({ doc, usedSeeds }) {
  const left = new Map(usedSeeds);
  for (const graphId of doc.graphIds()) {
    for (const { id, controls } of doc.graph(graphId)?.nodes.values() ?? []) {
      for (const name of Object.keys(controls ?? {})) left.delete(keyOf(graphId, id, name));
    }
  }
  return new Set(left.values());
}

/** @param {string} graphId @param {string} nodeId @param {string} input */
function keyOf(graphId, nodeId, input) {
  return `${graphId} ${nodeId} ${input}`;
}
