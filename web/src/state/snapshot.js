/** A document as the changes that make it out of an empty one: what drafts begin with. */

/** @import { Change, GraphId } from "../core/types.js" */

import { sameJson } from "../core/changes.js";
import { Doc, ROOT } from "../core/document.js";

/** @param {Doc} doc @returns {Change[]} */
export function snapshot(doc) {
  const meta = doc.metaKeys().map((id) => (
    /** @type {Change} */ ({ kind: "meta", graph: ROOT, id, before: null, after: doc.meta(id) })
  ));
  // All graphs before what is in them: nodes name other graphs as their type.
  const ids = doc.graphIds();
  return [...ids.flatMap((id) => graphChange(doc, id)), ...ids.flatMap((id) => contents(doc, id)), ...meta];
}

/** @param {Doc} doc @param {GraphId} id @returns {Change[]} */
function graphChange(doc, id) {
  const after = doc.graph(id)?.record ?? null;
  const before = id === ROOT ? Doc.empty().root.record : null;
  return sameJson(before, after) ? [] : [{ kind: "graph", graph: id, id, before, after }];
}

/** @param {Doc} doc @param {GraphId} id @returns {Change[]} */
function contents(doc, id) {
  const graph = doc.graph(id);
  if (!graph) return [];
  const records = [
    .../** @type {const} */ (["node", "reroute", "group", "link"]).map((kind) => (
      /** @type {const} */ ([kind, graph[/** @type {const} */ (`${kind}s`)].values()])
    )),
  ];
  return records.flatMap(([kind, values]) => [...values].map((after) => (
    /** @type {Change} */ ({ kind, graph: id, id: after.id, before: null, after })
  )));
}

/**
 * Make the document that a draft holds. An edit that does not fit ends the reading: what came
 * before it is the artist's work all the same.
 * @param {readonly Change[]} base
 * @param {Iterable<readonly Change[]>} edits
 * @returns {{ doc: Doc, complete: boolean }}
 */
export function restored(base, edits) {
  const doc = Doc.empty();
  doc.apply(base);
  for (const changes of edits) {
    try {
      doc.apply(changes);
    } catch (error) {
      console.error("A draft holds an edit that does not fit.", error);
      return { doc, complete: false };
    }
  }
  return { doc, complete: true };
}
