/**
 * Places for nodes that come without any, as in the API's format: at once, and good enough to read.
 * Arranging (layout.js) takes longer, and does better with many crossings.
 *
 * @import { Box, Wire } from "./layout.js"
 * @import { Point, Rect } from "./types.d.ts"
 */

import { COLUMN_GAP, NODE_GAP, openLanes, push } from "./lanes.js";

/**
 * Put every node right of those that feed it, near the height of these, and out of the way of wires.
 *
 * @param {readonly Box[]} nodes
 * @param {readonly Wire[]} links
 * @returns {Map<string, Point>} by id
 */
export function inColumns(nodes, links) {
  /** @type {Map<string, Rect>} */
  const boxes = new Map();
  /** @type {Map<string, Wire[]>} */
  const into = new Map();
  for (const link of links) push(into, link.to, link);
  let left = 0;
  for (const column of columnsOf(nodes, links)) {
    const width = column.reduce((most, { rect }) => Math.max(most, rect.width), 0);
    const wanted = new Map(column.map(({ id }) => [id, heightOf(boxes, into.get(id) ?? [])]));
    let top = 0;
    for (const { id, rect } of column.sort((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0))) {
      boxes.set(id, { x: left + (width - rect.width) / 2, y: top, width: rect.width, height: rect.height });
      top += rect.height + NODE_GAP;
    }
    left += width + COLUMN_GAP;
  }
  openLanes(boxes, links);
  const highest = [...boxes.values()].reduce((least, { y }) => Math.min(least, y), Infinity);
  return new Map([...boxes].map(([id, { x, y }]) => [id, { x: Math.round(x), y: Math.round(y - highest) }]));
}

/**
 * @param {readonly Box[]} nodes
 * @param {readonly Wire[]} links
 * @returns {Box[][]} from left to right, in the order the nodes came in
 */
function columnsOf(nodes, links) {
  const ids = new Set(nodes.map(({ id }) => id));
  const inner = links.filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to));
  const ranks = ranksOf(ids, inner);
  /** @type {Map<string, number>} */
  const nearest = new Map();
  for (const { from, to } of inner) nearest.set(from, Math.min(nearest.get(from) ?? Infinity, (ranks.get(to) ?? 0) - 1));
  const fed = new Set(inner.map(({ to }) => to));
  /** @type {Map<number, Box[]>} */
  const columns = new Map();
  for (const node of nodes) {
    // What nothing feeds stands beside what it feeds.
    const rank = Math.max(0, (fed.has(node.id) ? undefined : nearest.get(node.id)) ?? ranks.get(node.id) ?? 0);
    push(columns, rank, node);
  }
  return [...columns].sort(([a], [b]) => a - b).map(([, column]) => column);
}

/**
 * How many links lead to each node at most; those in a circle, and after one, come last.
 *
 * @param {ReadonlySet<string>} ids
 * @param {readonly Wire[]} links
 * @returns {Map<string, number>}
 */
function ranksOf(ids, links) {
  const waiting = new Map([...ids].map((id) => [id, 0]));
  /** @type {Map<string, string[]>} */
  const next = new Map();
  for (const { from, to } of links) {
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
    push(next, from, to);
  }
  const ranks = new Map([...ids].map((id) => [id, 0]));
  const ready = [...ids].filter((id) => waiting.get(id) === 0);
  for (const id of ready) {
    for (const to of next.get(id) ?? []) {
      ranks.set(to, Math.max(ranks.get(to) ?? 0, (ranks.get(id) ?? 0) + 1));
      waiting.set(to, (waiting.get(to) ?? 0) - 1);
      if (waiting.get(to) === 0) ready.push(to);
    }
  }
  const last = ready.reduce((most, id) => Math.max(most, ranks.get(id) ?? 0), 0);
  const done = new Set(ready);
  for (const id of ids) if (!done.has(id)) ranks.set(id, last + 1);
  return ranks;
}

/** @param {ReadonlyMap<string, Rect>} boxes @param {readonly Wire[]} links @returns {number} where they come from, in the mean; 0 without any */
function heightOf(boxes, links) {
  const heights = links.flatMap(({ from, fromY = 0 }) => {
    const source = boxes.get(from);
    return source ? [source.y + fromY] : [];
  });
  return heights.length > 0 ? heights.reduce((sum, one) => sum + one, 0) / heights.length : 0;
}
