import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { containsPoint } from "../../src/core/geometry.js";
import { distanceToLink, linkBounds, outline } from "../../src/render/link_geometry.js";

const STYLES = /** @type {const} */ (["curve", "straight", "angle"]);
const points = fc.array(fc.integer({ min: -3000, max: 3000 }), { minLength: 2, maxLength: 4 })
  .chain((xs) => fc.tuple(...xs.map((x) => fc.tuple(fc.constant(x), fc.integer({ min: -3000, max: 3000 })))))
  .map((pairs) => /** @type {number[]} */ (pairs.flat()));

test("a wire begins and ends at its sockets and passes its dots", () => {
  fc.assert(fc.property(points, fc.constantFrom(...STYLES), (course, style) => {
    const line = outline(course, style);
    for (let at = 0; at < course.length; at += 2) {
      const met = line.some((x, corner) => corner % 2 === 0 && x === course[at] && line[corner + 1] === course[at + 1]);
      assert.ok(met || distanceToLink(course, style, /** @type {number} */ (course[at]), /** @type {number} */ (course[at + 1])).distance < 1e-6);
    }
  }));
});

test("the bounds hold every point of the wire", () => {
  fc.assert(fc.property(points, fc.constantFrom(...STYLES), (course, style) => {
    const bounds = linkBounds(course);
    const line = outline(course, style);
    for (let at = 0; at < line.length; at += 2) {
      assert.ok(containsPoint(bounds, { x: /** @type {number} */ (line[at]), y: /** @type {number} */ (line[at + 1]) }));
    }
  }));
});

test("a point on the wire has no distance, one beside it has that distance", () => {
  assert.equal(distanceToLink([0, 0, 100, 0], "straight", 50, 0).distance, 0);
  assert.equal(distanceToLink([0, 0, 100, 0], "straight", 50, 7).distance, 7);
  assert.equal(distanceToLink([0, 0, 100, 0], "straight", 103, 4).distance, 5);
});

test("the segment says between which dots a point is", () => {
  const course = [0, 0, 100, 0, 200, 0, 300, 0];
  assert.equal(distanceToLink(course, "straight", 50, 1).segment, 0);
  assert.equal(distanceToLink(course, "straight", 150, 1).segment, 1);
  assert.equal(distanceToLink(course, "straight", 250, 1).segment, 2);
});
