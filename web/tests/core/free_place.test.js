/** Where what is added goes when its place is taken. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { freePlace } from "../../src/core/free_place.js";
import { overlaps } from "../../src/core/geometry.js";
import { SpatialGrid } from "../../src/core/spatial_grid.js";
import { tries } from "./fixtures.js";

/** @param {readonly import("../../src/core/types.d.ts").Rect[]} rects */
function gridOf(rects) {
  const grid = new SpatialGrid();
  for (const [id, rect] of rects.entries()) grid.set(String(id), rect);
  return grid;
}

const side = fc.integer({ min: 50, max: 400 });
const place = fc.integer({ min: -1500, max: 1500 });
const rect = fc.record({ x: place, y: place, width: side, height: side });

test("what is placed covers nothing", () => {
  fc.assert(fc.property(fc.array(rect, { maxLength: 40 }), rect, (rects, added) => {
    const at = freePlace(gridOf(rects), added, added);
    for (const other of rects) assert.ok(!overlaps({ ...added, ...at }, other));
  }), tries(200));
});

test("a free place is taken as it is, a taken one left on the shortest way", () => {
  const size = { width: 200, height: 100 };
  const grid = gridOf([{ x: 0, y: 0, width: 300, height: 300 }]);
  assert.deepEqual(freePlace(grid, size, { x: 400, y: 10 }), { x: 400, y: 10 });
  assert.deepEqual(freePlace(grid, size, { x: 250, y: 100 }), { x: 324, y: 100 });
  assert.deepEqual(freePlace(grid, size, { x: 60, y: 280 }), { x: 60, y: 324 });
});

test("nodes so far out that no number tells their sides apart end the search", () => {
  const grid = gridOf([{ x: 1e18, y: 1e18, width: 200, height: 100 }]);
  assert.ok(Number.isFinite(freePlace(grid, { width: 200, height: 100 }, { x: 1e18, y: 1e18 }).x));
});
