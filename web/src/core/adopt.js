/**
 * Brings an open workflow up to date when its node types are installed or change.
 *
 * @import { Doc } from "./document.js"
 * @import { Tx } from "./edits.js"
 * @import { Catalogue, GraphId, NodeId, NodeType } from "./types.d.ts"
 */

import { readWorkflow } from "./convert/read_canvas.js";
import { writeWorkflow } from "./convert/write_canvas.js";

/**
 * List the nodes whose type has become known, or has other ports than before.
 *
 * @param {Doc} doc
 * @param {Catalogue} before types known when the nodes were read
 * @param {Catalogue} after
 * @returns {{ graphId: GraphId, id: NodeId }[]}
 */
export function findStale(doc, before, after) {
  /** @type {Map<string, boolean>} */
  const known = new Map();
  const isStale = (/** @type {string} */ name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (!known.has(name)) known.set(name, now !== undefined && !doc.graph(name) && (!old || shape(old) !== shape(now)));
    return known.get(name);
  };
  return doc.graphIds().flatMap((graphId) =>
    [...(doc.graph(graphId)?.nodes.values() ?? [])].filter(({ type }) => isStale(type)).map(({ id }) => ({ graphId, id })));
}

/** What of a type nodes hold; choices and texts are looked up when they are shown. @param {NodeType} type */
function shape({ inputs, outputs }) {
  return JSON.stringify([
    inputs.map(({ name, type, widget, required, options }) => [name, type, widget, required, options.display_name, options.socketless]),
    outputs.map(({ key, type, isList }) => [key, type, isList]),
  ]);
}

/**
 * Give nodes whose type has become known or changed the ports and values it has now, as far as
 * the workflow holds them.
 *
 * A step like any other: it must go into the history, for later steps build on its records.
 *
 * @param {Tx} tx
 * @param {Catalogue} before types known when the nodes were read
 * @param {Catalogue} after
 * @returns {number} how many nodes
 */
export function adoptTypes(tx, before, after) {
  const stale = findStale(tx.doc, before, after);
  if (stale.length === 0) return 0;
  const { doc: fresh } = readWorkflow(writeWorkflow(tx.doc, before), after);
  for (const { graphId, id } of stale) adoptNode(tx, fresh, graphId, id);
  return stale.length;
}

/**
 * Give a node what it is in another reading of the document: all but its look.
 *
 * @param {Tx} tx
 * @param {Doc} fresh the same document, read with the new types
 * @param {GraphId} graphId
 * @param {NodeId} id
 */
export function adoptNode(tx, fresh, graphId, id) {
  const graph = fresh.graph(graphId);
  const node = graph?.nodes.get(id);
  if (!graph || !node) return;
  const { type, version, inputs, outputs, values, controls, kept } = node;
  tx.updateNode(graphId, id, { type, version, inputs, outputs, values, controls, kept });
  for (const { id: linkId } of [...tx.graph(graphId).linksOf(id)]) {
    const link = graph.links.get(linkId);
    if (link) tx.updateLink(graphId, linkId, { output: link.output, input: link.input, type: link.type });
  }
}
