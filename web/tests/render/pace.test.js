import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace } from "../../src/render/pace.js";

const FRAME = 1000 / 60;

/** Paces of frames in which the camera goes on by `step` view pixels. @param {number} step @param {number} zoom @param {number} frame ms */
function paces(step, zoom = 1, frame = FRAME) {
  const pace = new Pace();
  return [0, 1, 2, 3].map((at) => pace.next({ x: (at * step) / zoom, y: 0, zoom }, 1000 + at * frame));
}

test("a view at rest is still, from the first frame on", () => {
  assert.deepEqual(paces(0), ["still", "still", "still", "still"]);
});

test("a slow pan moves and a fast one rushes, whatever the zoom", () => {
  for (const zoom of [0.4, 1, 3]) {
    assert.deepEqual(paces(8, zoom).slice(1), ["moving", "moving", "moving"]);
    assert.deepEqual(paces(24, zoom).slice(1), ["rushing", "rushing", "rushing"]);
  }
});

test("a fast pan rushes on a fast screen too", () => {
  assert.equal(paces(10, 1, 1000 / 144)[2], "rushing");
  assert.equal(paces(4, 1, 1000 / 144)[2], "moving");
});

test("a long frame or a pause makes a large step no slow one", () => {
  assert.equal(paces(24, 1, 120)[1], "rushing");
  assert.equal(paces(24, 1, 5000)[1], "rushing");
});

test("a turn of the wheel rushes, a slow pinch moves, and both are over when the zoom rests", () => {
  const pace = new Pace();
  const at = (/** @type {number} */ zoom, /** @type {number} */ frame) => pace.next({ x: 100 / zoom, y: 0, zoom }, frame * FRAME);
  assert.equal(at(1, 1), "still");
  assert.equal(at(1.1, 2), "rushing");
  assert.equal(at(1.105, 3), "moving");
  assert.equal(at(1.105, 4), "still");
});
