/** The part of a workflow that made one picture. */

/** @import { Tx } from "./edits.js" */
/** @import { Catalogue, GraphId, GraphView, NodeId, NodeRecord } from "./types.js" */

import { own } from "./json.js";
import { upstream } from "./type_rules.js";

/** From here on a prefix is filled in when the file is saved: "%date%". */
const FILLED_IN = /%.*/s;

/**
 * The nodes that made a saved file: those whose prefix its name begins with, the longest counts,
 * and all that feeds them. When no prefix fits, every node that ends in a result may have made it.
 *
 * @param {GraphView} graph
 * @param {string} fileName without folder: "Tessera_00001_.png"
 * @param {Catalogue} catalogue
 * @returns {Set<string>} ids of nodes; empty when no node ends in a result
 */
export function branchOf(graph, fileName, catalogue) {
  const ends = [...graph.nodes.values()].filter(({ type }) => catalogue.get(type)?.isOutput);
  const fits = ends.map((node) => fitOf(node, fileName));
  const best = Math.max(...fits);
  return new Set(ends.filter((_, at) => fits[at] === best).flatMap(({ id }) => [...upstream(graph, id)]));
}

/** How much of the name the node's prefix is; 0 when it did not save it. @param {NodeRecord} node @param {string} fileName */
function fitOf({ values }, fileName) {
  const prefix = own(values, "filename_prefix");
  if (typeof prefix !== "string") return 0;
  const start = prefix.slice(prefix.lastIndexOf("/") + 1).replace(FILLED_IN, "");
  return fileName.startsWith(start) ? start.length : 0;
}

/**
 * Remove all other nodes, and the groups that held nothing else.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {ReadonlySet<string>} kept
 */
export function keepOnly(tx, graphId, kept) {
  const graph = tx.doc.graph(graphId);
  if (!graph) return;
  const isGone = (/** @type {NodeId} */ id) => !kept.has(id);
  const emptied = [...graph.groups.values()].filter(({ nodes, groups }) => nodes.length > 0 && groups.length === 0 && nodes.every(isGone));
  tx.removeNodes(graphId, [...graph.nodes.keys()].filter(isGone));
  tx.removeGroups(graphId, emptied.map(({ id }) => id));
}
