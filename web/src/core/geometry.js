/** @import { Point, Rect, Size } from "./types.d.ts" */

/**
 * Tell whether two rects share a point; touching edges count.
 *
 * @param {Rect} one
 * @param {Rect} other
 */
export function overlaps(one, other) {
  return (
    one.x <= other.x + other.width &&
    other.x <= one.x + one.width &&
    one.y <= other.y + other.height &&
    other.y <= one.y + one.height
  );
}

/**
 * @param {Rect} rect
 * @param {Point} point
 */
export function containsPoint(rect, point) {
  const [dx, dy] = [point.x - rect.x, point.y - rect.y];
  return dx >= 0 && dy >= 0 && dx <= rect.width && dy <= rect.height;
}

/**
 * Tell whether `outer` holds all of `inner`.
 *
 * @param {Rect} outer
 * @param {Rect} inner
 */
export function containsRect(outer, inner) {
  return (
    containsPoint(outer, inner) &&
    containsPoint(outer, { x: inner.x + inner.width, y: inner.y + inner.height })
  );
}

/**
 * @param {Rect} rect
 * @returns {Point}
 */
export function centerOf(rect) {
  return { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

/**
 * Return the smallest rect around all, or undefined for none.
 *
 * @param {Iterable<Rect>} rects
 * @returns {Rect | undefined}
 */
export function boundsOf(rects) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const rect of rects) {
    left = Math.min(left, rect.x);
    top = Math.min(top, rect.y);
    right = Math.max(right, rect.x + rect.width);
    bottom = Math.max(bottom, rect.y + rect.height);
  }
  if (left > right) return undefined;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * @param {Rect} rect
 * @param {number} margin
 * @returns {Rect}
 */
export function grown(rect, margin) {
  return {
    x: rect.x - margin,
    y: rect.y - margin,
    width: rect.width + 2 * margin,
    height: rect.height + 2 * margin,
  };
}

/**
 * Return the rect between two corners, whichever way it was drawn.
 *
 * @param {Point} one
 * @param {Point} other
 * @returns {Rect}
 */
export function rectBetween(one, other) {
  return {
    x: Math.min(one.x, other.x),
    y: Math.min(one.y, other.y),
    width: Math.abs(one.x - other.x),
    height: Math.abs(one.y - other.y),
  };
}

/**
 * Return the point of a grid that is nearest.
 *
 * @param {Point} point
 * @param {number} step pixels, > 0
 * @returns {Point}
 */
export function snapped(point, step) {
  return { x: Math.round(point.x / step) * step, y: Math.round(point.y / step) * step };
}

/**
 * @typedef {"left" | "right" | "top" | "bottom" | "center" | "middle"} Edge "center" is that of x.
 */

/**
 * Return where items go to line up at the outermost edge (or the common centre) of all.
 *
 * @param {ReadonlyMap<string, Rect>} rects as drawn, so that collapsed nodes count as they look
 * @param {Edge} edge
 * @returns {Map<string, Point>} new places, by id
 */
export function aligned(rects, edge) {
  const all = boundsOf(rects.values());
  if (!all) return new Map();
  const center = centerOf(all);
  /** @type {Record<Edge, (rect: Rect) => Point>} */
  const places = {
    left: (rect) => ({ x: all.x, y: rect.y }),
    right: (rect) => ({ x: all.x + all.width - rect.width, y: rect.y }),
    center: (rect) => ({ x: center.x - rect.width / 2, y: rect.y }),
    top: (rect) => ({ x: rect.x, y: all.y }),
    bottom: (rect) => ({ x: rect.x, y: all.y + all.height - rect.height }),
    middle: (rect) => ({ x: rect.x, y: center.y - rect.height / 2 }),
  };
  return new Map([...rects].map(([id, rect]) => [id, places[edge](rect)]));
}

/**
 * Return where items go so that the gaps between neighbours are equal; the outermost two stay.
 *
 * @param {ReadonlyMap<string, Rect>} rects
 * @param {"x" | "y"} axis
 * @returns {Map<string, Point>} new places, by id
 */
export function distributed(rects, axis) {
  const side = /** @type {keyof Size} */ (axis === "x" ? "width" : "height");
  const middle = (/** @type {Rect} */ rect) => rect[axis] + rect[side] / 2;
  const order = [...rects].sort(([a, one], [b, other]) => middle(one) - middle(other) || compare(a, b));
  const [first, last] = [order[0]?.[1], order.at(-1)?.[1]];
  if (!first || !last || order.length < 3) return new Map();
  const occupied = order.reduce((sum, [, rect]) => sum + rect[side], 0);
  const gap = (last[axis] + last[side] - first[axis] - occupied) / (order.length - 1);
  let at = first[axis];
  /** @type {Map<string, Point>} */
  const places = new Map();
  for (const [id, rect] of order) {
    places.set(id, { x: rect.x, y: rect.y, [axis]: at });
    at += rect[side] + gap;
  }
  return places;
}

/**
 * @param {string} one
 * @param {string} other
 */
function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The least a curve of a wire reaches out of its ends, and the most. */
export const MIN_REACH = 24;
const MAX_REACH = 260;

/**
 * Return how far the handles of a wire's curve reach out of its ends. A wire that runs backwards
 * reaches farther, so that its loop is seen.
 *
 * @param {number} dx
 * @param {number} dy
 */
export function curveReach(dx, dy) {
  const wanted = dx >= 0 ? dx * 0.5 : Math.abs(dx) * 0.35 + Math.abs(dy) * 0.15 + 40;
  return Math.min(Math.max(wanted, MIN_REACH), MAX_REACH, Math.hypot(dx, dy));
}

/**
 * Return points along the curve of a wire.
 *
 * @param {Point} from
 * @param {Point} to
 * @param {number} pieces
 * @returns {Point[]} one more than there are pieces
 */
export function curvePoints(from, to, pieces) {
  const out = curveReach(to.x - from.x, to.y - from.y);
  return Array.from({ length: pieces + 1 }, (_, piece) => {
    const t = piece / pieces;
    const s = 1 - t;
    const [a, b, c, d] = /** @type {const} */ ([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t]);
    return { x: a * from.x + b * (from.x + out) + c * (to.x - out) + d * to.x, y: (a + b) * from.y + (c + d) * to.y };
  });
}

/**
 * Return how high a straight piece is where it lies over a stretch.
 *
 * @param {Point} a
 * @param {Point} b
 * @param {number} left
 * @param {number} right
 * @returns {number[]} none where it does not
 */
export function heightsOver(a, b, left, right) {
  const [start, end] = a.x <= b.x ? [a, b] : [b, a];
  if (end.x <= left || start.x >= right) return [];
  const at = (/** @type {number} */ x) => (end.x === start.x ? end.y : start.y + ((x - start.x) / (end.x - start.x)) * (end.y - start.y));
  return [at(Math.max(start.x, left)), at(Math.min(end.x, right))];
}
