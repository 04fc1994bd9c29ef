/** Runs that end at chosen nodes, and how what these make is to be seen. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { nothingToRun } from "../../src/state/prompt_problems.js";
import { runUpTo } from "../../src/state/run_to.js";

/** @param {string[]} output @param {boolean} [isOutput] */
const type = (output, isOutput = false) => ({ input: { required: {} }, output, output_node: isOutput });
const INFO = {
  Sampler: type(["LATENT"]), Decode: type(["IMAGE"]), Load: type(["IMAGE", "MASK"]), Threshold: type(["MASK"]),
  Save: type([], true), PreviewImage: type([], true), MaskPreview: type([], true),
};
const CATALOGUE = readObjectInfo(INFO);

/** @param {string} class_type @param {{ [name: string]: any }} [inputs] */
const node = (class_type, inputs = {}) => ({ class_type, inputs });

test("an image that a run ends with is shown on the node that made it", () => {
  const prompt = { 3: node("Sampler"), 8: node("Decode", { samples: ["3", 0] }) };
  const run = runUpTo(prompt, ["8"], CATALOGUE);
  assert.deepEqual(run.prompt, {
    ...prompt,
    "8~shown": { class_type: "PreviewImage", inputs: { images: ["8", 0] }, _meta: { title: "PreviewImage" }, override_display_id: "8" },
  });
  assert.deepEqual(run.ends, ["8", "8~shown"]);
  assert.equal(run.isShown, true);
});

test("a mask is shown where there is no image", () => {
  const run = runUpTo({ 1: node("Threshold"), 2: node("Load") }, ["1", "2"], CATALOGUE);
  assert.equal(run.prompt["1~shown"]?.class_type, "MaskPreview");
  assert.deepEqual(run.prompt["1~shown"]?.inputs, { mask: ["1", 0] });
  assert.equal(run.prompt["2~shown"]?.class_type, "PreviewImage");
});

test("what shows itself, and what makes nothing to be seen, runs as it is", () => {
  const save = { 8: node("Decode"), 9: node("Save", { images: ["8", 0] }) };
  assert.deepEqual(runUpTo(save, ["9"], CATALOGUE), { prompt: save, ends: ["9"], isShown: true });
  const sampler = { 3: node("Sampler") };
  assert.deepEqual(runUpTo(sampler, ["3"], CATALOGUE), { prompt: sampler, ends: ["3"], isShown: false });
  const unknown = { 3: node("Gone") };
  assert.deepEqual(runUpTo(unknown, ["3"], CATALOGUE), { prompt: unknown, ends: ["3"], isShown: false });
});

test("a subgraph shows what it ends with; a node in it that was chosen shows itself", () => {
  const prompt = { "5:1": node("Decode"), "5:2": node("Decode", { image: ["5:1", 0] }), 7: node("Sampler") };
  const whole = runUpTo(prompt, ["5"], CATALOGUE);
  assert.deepEqual(whole.ends, ["5:1", "5:2", "5:2~shown"]);
  assert.equal(whole.prompt["5:2~shown"]?.override_display_id, "5");
  const inside = runUpTo(prompt, ["5:1"], CATALOGUE);
  assert.deepEqual(inside.ends, ["5:1", "5:1~shown"]);
  assert.equal(inside.prompt["5:1~shown"]?.override_display_id, "5:1");
});

test("without a viewer in the catalogue nothing is added", () => {
  const catalogue = readObjectInfo({ Decode: INFO.Decode });
  const run = runUpTo({ 8: node("Decode") }, ["8"], catalogue);
  assert.deepEqual(run.ends, ["8"]);
  assert.equal(run.isShown, false);
});

test("why there is no prompt tells a part of a workflow from the whole", () => {
  const i18n = { t: (/** @type {string} */ key) => key };
  assert.equal(nothingToRun(i18n).message, "errors.prompt.prompt_no_outputs");
  assert.equal(nothingToRun(i18n, ["4"]).message, "running.noTarget");
});
