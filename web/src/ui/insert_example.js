/** An example of a node type: what it needs, and what shows it. */

import { createNode } from "../core/nodes.js";
import { boundsOf } from "../core/geometry.js";
import { placeFor } from "../interaction/placing.js";
import { select } from "./add_node.js";
import { exampleGraph } from "./example_graph.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").NodeId} NodeId */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("../core/types.js").Rect} Rect */

const GAP_X = 60;
const GAP_Y = 40;

/**
 * Add a node with what it needs and what shows it, as one step.
 * @param {App} app
 * @param {NodeType} type
 */
export function insertExample(app, type) {
  const tab = app.tabs.active.get();
  if (!tab) return;
  const graphId = tab.graphId();
  const { nodes, links } = exampleGraph(type, app.catalogue.get());
  const placed = moved(app, inColumns(nodes.map((node) => ({ ...node, made: createNode(node.type, { x: 0, y: 0 }) }))));
  /** @type {NodeId[]} */
  let ids = [];
  tab.edit("edit.insertExample", (tx) => {
    ids = placed.map((node) => tx.addNode(graphId, node));
    for (const { from, output, to, input } of links) {
      tx.connect(graphId, { from: ids[from] ?? "", output, to: ids[to] ?? "", input });
    }
  });
  select(tab, ids);
  app.view.flyTo(ids);
}

/**
 * Put columns beside one another, and the nodes of a column below one another.
 * @param {readonly { column: number, made: ReturnType<typeof createNode> }[]} nodes
 */
function inColumns(nodes) {
  const columns = [...new Set(nodes.map(({ column }) => column))].sort((a, b) => a - b);
  const widths = columns.map((column) =>
    Math.max(...nodes.filter((node) => node.column === column).map(({ made }) => made.width)));
  const lefts = columns.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width + GAP_X, 0));
  const tops = columns.map(() => 0);
  return nodes.map(({ column, made }) => {
    const index = columns.indexOf(column);
    const y = tops[index] ?? 0;
    tops[index] = y + made.height + GAP_Y;
    return { ...made, x: lefts[index] ?? 0, y };
  });
}

/**
 * As a whole, to where it is free.
 * @template {Rect} T
 * @param {App} app
 * @param {readonly T[]} nodes whose top left is 0, 0
 */
function moved(app, nodes) {
  const { at } = placeFor(app.view, boundsOf(nodes) ?? { width: 0, height: 0 }, null);
  return nodes.map((node) => ({ ...node, x: node.x + at.x, y: node.y + at.y }));
}
