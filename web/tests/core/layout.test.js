/** Arranging nodes: along their links, along an edge, evenly. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { aligned, containsPoint, curvePoints, distributed, overlaps } from "../../src/core/geometry.js";
import { layout } from "../../src/core/layout.js";
import { tries } from "./fixtures.js";

describe("laying out", () => {
  const node = fc.record({ x: fc.integer({ min: 0, max: 2000 }), y: fc.integer({ min: 0, max: 2000 }), width: fc.integer({ min: 100, max: 400 }), height: fc.integer({ min: 50, max: 400 }) });
  const graph = fc.record({ rects: fc.array(node, { minLength: 1, maxLength: 12 }), ends: fc.array(fc.tuple(fc.nat(11), fc.nat(11))) });

  test("gives the same places each time, none on another, the top left where it was", () => {
    fc.assert(fc.property(graph, ({ rects, ends }) => {
      const nodes = rects.map((rect, id) => ({ id: String(id), rect }));
      const links = ends.map(([from, to]) => ({ from: String(from), to: String(to) }));
      const places = layout(nodes, links);
      assert.deepEqual(layout(nodes, links), places);
      const after = nodes.map(({ id, rect }) => ({ ...rect, .../** @type {{ x: number, y: number }} */ (places.get(id)) }));
      for (const [i, one] of after.entries()) for (const other of after.slice(i + 1)) assert.ok(!overlaps(one, other));
      assert.ok(Math.abs(Math.min(...after.map((r) => r.x)) - Math.min(...rects.map((r) => r.x))) <= 1);
      assert.ok(Math.abs(Math.min(...after.map((r) => r.y)) - Math.min(...rects.map((r) => r.y))) <= 1);
    }), tries(60));
  });

  test("puts what comes after to the right, and keeps what stood above above", () => {
    const rect = (/** @type {number} */ y) => ({ x: 0, y, width: 200, height: 100 });
    const nodes = [{ id: "end", rect: rect(0) }, { id: "low", rect: rect(500) }, { id: "high", rect: rect(100) }];
    const places = layout(nodes, [{ from: "low", to: "end" }, { from: "high", to: "end" }]);
    const at = (/** @type {string} */ id) => /** @type {{ x: number, y: number }} */ (places.get(id));
    assert.ok(at("low").x < at("end").x && at("high").x < at("end").x);
    assert.ok(at("high").y < at("low").y);
  });

  test("keeps the first workflow's prompts and latent in the order they are read", () => {
    const tall = { loader: 136, prompt: 170, negative: 170, latent: 148, sampler: 298, decode: 86, save: 382 };
    const tops = { loader: 0, prompt: 180, negative: 370, latent: 560, sampler: 100, decode: 0, save: 0 };
    const ids = /** @type {(keyof typeof tall)[]} */ (Object.keys(tall));
    const nodes = ids.map((id) => ({ id, rect: { x: 0, y: tops[id], width: 300, height: tall[id] } }));
    const links = [
      ["loader", "prompt"], ["loader", "negative"], ["loader", "sampler"], ["prompt", "sampler"], ["negative", "sampler"],
      ["latent", "sampler"], ["sampler", "decode"], ["loader", "decode"], ["decode", "save"],
    ].map(([from = "", to = ""]) => ({ from, to }));
    const places = layout(nodes, links);
    const y = (/** @type {string} */ id) => /** @type {{ x: number, y: number }} */ (places.get(id)).y;
    assert.ok(y("prompt") < y("negative") && y("negative") < y("latent"));
  });

  test("leaves a lane for a wire that passes a column, and keeps the column's order", () => {
    const box = (/** @type {string} */ id, /** @type {number} */ y, height = 150) => ({ id, rect: { x: 0, y, width: 200, height } });
    const nodes = [box("source", 0), box("one", 0), box("two", 200), box("three", 400), box("end", 0, 300)];
    const near = ["one", "two", "three"];
    const links = [...near.flatMap((id) => [{ from: "source", to: id }, { from: id, to: "end", toY: 40 }]), { from: "source", to: "end", fromY: 20, toY: 200 }];
    const places = layout(nodes, links);
    const after = new Map(nodes.map(({ id, rect }) => [id, { ...rect, .../** @type {{ x: number, y: number }} */ (places.get(id)) }]));
    const [source, end] = [after.get("source"), after.get("end")];
    assert.ok(source && end);
    const wire = curvePoints({ x: source.x + source.width, y: source.y + 20 }, { x: end.x, y: end.y + 200 }, 200);
    for (const id of near) assert.ok(!wire.some((point) => containsPoint(/** @type {import("../../src/core/types.d.ts").Rect} */ (after.get(id)), point)), id);
    const tops = near.map((id) => after.get(id)?.y ?? NaN);
    assert.deepEqual(tops, [...tops].sort((a, b) => a - b));
  });

  test("keeps the order of nodes with the same neighbours", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 2, maxLength: 8 }), (tops) => {
      const rect = (/** @type {number} */ y) => ({ x: 0, y, width: 200, height: 100 });
      const nodes = [...tops.map((y, index) => ({ id: `twin ${index}`, rect: rect(y) })), { id: "end", rect: rect(0) }];
      const places = layout(nodes, tops.map((_, index) => ({ from: `twin ${index}`, to: "end" })));
      const y = (/** @type {number} */ index) => places.get(`twin ${index}`)?.y ?? NaN;
      const order = [...tops.keys()].sort((a, b) => (tops[a] ?? 0) - (tops[b] ?? 0));
      assert.deepEqual([...tops.keys()].sort((a, b) => y(a) - y(b)), order);
    }), tries(40));
  });
});

test("aligning and distributing moves along one axis only", () => {
  const rects = new Map([
    ["a", { x: 0, y: 5, width: 10, height: 10 }], ["b", { x: 30, y: 0, width: 20, height: 10 }], ["c", { x: 90, y: 9, width: 10, height: 30 }],
  ]);
  assert.deepEqual([...aligned(rects, "right").values()], [{ x: 90, y: 5 }, { x: 80, y: 0 }, { x: 90, y: 9 }]);
  assert.deepEqual([...aligned(rects, "top").values()].map((p) => p.y), [0, 0, 0]);
  assert.deepEqual([...distributed(rects, "x").values()], [{ x: 0, y: 5 }, { x: 40, y: 0 }, { x: 90, y: 9 }]);
});
