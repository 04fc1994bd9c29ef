/**
 * Orders nodes in columns along their links. Takes and gives plain data, so it runs in a worker
 * as well.
 *
 * @import { Point, Rect, Size } from "./types.d.ts"
 */

import { Graph, layout as layoutWithDagre } from "../../vendor/dagre/dagre.esm.js";
import { boundsOf } from "./geometry.js";

/** Pixels between nodes of a column, and between columns. */
const NODE_GAP = 40;
const COLUMN_GAP = 80;

/**
 * Return where nodes go so that links lead from left to right.
 *
 * The top left of all stays where it was. Nodes that stood above others come before them wherever
 * the links leave a choice, so what was read from top to bottom still is.
 *
 * @param {readonly { id: string, rect: Rect }[]} nodes as drawn
 * @param {readonly { from: string, to: string }[]} links those between other nodes do not count
 * @returns {Map<string, Point>} new places, by id
 */
export function layout(nodes, links) {
  const before = boundsOf(nodes.map((node) => node.rect));
  if (!before) return new Map();
  const places = centres(nodes, links);
  const rects = nodes.map(({ id, rect }) => cornered(/** @type {Point} */ (places.get(id)), rect));
  const after = /** @type {Rect} */ (boundsOf(rects));
  return new Map(nodes.map(({ id }, index) => {
    const { x, y } = /** @type {Rect} */ (rects[index]);
    return [id, { x: Math.round(x - after.x + before.x), y: Math.round(y - after.y + before.y) }];
  }));
}

/**
 * @param {readonly { id: string, rect: Rect }[]} nodes
 * @param {readonly { from: string, to: string }[]} links
 * @returns {Map<string, Point>}
 */
function centres(nodes, links) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: NODE_GAP, ranksep: COLUMN_GAP, acyclicer: "greedy" });
  const order = [...nodes].sort((a, b) => a.rect.y - b.rect.y || a.rect.x - b.rect.x);
  // dagre keeps ids as keys of plain objects, where one like "valueOf" is there already.
  const names = new Map(order.map(({ id }, index) => [id, `n${index}`]));
  for (const { id, rect } of order) {
    graph.setNode(names.get(id) ?? "", { width: rect.width, height: rect.height });
  }
  /** @type {Map<string, { from: string, to: string, weight: number }>} */
  const edges = new Map();
  for (const link of links) {
    const [from, to] = [names.get(link.from), names.get(link.to)];
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from} ${to}`;
    edges.set(key, { from, to, weight: (edges.get(key)?.weight ?? 0) + 1 });
  }
  for (const { from, to, weight } of edges.values()) graph.setEdge(from, to, { weight });
  layoutWithDagre(graph);
  return new Map(nodes.map(({ id }) => {
    const { x = 0, y = 0 } = graph.node(names.get(id) ?? "");
    return [id, { x, y }];
  }));
}

/**
 * @param {Point} centre
 * @param {Size} size
 * @returns {Rect}
 */
function cornered({ x, y }, { width, height }) {
  return { x: x - width / 2, y: y - height / 2, width, height };
}
