/** Going into subgraphs and out again. */

/** @import { Tab } from "../app_types.js" */

import { selectionOf } from "./selecting.js";

/** @param {Tab} tab @param {string} id A node of the shown graph. @returns {boolean} False when it shows no subgraph. */
export function openSubgraph(tab, id) {
  const node = tab.doc.graph(tab.graphId())?.nodes.get(id);
  if (!node || !tab.doc.graph(node.type)) return false;
  tab.graphPath.update((path) => [...path, id]);
  return true;
}

/** What was left is selected. @param {Tab} tab @param {number} depth 0: the outermost graph. */
export function leaveSubgraphs(tab, depth) {
  const left = tab.graphPath.get()[depth];
  tab.graphPath.update((path) => path.slice(0, depth));
  if (left !== undefined) tab.selection.set(selectionOf({ nodes: [left] }));
}
