/** @import { Point, Rect } from "./types.d.ts" */

import { containsPoint, overlaps } from "./geometry.js";

/** Side of a cell in graph units: about one node. */
const CELL = 512;
/** What covers more cells is kept in one list, so that no rect is ever too large to hold. */
const MOST_CELLS = 256;

/** Finds what lies in a place. Cells are made where something lies, so no size limits the graph. */
export class SpatialGrid {
  /** @type {Map<string, Rect>} */
  #rects = new Map();
  /** @type {Map<string, Set<string>>} */
  #cells = new Map();
  /** @type {Set<string>} */
  #large = new Set();

  get size() {
    return this.#rects.size;
  }

  /**
   * Put an item in, or move it.
   *
   * @param {string} id
   * @param {Rect} rect
   * @throws {RangeError} when it is not made of finite numbers
   */
  set(id, rect) {
    if (![rect.x, rect.y, rect.width, rect.height].every(Number.isFinite)) {
      throw new RangeError(`"${id}" cannot lie at ${JSON.stringify(rect)}; finite numbers only`);
    }
    this.delete(id);
    this.#rects.set(id, rect);
    const keys = cellsOf(rect);
    if (!keys) this.#large.add(id);
    for (const key of keys ?? []) {
      const cell = this.#cells.get(key);
      if (cell) cell.add(id);
      else this.#cells.set(key, new Set([id]));
    }
  }

  /**
   * @param {string} id
   * @returns {boolean} whether it was there
   */
  delete(id) {
    const rect = this.#rects.get(id);
    if (!rect) return false;
    this.#rects.delete(id);
    this.#large.delete(id);
    for (const key of cellsOf(rect) ?? []) {
      const cell = this.#cells.get(key);
      cell?.delete(id);
      if (cell?.size === 0) this.#cells.delete(key);
    }
    return true;
  }

  /** @param {string} id */
  get(id) {
    return this.#rects.get(id);
  }

  /**
   * Return the items that touch an area, each once.
   *
   * @param {Rect} area
   * @returns {Set<string>}
   */
  query(area) {
    const keys = cellsOf(area);
    const found = new Set();
    const candidates = keys ? this.#candidates(keys) : this.#rects.keys();
    for (const id of candidates) {
      if (overlaps(/** @type {Rect} */ (this.#rects.get(id)), area)) found.add(id);
    }
    return found;
  }

  /**
   * Return the items under a point.
   *
   * @param {Point} point
   * @returns {Set<string>}
   */
  at(point) {
    const found = this.query({ ...point, width: 0, height: 0 });
    for (const id of found) {
      if (!containsPoint(/** @type {Rect} */ (this.#rects.get(id)), point)) found.delete(id);
    }
    return found;
  }

  /** @param {Iterable<string>} keys */
  *#candidates(keys) {
    yield* this.#large;
    for (const key of keys) yield* this.#cells.get(key) ?? [];
  }
}

/**
 * Return the keys of the cells a rect touches; undefined when they are too many.
 *
 * @param {Rect} rect
 */
function cellsOf(rect) {
  const [left, right] = [Math.floor(rect.x / CELL), Math.floor((rect.x + rect.width) / CELL)];
  const [top, bottom] = [Math.floor(rect.y / CELL), Math.floor((rect.y + rect.height) / CELL)];
  if ((right - left + 1) * (bottom - top + 1) > MOST_CELLS) return undefined;
  const keys = [];
  for (let x = left; x <= right; x += 1) for (let y = top; y <= bottom; y += 1) keys.push(`${x},${y}`);
  return keys;
}
