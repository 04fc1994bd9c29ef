/** What a workflow needs and this machine lacks. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Doc } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { findMissing, nearest } from "../../src/state/missing.js";

const CATALOGUE = /** @type {any} */ (new Map([["Loader", {
  name: "Loader",
  inputs: [{ name: "ckpt", choices: ["sd/v1-5-pruned.safetensors", "xl.safetensors"] }, { name: "mode", choices: ["a", "b"] }],
}]]));

/** @param {string} type @param {{ [name: string]: string }} values */
function docWith(type, values) {
  const doc = Doc.empty();
  edit(doc, "edit.addNode", (tx) => void tx.addNode("root", {
    type, x: 0, y: 0, width: 1, height: 1, mode: "normal", inputs: [], outputs: [], values, properties: {},
  }));
  return doc;
}

test("a file that is no choice is missing, with the most similar one", () => {
  const { types, choices } = findMissing(docWith("Loader", { ckpt: "v1-5-pruned-emaonly.safetensors", mode: "a" }), CATALOGUE);
  assert.equal(types.size, 0);
  assert.equal(choices.length, 1);
  assert.equal(choices[0]?.nearest, "sd/v1-5-pruned.safetensors");
});

test("a choice that is no file, and a file that is there, are not missing", () => {
  const doc = docWith("Loader", { ckpt: "xl.safetensors", mode: "gone" });
  assert.deepEqual(findMissing(doc, CATALOGUE).choices, []);
});

test("nodes of types that are not installed are counted", () => {
  assert.deepEqual([...findMissing(docWith("Pack.Node", {}), CATALOGUE).types], [["Pack.Node", 1]]);
});

test("the same file in another folder comes first", () => {
  const choices = ["loras/add-detail-xl.safetensors", "sdxl/add_detail.safetensors", "old\\add-detail.safetensors"];
  assert.equal(nearest("add-detail.safetensors", choices), "old\\add-detail.safetensors");
  assert.equal(nearest("x.safetensors", []), undefined);
});
