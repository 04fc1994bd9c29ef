import assert from "node:assert/strict";
import { test } from "node:test";

import { branchOf, keepOnly } from "../../src/core/branch.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { edit } from "../../src/core/edits.js";
import { CATALOGUE } from "./fixtures.js";

/** Two pictures of one source, and a third of its own. @param {{ [id: string]: string }} [prefixes] */
function pictures(prefixes = { 4: "cat", 5: "%date%/cat_large%seed%", 6: "dog" }) {
  const saved = Object.entries(prefixes).map(([id, filename_prefix]) =>
    [id, { class_type: "SaveImage", inputs: { images: [id === "6" ? "3" : id === "5" ? "2" : "1", 0], filename_prefix } }]);
  const image = { class_type: "LoadImage", inputs: { image: "a.png" } };
  const scaled = { class_type: "ImageScaleBy", inputs: { image: ["1", 0], upscale_method: "area", scale_by: 2 } };
  return readWorkflow({ 1: image, 2: scaled, 3: image, ...Object.fromEntries(saved) }, CATALOGUE).doc;
}

/** @param {string} name @param {{ [id: string]: string }} [prefixes] */
const branch = (name, prefixes) => [...branchOf(pictures(prefixes).root, name, CATALOGUE)].sort();

test("the longest prefix of a file's name says which node saved it", () => {
  assert.deepEqual(branch("cat_00001_.png"), ["1", "4"]);
  assert.deepEqual(branch("cat_large7_00001_.png"), ["1", "2", "5"]);
  assert.deepEqual(branch("dog_00001_.png"), ["3", "6"]);
});

test("a name that no prefix fits may be of any node that saves, and none of a graph that saves nothing", () => {
  assert.deepEqual(branch("renamed.png"), ["1", "2", "3", "4", "5", "6"]);
  assert.deepEqual(branch("cat.png", {}), []);
});

test("the other nodes go, and the groups that held nothing else", () => {
  const doc = pictures();
  const group = (/** @type {string[]} */ nodes) => ({ title: "g", x: 0, y: 0, width: 10, height: 10, nodes, groups: [] });
  edit(doc, "x", (tx) => {
    tx.addGroup("root", group(["3", "6"]));
    tx.addGroup("root", group(["1", "3"]));
  });
  edit(doc, "x", (tx) => keepOnly(tx, "root", branchOf(doc.root, "cat_00001_.png", CATALOGUE)));
  assert.deepEqual([...doc.root.nodes.keys()].sort(), ["1", "4"]);
  assert.deepEqual([...doc.root.groups.values()].map(({ nodes }) => nodes), [["1"]]);
});
