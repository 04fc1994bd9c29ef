import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { between, Camera, MAX_ZOOM, MIN_ZOOM } from "../../src/render/camera.js";

const coordinate = fc.double({ min: -1e5, max: 1e5, noNaN: true });
const zoom = fc.double({ min: MIN_ZOOM, max: MAX_ZOOM, noNaN: true });

/** @param {number} got @param {number} wanted @param {number} [slack] */
function near(got, wanted, slack = 1e-6) {
  assert.ok(Math.abs(got - wanted) <= slack * Math.max(1, Math.abs(wanted)), `${got} is not near ${wanted}`);
}

/** @param {number} x @param {number} y @param {number} z */
function cameraAt(x, y, z) {
  const camera = new Camera();
  camera.resize(1000, 600);
  camera.set({ x, y, zoom: z });
  return camera;
}

test("a point goes to the view and back", () => {
  fc.assert(fc.property(coordinate, coordinate, zoom, coordinate, coordinate, (x, y, z, px, py) => {
    const camera = cameraAt(x, y, z);
    const back = camera.toGraph(camera.toView({ x: px, y: py }));
    near(back.x, px);
    near(back.y, py);
  }));
});

test("zooming keeps the point under the pointer", () => {
  fc.assert(fc.property(zoom, zoom, fc.integer({ min: 0, max: 1000 }), (before, after, px) => {
    const camera = cameraAt(10, 20, before);
    const point = camera.toGraph({ x: px, y: 300 });
    camera.zoomTo({ x: px, y: 300 }, after);
    near(camera.toView(point).x, px);
    near(camera.zoom, after);
  }));
});

test("zoom stays within its bounds", () => {
  const camera = cameraAt(0, 0, 1);
  camera.zoomTo({ x: 0, y: 0 }, 1e9);
  assert.equal(camera.zoom, MAX_ZOOM);
  camera.zoomTo({ x: 0, y: 0 }, 0);
  assert.equal(camera.zoom, MIN_ZOOM);
});

test("panning by pixels moves the graph by as many pixels", () => {
  const camera = cameraAt(0, 0, 2);
  const before = camera.toView({ x: 50, y: 50 });
  camera.panBy(30, -10);
  assert.deepEqual(camera.toView({ x: 50, y: 50 }), { x: before.x + 30, y: before.y - 10 });
});

test("fitting shows the whole rectangle in the middle and never magnifies", () => {
  fc.assert(fc.property(coordinate, coordinate, fc.double({ min: 1, max: 2e4, noNaN: true }), fc.double({ min: 1, max: 2e4, noNaN: true }), (x, y, width, height) => {
    const camera = cameraAt(0, 0, 1);
    camera.set(camera.fitting({ x, y, width, height }));
    const seen = camera.visible();
    assert.ok(camera.zoom <= 1);
    assert.ok(seen.x <= x + 1e-6 && seen.x + seen.width >= x + width - 1e-6);
    near(seen.x + seen.width / 2, x + width / 2);
  }));
});

test("what was fitted stays whole when the view gets another size", () => {
  const camera = new Camera();
  camera.resize(1200, 800);
  const rect = { x: -300, y: 40, width: 1500, height: 700 };
  camera.set(camera.keepWhole(rect));
  camera.resize(700, 500);
  assert.deepEqual(camera.state, camera.fitting(rect));
  camera.resize(1200, 800);
  assert.deepEqual(camera.state, camera.fitting(rect));
});

test("a camera that was moved since it was fitted stays where it is", () => {
  const camera = new Camera();
  camera.resize(1200, 800);
  camera.set(camera.keepWhole({ x: 0, y: 0, width: 3000, height: 700 }));
  camera.panBy(10, 0);
  const moved = camera.state;
  camera.resize(700, 500);
  assert.deepEqual(camera.state, moved);
});

test("a flight begins and ends where it should and zooms evenly", () => {
  const from = { x: 0, y: 0, zoom: 0.1 }, to = { x: 900, y: 500, zoom: 1 };
  assert.equal(between(from, to, 1), to);
  const start = between(from, to, 0);
  near(start.x, 0);
  near(start.zoom, 0.1);
  let last = 0;
  for (let t = 0; t <= 1; t += 0.1) {
    const { zoom: now } = between(from, to, t);
    assert.ok(now >= last);
    last = now;
  }
});

test("whoever draws is told of every move", () => {
  let moves = 0;
  const camera = new Camera(() => { moves += 1; });
  camera.panBy(1, 1);
  camera.resize(10, 10);
  assert.equal(moves, 2);
});
