/** The workflows that come along, as the editor lays them out with the node types of the real server. */

/** @import { Rect } from "../../src/core/types.js" */

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { edit } from "../../src/core/edits.js";
import { containsPoint, overlaps } from "../../src/core/geometry.js";
import { layout } from "../../src/core/layout.js";
import { partsOf } from "../../src/interaction/layout_client.js";
import { outline } from "../../src/render/link_geometry.js";
import { Scene } from "../../src/render/scene.js";
import { Server } from "./page.js";

const FOLDER = fileURLToPath(new URL("../../../workflows/", import.meta.url));
/** Points looked at on each of the pieces a wire consists of. */
const STEPS = 10;

/** @type {Server} */
let server;
/** @type {import("../../src/core/types.js").Catalogue} */
let catalogue;

before(async () => {
  server = await Server.start();
  catalogue = readObjectInfo(await (await fetch(`${server.url}/api/object_info`)).json());
});

after(() => server?.stop());

/** @param {readonly number[]} line Corners x0, y0, x1, y1, … @param {Rect} rect */
function passes(line, rect) {
  for (let at = 2; at < line.length; at += 2) {
    const [x0, y0, x1, y1] = /** @type {[number, number, number, number]} */ (line.slice(at - 2, at + 2));
    for (let step = 0; step < STEPS; step += 1) {
      const share = step / STEPS;
      if (containsPoint(rect, { x: x0 + (x1 - x0) * share, y: y0 + (y1 - y0) * share })) return true;
    }
  }
  return false;
}

/** Wires and the nodes they run behind. @param {Scene} scene @returns {string[]} */
function hiddenWires(scene) {
  return [...scene.links.values()].flatMap(({ record: link, points }) => {
    const line = outline(points, "curve");
    const others = [...scene.nodes.values()].filter(({ record }) => record.id !== link.from && record.id !== link.to);
    return others.filter(({ rect }) => passes(line, rect))
      .map(({ record }) => `#${link.from} ${link.output} to #${link.to} ${link.input} behind #${record.id} ${record.type}`);
  });
}

/** Pairs of nodes that cover one another. @param {Scene} scene @returns {string[]} */
function coveredNodes(scene) {
  const shapes = [...scene.nodes.values()];
  return shapes.flatMap((one, at) => shapes.slice(at + 1).filter((other) => overlaps(one.rect, other.rect))
    .map((other) => `#${one.record.id} and #${other.record.id}`));
}

/** @returns {Promise<{ file: string, scene: Scene }[]>} */
async function shipped() {
  const files = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith(".json"));
  assert.ok(files.length >= 8);
  return Promise.all(files.map(async (file) => {
    const { doc, problems } = readWorkflow(JSON.parse(await readFile(FOLDER + file, "utf8")), catalogue);
    assert.deepEqual(problems, [], file);
    const scene = new Scene(doc, "root", catalogue);
    assert.ok(scene.links.size > 0, file);
    return { file, scene };
  }));
}

test("no wire runs behind a node, and no node lies on another", async () => {
  for (const { file, scene } of await shipped()) {
    assert.deepEqual(hiddenWires(scene), [], file);
    assert.deepEqual(coveredNodes(scene), [], file);
  }
});

test("neither when they are arranged: nodes make way for wires that pass them", async () => {
  for (const { file, scene } of await shipped()) {
    const { nodes, links } = partsOf(scene, [...scene.graph.nodes.keys()]);
    const places = layout(nodes, links);
    edit(scene.doc, "edit.layout", (tx) => {
      for (const [id, at] of places) tx.updateNode("root", id, at);
      tx.removeReroutes("root", scene.graph.reroutes.keys());
    });
    const arranged = new Scene(scene.doc, "root", catalogue);
    assert.deepEqual(hiddenWires(arranged), [], file);
    assert.deepEqual(coveredNodes(arranged), [], file);
  }
});

test("neither when they come without places, in the API's format", async () => {
  for (const { file, scene } of await shipped()) {
    const { doc } = readWorkflow(/** @type {any} */ (toApi(scene.doc, catalogue).prompt), catalogue);
    const arranged = new Scene(doc, "root", catalogue);
    assert.ok(arranged.links.size > 0, file);
    assert.deepEqual(hiddenWires(arranged), [], file);
    assert.deepEqual(coveredNodes(arranged), [], file);
  }
});
