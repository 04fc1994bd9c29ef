/** What a workflow needs and this machine lacks. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Doc } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { findMissing, nearest } from "../../src/state/missing.js";

const CATALOGUE = /** @type {any} */ (new Map([["Loader", {
  name: "Loader",
  inputs: [
    { name: "ckpt", choices: ["sd/v1-5-pruned.safetensors", "xl.safetensors"] }, { name: "mode", choices: ["a", "b"] },
    { name: "words", choices: ["none", "fluent-emoji-flat-1.2.3.tgz"] }, { name: "spare", choices: [] },
  ],
}]]));

/** @param {string} type @param {{ [name: string]: string }} values */
function docWith(type, values) {
  const doc = Doc.empty();
  addTo(doc, type, values);
  return doc;
}

/** @param {Doc} doc @param {string} type @param {{ [name: string]: string }} values @param {"normal" | "bypass"} [mode] */
function addTo(doc, type, values, mode = "normal") {
  edit(doc, "edit.addNode", (tx) => void tx.addNode("root", {
    type, x: 0, y: 0, width: 1, height: 1, mode, inputs: [], outputs: [], values, properties: {},
  }));
}

test("a file that is no choice is missing, with the most similar one", () => {
  const { types, files } = findMissing(docWith("Loader", { ckpt: "v1-5-pruned-emaonly.safetensors", mode: "a" }), CATALOGUE);
  assert.equal(types.size, 0);
  assert.equal(files.length, 1);
  assert.equal(files[0]?.suggested, "sd/v1-5-pruned.safetensors");
});

test("a choice that is no file, and a file that is there, are not missing", () => {
  const doc = docWith("Loader", { ckpt: "xl.safetensors", mode: "gone" });
  assert.deepEqual(findMissing(doc, CATALOGUE).files, []);
});

test("what is merely the least unlike, or no file, is not suggested", () => {
  const [file] = findMissing(docWith("Loader", { words: "emojibase-data-17.0.0.tgz" }), CATALOGUE).files;
  assert.equal(file?.suggested, undefined);
  assert.deepEqual(file?.choices, ["none", "fluent-emoji-flat-1.2.3.tgz"]);
  const none = findMissing(docWith("Loader", { words: "none.tgz" }), CATALOGUE).files;
  assert.equal(none[0]?.suggested, undefined);
});

test("a file that several nodes ask for is missing once, with all who ask", () => {
  const doc = docWith("Loader", { ckpt: "gone.safetensors", spare: "gone.safetensors" });
  addTo(doc, "Loader", { ckpt: "gone.safetensors" });
  const { files } = findMissing(doc, CATALOGUE);
  assert.deepEqual(files.map(({ value, uses }) => [value, uses.map(({ input }) => input)]), [
    ["gone.safetensors", ["ckpt", "ckpt"]], ["gone.safetensors", ["spare"]],
  ], "where other files are offered is another choice");
});

test("nodes of types that are not installed are counted", () => {
  assert.deepEqual([...findMissing(docWith("Pack.Node", {}), CATALOGUE).types], [["Pack.Node", 1]]);
});

test("the same file in another folder comes first", () => {
  const choices = ["loras/add-detail-xl.safetensors", "sdxl/add_detail.safetensors", "old\\add-detail.safetensors"];
  assert.equal(nearest("add-detail.safetensors", choices), "old\\add-detail.safetensors");
  assert.equal(nearest("x.safetensors", ["none"]), undefined);
});

test("nodes of the canvas alone are not missing, nor are files of nodes that do not run", () => {
  const doc = docWith("SetNode", {});
  addTo(doc, "GetNode", {});
  addTo(doc, "Loader", { ckpt: "gone.safetensors" }, "bypass");
  addTo(doc, "NotHere", {}, "bypass");
  const { types, files } = findMissing(doc, CATALOGUE);
  assert.deepEqual([...types], [["NotHere", 1]]);
  assert.deepEqual(files, []);
});
