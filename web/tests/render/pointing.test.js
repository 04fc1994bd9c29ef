import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emptyDrag, pansAnywhere, wheelAction } from "../../src/interaction/navigation.js";
import { combined, isEmpty, marqueeMode, pressMode, same, selectionOf } from "../../src/interaction/selecting.js";

const press = { button: 0, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, pointerType: "mouse" };
const wheel = { deltaX: 0, deltaY: 0, deltaMode: 0, ctrlKey: false, metaKey: false, shiftKey: false };

test("standard: dragging selects; the middle button and held Space pan", () => {
  assert.equal(emptyDrag("standard", press, false), "marquee");
  assert.equal(emptyDrag("standard", press, true), "pan");
  assert.equal(emptyDrag("standard", { ...press, button: 1 }, false), "pan");
  assert.equal(pansAnywhere("standard", { ...press, button: 1 }, false), true);
  assert.equal(pansAnywhere("standard", press, false), false);
});

test("comfy: dragging pans, with Ctrl it selects; dcc: Alt pans", () => {
  assert.equal(emptyDrag("comfy", press, false), "pan");
  assert.equal(emptyDrag("comfy", { ...press, ctrlKey: true }, false), "marquee");
  assert.equal(emptyDrag("dcc", press, false), "marquee");
  assert.equal(emptyDrag("dcc", { ...press, altKey: true }, false), "pan");
});

test("a finger on the canvas pans in every preset", () => {
  for (const preset of /** @type {const} */ (["standard", "comfy", "dcc"])) {
    assert.equal(emptyDrag(preset, { ...press, pointerType: "touch" }, false), "pan");
  }
});

test("the wheel pans in the standard preset and zooms with Ctrl", () => {
  assert.deepEqual(wheelAction("standard", { ...wheel, deltaX: 3, deltaY: 10 }), { pan: { x: -3, y: -10 } });
  assert.deepEqual(wheelAction("standard", { ...wheel, deltaY: 10, shiftKey: true }), { pan: { x: -10, y: 0 } });
  const closer = wheelAction("standard", { ...wheel, deltaY: -100, ctrlKey: true });
  assert.ok("zoom" in closer && Math.abs(closer.zoom - 1.2) < 1e-9);
});

test("the wheel zooms in the other presets, both ways alike", () => {
  for (const preset of /** @type {const} */ (["comfy", "dcc"])) {
    const nearer = wheelAction(preset, { ...wheel, deltaY: -100 }), farther = wheelAction(preset, { ...wheel, deltaY: 100 });
    assert.ok("zoom" in nearer && "zoom" in farther && Math.abs(nearer.zoom * farther.zoom - 1) < 1e-9);
  }
});

test("no wheel event jumps, whatever it says", () => {
  fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(0, 1, 2), (deltaY, deltaMode) => {
    const action = wheelAction("comfy", { ...wheel, deltaY, deltaMode });
    assert.ok("zoom" in action && action.zoom > 0.6 && action.zoom < 1.6);
  }));
});

const ids = fc.uniqueArray(fc.constantFrom("1", "2", "3", "4", "5"));

test("adding, taking away and toggling are what sets do", () => {
  fc.assert(fc.property(ids, ids, (before, some) => {
    const start = selectionOf({ nodes: before });
    const nodes = (/** @type {import("../../src/interaction/selecting.js").SelectMode} */ mode) => combined(start, { nodes: some }, mode).nodes;
    assert.deepEqual([...nodes("replace")].sort(), [...some].sort());
    assert.deepEqual([...nodes("add")].sort(), [...new Set([...before, ...some])].sort());
    assert.deepEqual([...nodes("subtract")].sort(), before.filter((id) => !some.includes(id)).sort());
    const twice = combined(combined(start, { nodes: some }, "toggle"), { nodes: some }, "toggle");
    assert.ok(same(twice, start));
  }));
});

test("a selection that does not change stays the same object", () => {
  const start = selectionOf({ nodes: ["1"] });
  assert.equal(combined(start, { nodes: ["1"] }, "add"), start);
  assert.equal(isEmpty(selectionOf({})), true);
  assert.equal(isEmpty(start), false);
});

test("keys choose how a press and a frame select", () => {
  assert.equal(pressMode(press), "replace");
  assert.equal(pressMode({ ...press, shiftKey: true }), "add");
  assert.equal(pressMode({ ...press, metaKey: true }), "toggle");
  assert.equal(marqueeMode({ shiftKey: false, altKey: true }), "subtract");
  assert.equal(marqueeMode({ shiftKey: true, altKey: false }), "add");
});
