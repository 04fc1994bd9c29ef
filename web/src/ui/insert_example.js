/** An example of a node type: what it needs, and what shows it. */

import { createNode } from "../core/nodes.js";
import { middle, select } from "./add_node.js";
import { exampleGraph } from "./example_graph.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").NodeId} NodeId */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("../core/types.js").Point} Point */

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
  const placed = placeNodes(nodes.map((node) => ({ ...node, made: createNode(node.type, { x: 0, y: 0 }) })), app.view.toGraph(middle()));
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
 * @param {Point} at top left of column 0
 */
function placeNodes(nodes, at) {
  const columns = [...new Set(nodes.map(({ column }) => column))].sort((a, b) => a - b);
  const widths = columns.map((column) =>
    Math.max(...nodes.filter((node) => node.column === column).map(({ made }) => made.width)));
  const lefts = columns.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width + GAP_X, 0));
  const origin = at.x - (lefts[columns.indexOf(0)] ?? 0);
  const tops = columns.map(() => at.y);
  return nodes.map(({ column, made }) => {
    const index = columns.indexOf(column);
    const y = tops[index] ?? at.y;
    tops[index] = y + made.height + GAP_Y;
    return { ...made, x: origin + (lefts[index] ?? 0), y };
  });
}
