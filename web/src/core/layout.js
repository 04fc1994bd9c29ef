/**
 * Orders nodes in columns along their links. Takes and gives plain data, so it runs in a worker
 * as well.
 *
 * @import { Point, Rect, Size } from "./types.d.ts"
 */

import { Graph, layout as layoutWithDagre } from "../../vendor/dagre/dagre.esm.js";
import { boundsOf } from "./geometry.js";
import { COLUMN_GAP, NODE_GAP, openLanes } from "./lanes.js";

/**
 * @typedef {{ readonly id: string, readonly rect: Rect }} Box a node as it is drawn
 * @typedef {object} Wire
 * @property {string} from id of a node
 * @property {string} to
 * @property {number} [fromY] where it leaves, below the top of its node; its middle when left out
 * @property {number} [toY] where it arrives
 */

/**
 * Return where nodes go so that links lead from left to right, and behind no node.
 *
 * The top left of all stays where it was. Of two arrangements with equally many crossings, one
 * the mirror image of the other, it is the one in which more nodes stay above those they were
 * above; and nodes with the same neighbours keep their order. So what was read from top to bottom
 * still is. Nodes in the way of a wire that passes their column make way for it, as far as they can.
 *
 * @param {readonly Box[]} nodes
 * @param {readonly Wire[]} links those between other nodes do not count
 * @returns {Map<string, Point>} new places, by id
 */
export function layout(nodes, links) {
  const before = boundsOf(nodes.map((node) => node.rect));
  if (!before) return new Map();
  const places = centres(nodes, links);
  mirror(nodes, places);
  orderTwins(nodes, links, places);
  const boxes = new Map(nodes.map(({ id, rect }) => [id, cornered(placeOf(places, id), rect)]));
  openLanes(boxes, links);
  const rects = nodes.map(({ id }) => /** @type {Rect} */ (boxes.get(id)));
  const after = /** @type {Rect} */ (boundsOf(rects));
  return new Map(nodes.map(({ id }, index) => {
    const { x, y } = /** @type {Rect} */ (rects[index]);
    return [id, { x: Math.round(x - after.x + before.x), y: Math.round(y - after.y + before.y) }];
  }));
}

/**
 * @param {readonly Box[]} nodes
 * @param {readonly Wire[]} links
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
 * Turn the arrangement upside down if that leaves more nodes of a column in their old order.
 *
 * @param {readonly Box[]} nodes
 * @param {Map<string, Point>} places changed in place
 */
function mirror(nodes, places) {
  let kept = 0;
  for (const column of grouped(nodes, ({ id }) => String(placeOf(places, id).x))) {
    for (const [at, one] of column.entries()) {
      for (const other of column.slice(at + 1)) {
        kept += Math.sign((one.rect.y - other.rect.y) * (placeOf(places, one.id).y - placeOf(places, other.id).y));
      }
    }
  }
  if (kept < 0) for (const [id, { x, y }] of places) places.set(id, { x, y: -y });
}

/**
 * Give nodes of one column that have the same neighbours, and are as tall, their old order.
 *
 * @param {readonly Box[]} nodes
 * @param {readonly Wire[]} links
 * @param {Map<string, Point>} places changed in place
 */
function orderTwins(nodes, links, places) {
  /** @type {Map<string, Set<string>>} */
  const neighbours = new Map(nodes.map(({ id }) => [id, new Set()]));
  for (const { from, to } of links) {
    neighbours.get(from)?.add(`> ${to}`);
    neighbours.get(to)?.add(`< ${from}`);
  }
  const likeness = (/** @type {{ id: string, rect: Rect }} */ { id, rect }) =>
    JSON.stringify([placeOf(places, id).x, rect.height, ...[...(neighbours.get(id) ?? [])].sort()]);
  for (const twins of grouped(nodes, likeness)) {
    const slots = twins.map(({ id }) => placeOf(places, id)).sort((a, b) => a.y - b.y);
    const order = [...twins].sort((a, b) => a.rect.y - b.rect.y);
    order.forEach(({ id }, index) => places.set(id, /** @type {Point} */ (slots[index])));
  }
}

/** @param {ReadonlyMap<string, Point>} places @param {string} id */
function placeOf(places, id) {
  return /** @type {Point} */ (places.get(id));
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @returns {Iterable<T[]>} those with the same key together
 */
function grouped(items, key) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups.values();
}

/**
 * @param {Point} centre
 * @param {Size} size
 * @returns {Rect}
 */
function cornered({ x, y }, { width, height }) {
  return { x: x - width / 2, y: y - height / 2, width, height };
}
