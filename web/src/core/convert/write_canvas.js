/**
 * Writes a document as a canvas file, schema 0.4 or 1 as it came, 0.4 for a new one.
 *
 * @import { Doc } from "../document.js"
 * @import { Catalogue, GraphId, Json, JsonObject } from "../types.d.ts"
 */

import { ROOT } from "../document.js";
import { objectOf } from "./fields.js";
import { GraphWriter } from "./write_graph.js";

/**
 * Return the JSON of a workflow, with everything the file it came from held beside.
 *
 * Equal documents give equal text, whatever way they were edited.
 *
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @returns {JsonObject}
 */
export function writeWorkflow(doc, catalogue) {
  const version = doc.meta("version") === 1 ? 1 : 0.4;
  const root = new GraphWriter(doc, ROOT, catalogue);
  const subgraphs = doc.graphIds().filter((id) => id !== ROOT).sort();
  const others = objectOf(doc.meta("definitions"));
  const hasDefinitions = subgraphs.length > 0 || Object.keys(others).length > 0;
  const definitions = { ...others, subgraphs: subgraphs.map((id) => writeSubgraph(doc, id, catalogue)) };
  return {
    ...(version === 1 ? root.schema1() : root.schema04()),
    ...(hasDefinitions ? { definitions } : {}),
    version,
  };
}

/**
 * @param {Doc} doc
 * @param {GraphId} id
 * @param {Catalogue} catalogue
 * @returns {Json}
 */
function writeSubgraph(doc, id, catalogue) {
  const writer = new GraphWriter(doc, id, catalogue);
  return { version: 1, ...writer.schema1(), ...writer.definition() };
}
