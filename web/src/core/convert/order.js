/** @import { GraphView, NodeId } from "../types.d.ts" */

/**
 * Return an id as a number where that loses nothing, as files number nodes.
 *
 * @param {string} id
 * @returns {number | string}
 */
export function fileId(id) {
  const number = Number(id);
  return Number.isSafeInteger(number) && String(number) === id ? number : id;
}

/**
 * Order ids: numbers by size, before others by text.
 *
 * @param {string} one
 * @param {string} other
 */
export function compareIds(one, other) {
  const [a, b] = [fileId(one), fileId(other)];
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Return the place of each node in an order in which inputs come first; circles stand last.
 *
 * @param {GraphView} graph
 * @returns {Map<NodeId, number>}
 */
export function executionOrder(graph) {
  const waits = new Map([...graph.nodes.keys()].map((id) => [id, 0]));
  for (const { from, to } of graph.links.values()) {
    const count = waits.get(to);
    if (count !== undefined && graph.nodes.has(from)) waits.set(to, count + 1);
  }
  const ids = [...waits.keys()].sort(compareIds);
  /** @type {Map<NodeId, number>} */
  const order = new Map();
  const ready = ids.filter((id) => waits.get(id) === 0);
  for (const id of ready) {
    order.set(id, order.size);
    const next = [...graph.linksOf(id)].filter((link) => link.from === id).map((link) => link.to);
    for (const to of next.sort(compareIds)) {
      const count = (waits.get(to) ?? 0) - 1;
      waits.set(to, count);
      if (count === 0) ready.push(to);
    }
  }
  for (const id of ids) if (!order.has(id)) order.set(id, order.size);
  return order;
}
