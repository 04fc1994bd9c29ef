/** Putting new nodes into the active document. */

import { createNode } from "../core/nodes.js";
import { adopt } from "../interaction/group_membership.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").NodeId} NodeId */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("../core/types.js").Point} Point */

/** The middle of the canvas, in client pixels. @returns {Point} */
export function middle() {
  const canvas = document.getElementById("canvas")?.getBoundingClientRect();
  return canvas
    ? { x: canvas.left + canvas.width / 2, y: canvas.top + canvas.height / 3 }
    : { x: innerWidth / 2, y: innerHeight / 3 };
}

/** @param {import("../app_types.js").Tab} tab @param {Iterable<NodeId>} ids */
export function select(tab, ids) {
  tab.selection.set({ nodes: new Set(ids), groups: new Set(), reroutes: new Set(), links: new Set() });
}

/**
 * Add a node of a type and select it.
 * @param {App} app
 * @param {NodeType} type
 * @param {Point} [at] client pixels; the middle of the canvas without it
 * @param {{ readonly [name: string]: Json }} [values] other than the defaults
 */
export function addNode(app, type, at = middle(), values = {}) {
  const tab = app.tabs.active.get();
  if (!tab) return;
  const graphId = tab.graphId();
  const made = createNode(type, app.view.toGraph(at));
  let id = "";
  tab.edit("edit.addNode", (tx) => {
    id = tx.addNode(graphId, { ...made, values: { ...made.values, ...values } });
    adopt(tx, graphId, id, made, app.catalogue.get());
  });
  select(tab, [id]);
}
