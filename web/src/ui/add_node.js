/** Putting new nodes into the active document: one of a type, or an example around it. */

import { createNode } from "../core/nodes.js";
import { exampleGraph } from "./example_graph.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").NodeId} NodeId */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("../core/types.js").Point} Point */

const GAP_X = 60;
const GAP_Y = 40;

/** The middle of the canvas, in client pixels. @returns {Point} */
function middle() {
  const canvas = document.getElementById("canvas")?.getBoundingClientRect();
  return canvas
    ? { x: canvas.left + canvas.width / 2, y: canvas.top + canvas.height / 3 }
    : { x: innerWidth / 2, y: innerHeight / 3 };
}

/** @param {import("../app_types.js").Tab} tab @param {Iterable<NodeId>} ids */
function select(tab, ids) {
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
  });
  select(tab, [id]);
}

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
