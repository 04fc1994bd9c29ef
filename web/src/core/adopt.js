/**
 * Makes placeholders real when their types are installed while the workflow is open.
 *
 * @import { Tx } from "./edits.js"
 * @import { Catalogue, GraphId, NodeId } from "./types.d.ts"
 */

import { readWorkflow } from "./convert/read_canvas.js";
import { writeWorkflow } from "./convert/write_canvas.js";

/**
 * Give nodes whose type has become known the ports and values the file held for them.
 *
 * A step like any other: it must go into the history, for later steps build on its records.
 *
 * @param {Tx} tx
 * @param {Catalogue} before types known when the nodes were read
 * @param {Catalogue} after
 * @returns {number} how many nodes
 */
export function adoptTypes(tx, before, after) {
  const placeholders = tx.doc.graphIds().flatMap((graphId) =>
    [...tx.graph(graphId).nodes.values()]
      .filter(({ type }) => !before.has(type) && after.has(type) && !tx.doc.graph(type))
      .map(({ id }) => ({ graphId, id })),
  );
  if (placeholders.length === 0) return 0;
  const { doc: fresh } = readWorkflow(writeWorkflow(tx.doc, before), after);
  for (const { graphId, id } of placeholders) adoptNode(tx, fresh, graphId, id);
  return placeholders.length;
}

/**
 * @param {Tx} tx
 * @param {Tx["doc"]} fresh the same document, read with the new types
 * @param {GraphId} graphId
 * @param {NodeId} id
 */
function adoptNode(tx, fresh, graphId, id) {
  const graph = fresh.graph(graphId);
  const node = graph?.nodes.get(id);
  if (!graph || !node) return;
  const { inputs, outputs, values, controls, kept } = node;
  tx.updateNode(graphId, id, { inputs, outputs, values, controls, kept });
  for (const { id: linkId } of [...tx.graph(graphId).linksOf(id)]) {
    const link = graph.links.get(linkId);
    if (link) tx.updateLink(graphId, linkId, { output: link.output, input: link.input, type: link.type });
  }
}
