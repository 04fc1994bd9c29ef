import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { mock, test } from "node:test";

import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { edit } from "../../src/core/edits.js";
import { containsPoint } from "../../src/core/geometry.js";
import { farPlace } from "../../src/render/far_pictures.js";
import { outline } from "../../src/render/link_geometry.js";
import { previewPlace } from "../../src/render/preview_place.js";
import { heatOf, totalSeconds } from "../../src/render/run_sums.js";
import { withShare } from "../../src/render/run_text.js";
import { Scene } from "../../src/render/scene.js";
import { MOST_THUMBNAILS, Thumbnails } from "../../src/render/thumbnails.js";
import { pictureGraph, testCatalogue } from "../harness/graphs.js";

/** @import { NodeShape } from "../../src/render/scene.js" */

const catalogue = testCatalogue();

/** @param {Scene} scene @param {string} id @returns {NodeShape} */
function shapeOf(scene, id) {
  return /** @type {NodeShape} */ (scene.nodes.get(id));
}

test("pictures go into a node's room, else below it as far as the next node, else into its header", () => {
  const doc = pictureGraph(catalogue);
  const scene = new Scene(doc, "root", catalogue);
  assert.equal(previewPlace(scene, shapeOf(scene, "7")).where, "inside");
  const { rest } = shapeOf(scene, "7").layout;
  assert.deepEqual(previewPlace(scene, shapeOf(scene, "7"), 30), { where: "inside", y: rest.y + 30, height: rest.height - 30 });
  assert.notEqual(previewPlace(scene, shapeOf(scene, "7"), rest.height).where, "inside");
  const sampler = shapeOf(scene, "5");
  const free = previewPlace(scene, sampler);
  assert.deepEqual([free.where, free.height], ["below", 160]);
  const bottom = sampler.rect.y + sampler.rect.height;
  const moveDecode = (/** @type {number} */ y) => edit(doc, "x", (tx) => tx.updateNode("root", "6", { x: sampler.rect.x, y }));
  moveDecode(bottom + 100);
  const less = previewPlace(scene, shapeOf(scene, "5"));
  assert.equal(less.where, "below");
  assert.ok(less.y + less.height < sampler.rect.height + 100, "it ends above the next node");
  moveDecode(bottom + 40);
  assert.equal(previewPlace(scene, shapeOf(scene, "5")).where, "header");
});

test("from afar a picture takes what the title leaves of a node", () => {
  const scene = new Scene(pictureGraph(catalogue), "root", catalogue);
  const shape = shapeOf(scene, "7");
  for (const zoom of [0.34, 0.2, 0.1]) {
    const place = farPlace(shape, zoom);
    assert.ok(place, `no place at zoom ${zoom}`);
    assert.ok(place.x > shape.rect.x && place.y > shape.rect.y);
    assert.ok(place.x + place.width < shape.rect.x + shape.rect.width && place.y + place.height < shape.rect.y + shape.rect.height);
  }
  assert.equal(farPlace(shape, 0.02), null);
  assert.equal(farPlace({ ...shape, record: { ...shape.record, collapsed: true } }, 0.3), null);
});

/** @param {string} filename */
function runWith(filename) {
  return { state: /** @type {const} */ ("done"), outputs: { images: [{ filename }] } };
}

/** Thumbnails whose pictures come when the test says so. */
function fakeThumbnails() {
  /** @type {Map<string, { resolve(bitmap: any): void, reject(error: Error): void }>} */
  const asked = new Map();
  let told = 0, closed = 0;
  const thumbnails = new Thumbnails(({ filename }) => filename, () => (told += 1), (address) =>
    new Promise((resolve, reject) => asked.set(address, { resolve, reject })));
  const bitmap = { width: 160, height: 90, close: () => (closed += 1) };
  return { asked, thumbnails, bitmap, told: () => told, closed: () => closed };
}

/** Lets what was resolved go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("thumbnails are loaded once, a few at a time, and told of together", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { asked, thumbnails, bitmap, told } = fakeThumbnails();
  assert.equal(thumbnails.of(undefined), undefined);
  assert.equal(thumbnails.of({ state: "done" }), undefined);
  const names = ["a", "b", "c", "d", "e", "f"];
  for (const name of [...names, ...names]) assert.equal(thumbnails.of(runWith(name)), null);
  assert.deepEqual([...asked.keys()], ["a", "b", "c", "d"]);
  asked.get("a")?.resolve(bitmap);
  asked.get("b")?.reject(new Error("gone"));
  await turn();
  assert.deepEqual([...asked.keys()], names);
  mock.timers.tick(1000);
  assert.equal(told(), 1);
  assert.equal(thumbnails.of(runWith("a")), bitmap);
  assert.equal(thumbnails.of(runWith("b")), null, "what cannot be read is asked for once");
  assert.equal(asked.size, names.length);
  mock.timers.reset();
});

test("of too many thumbnails those used last are kept", async () => {
  const { asked, thumbnails, bitmap, closed } = fakeThumbnails();
  for (let at = 0; at <= MOST_THUMBNAILS; at += 1) {
    thumbnails.of(runWith(String(at)));
    asked.get(String(at))?.resolve(bitmap);
    await turn();
    thumbnails.of(runWith("0"));
  }
  assert.equal(closed(), 1);
  assert.equal(thumbnails.of(runWith("0")), bitmap);
  assert.equal(thumbnails.of(runWith("1")), null);
});

test("a node's tint is its share of the run's time; short runs have none", () => {
  const runs = new Map(Object.entries({
    1: { state: /** @type {const} */ ("done"), seconds: 6 }, 2: { state: /** @type {const} */ ("done"), seconds: 2 },
    3: { state: /** @type {const} */ ("cached") },
  }));
  const total = totalSeconds({ entries: () => runs.entries() });
  assert.equal(total, 8);
  assert.equal(heatOf(runs.get("1"), total), 0.75);
  assert.equal(heatOf(runs.get("3"), total), 0);
  assert.equal(heatOf({ state: "done", seconds: 0.1 }, 0.2), 0);
  const i18n = { t: (/** @type {string} */ key, values = {}) => `${key} ${JSON.stringify(values)}` };
  assert.equal(withShare("why", 0.75, i18n), 'why\ncanvas.run.share {"percent":75}');
  assert.equal(withShare("why", 0, i18n), "why");
});

test("in the workflow that a new user sees no wire runs behind a node", async () => {
  const text = await readFile(new URL("../../../workflows/text_to_image.json", import.meta.url), "utf8");
  const { doc } = readWorkflow(JSON.parse(text), catalogue);
  const scene = new Scene(doc, "root", catalogue);
  assert.equal(scene.links.size, 9);
  for (const { record, points } of scene.links.values()) {
    const corners = outline(points, "curve");
    for (const { record: node, rect } of scene.nodes.values()) {
      if (node.id === record.from || node.id === record.to) continue;
      const hidden = corners.some((x, at) => at % 2 === 0 && containsPoint(rect, { x, y: /** @type {number} */ (corners[at + 1]) }));
      assert.equal(hidden, false, `the wire ${record.type} from ${record.from} to ${record.to} runs behind ${node.type}`);
    }
  }
});
