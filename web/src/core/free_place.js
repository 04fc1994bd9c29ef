/** @import { Point, Rect, Size } from "./types.d.ts" */
/** @import { SpatialGrid } from "./spatial_grid.js" */

import { grown } from "./geometry.js";

/** Pixels kept free around what is placed. */
const GAP = 24;
/** @type {readonly ((rect: Rect, other: Rect) => Partial<Point>)[]} Past another rect: right, down, left, up. */
const WAYS = [
  (_, other) => ({ x: other.x + other.width + GAP }),
  (_, other) => ({ y: other.y + other.height + GAP }),
  (rect, other) => ({ x: other.x - rect.width - GAP }),
  (rect, other) => ({ y: other.y - rect.height - GAP }),
];

/**
 * Return the place nearest to the wanted one, straight to a side of it, where nothing is covered.
 *
 * @param {SpatialGrid} taken
 * @param {Size} size
 * @param {Point} wanted top left
 * @returns {Point} top left
 */
export function freePlace(taken, size, wanted) {
  const start = { x: wanted.x, y: wanted.y, width: size.width, height: size.height };
  const distance = (/** @type {Point} */ { x, y }) => Math.abs(x - wanted.x) + Math.abs(y - wanted.y);
  const [nearest] = WAYS.map((pass) => freeAlong(taken, start, pass)).sort((one, other) => distance(one) - distance(other));
  const { x, y } = nearest ?? start;
  return { x, y };
}

/**
 * @param {SpatialGrid} taken
 * @param {Rect} start
 * @param {(typeof WAYS)[number]} pass
 */
function freeAlong(taken, start, pass) {
  let rect = start;
  // Each step passes one of them at least.
  for (let left = taken.size; left > 0; left -= 1) {
    const [first] = taken.query(grown(rect, GAP - 1));
    const other = first === undefined ? undefined : taken.get(first);
    if (!other) break;
    rect = { ...rect, ...pass(rect, other) };
  }
  return rect;
}
