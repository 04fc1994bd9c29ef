/** Putting new nodes into the active document. */

import { createNode } from "../core/nodes.js";
import { adopt } from "../interaction/group_membership.js";
import { placeFor, showAdded } from "../interaction/placing.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").NodeId} NodeId */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("../core/types.js").Point} Point */

/** @param {import("../app_types.js").Tab} tab @param {Iterable<NodeId>} ids */
export function select(tab, ids) {
  tab.selection.set({ nodes: new Set(ids), groups: new Set(), reroutes: new Set(), links: new Set() });
}

/**
 * Add a node of a type and select it.
 * @param {App} app
 * @param {NodeType} type
 * @param {Point} [pointer] where on the canvas it is asked for, in client pixels
 * @param {{ readonly [name: string]: Json }} [values] other than the defaults
 */
export function addNode(app, type, pointer, values = {}) {
  const tab = app.tabs.active.get();
  if (!tab) return;
  const graphId = tab.graphId();
  const fresh = createNode(type, { x: 0, y: 0 });
  const { at, pointed } = placeFor(app.view, fresh, pointer);
  const made = { ...fresh, ...at };
  let id = "";
  tab.edit("edit.addNode", (tx) => {
    id = tx.addNode(graphId, { ...made, values: { ...made.values, ...values } });
    adopt(tx, graphId, id, made, app.catalogue.get());
  });
  select(tab, [id]);
  if (!pointed) showAdded(app.view, [id]);
}
