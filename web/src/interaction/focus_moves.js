/** Which node the keyboard goes to next. */

/** @import { NodeId, Point } from "../core/types.js" */
/** @import { Work } from "./operations.js" */

import { centerOf } from "../core/geometry.js";

/** How much more a step aside counts than one ahead. */
const ASIDE = 2;

/**
 * The nearest node in a direction; the first at the left without a start.
 * @param {Work} work
 * @param {NodeId | undefined} from
 * @param {Point} direction A unit step along one axis.
 * @returns {NodeId | undefined}
 */
export function inDirection({ view, graph }, from, direction) {
  const nodes = view.shown?.scene.nodes;
  const start = from === undefined ? undefined : nodes?.get(from);
  /** @type {NodeId | undefined} */
  let best;
  let least = Infinity;
  for (const id of graph.nodes.keys()) {
    const shape = nodes?.get(id);
    if (!shape || id === from) continue;
    const to = centerOf(shape.rect), at = start ? centerOf(start.rect) : undefined;
    const cost = at ? costOf(at, to, direction) : to.x + to.y;
    if (cost < least) {
      least = cost;
      best = id;
    }
  }
  return best;
}

/** @param {Point} from @param {Point} to @param {Point} direction */
function costOf(from, to, { x, y }) {
  const dx = to.x - from.x, dy = to.y - from.y;
  const ahead = dx * x + dy * y;
  if (ahead <= 0) return Infinity;
  return ahead + ASIDE * Math.abs(dx * y - dy * x);
}

/**
 * The node at the other end of the first wire on a side.
 * @param {Work} work
 * @param {NodeId} from
 * @param {"in" | "out"} side
 * @returns {NodeId | undefined}
 */
export function neighbours({ graph }, from, side) {
  for (const link of graph.linksOf(from)) {
    const other = side === "in" ? link.from : link.to;
    if (other !== from && graph.nodes.has(other)) return other;
  }
  return undefined;
}
