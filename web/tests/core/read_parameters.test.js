/** Pictures of Stable Diffusion WebUI say in a text how they were made. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { readParameters } from "../../src/core/convert/read_parameters.js";
import { CATALOGUE, tries } from "./fixtures.js";

const TEXT = `a red apple, (shiny:1.2),
on a table <lora:foo bar:0.8>
Negative prompt: blurry,
dark
Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 12345, Size: 512x768, Model hash: abc, Model: v1-5-pruned, Clip skip: 2, Hires upscale: 2, ControlNet 0: "Module: canny, Weight: 1", Version: v1.10`;

/** @param {string} text */
function nodesOf(text) {
  const read = readParameters(text);
  assert.ok(read);
  const nodes = /** @type {{ class_type: string, inputs: { [name: string]: any } }[]} */ (/** @type {unknown} */ (Object.values(read.prompt)));
  return { ...read, nodes, of: (/** @type {string} */ type) => nodes.filter(({ class_type: one }) => one === type).map(({ inputs }) => inputs) };
}

test("prompts, sampler, size, model, LoRA and skipped layers become nodes", () => {
  const { of, ignored } = nodesOf(TEXT);
  assert.deepEqual(of("CheckpointLoaderSimple"), [{ ckpt_name: "v1-5-pruned.safetensors" }]);
  assert.deepEqual(of("LoraLoader"), [{ lora_name: "foo bar.safetensors", strength_model: 0.8, strength_clip: 0.8, model: ["1", 0], clip: ["1", 1] }]);
  assert.deepEqual(of("CLIPSetLastLayer"), [{ stop_at_clip_layer: -2, clip: ["2", 1] }]);
  assert.deepEqual(of("CLIPTextEncode").map(({ text }) => text), ["a red apple, (shiny:1.2),\non a table", "blurry,\ndark"]);
  assert.deepEqual(of("EmptyLatentImage"), [{ width: 512, height: 768, batch_size: 1 }]);
  const [sampler] = of("KSampler");
  const { seed, steps, cfg, sampler_name: name, scheduler, denoise } = sampler ?? {};
  assert.deepEqual([seed, steps, cfg, name, scheduler, denoise], [12345, 20, 7.5, "dpmpp_2m", "karras", 1]);
  assert.deepEqual(ignored, ["Hires upscale", "ControlNet 0"]);
});

test("it opens as a graph whose nodes are all connected", () => {
  const { doc, problems } = readWorkflow(nodesOf(TEXT.replace(/<lora.*>/, "").replace("Clip skip: 2, ", "")).prompt, CATALOGUE);
  assert.deepEqual(problems.filter(({ severity }) => severity === "error"), []);
  assert.deepEqual([...doc.root.nodes.values()].map(({ type }) => type).sort(), [
    "CLIPTextEncode", "CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "SaveImage", "VAEDecode",
  ]);
  assert.equal(doc.root.links.size, 9);
});

test("a schedule of its own, none, and names nobody knows", () => {
  const sampling = (/** @type {string} */ line) => {
    const [inputs] = nodesOf(`x\nSteps: 5, ${line}`).of("KSampler");
    return [inputs?.["sampler_name"], inputs?.["scheduler"]];
  };
  assert.deepEqual(sampling("Sampler: Euler a"), ["euler_ancestral", "normal"]);
  assert.deepEqual(sampling("Sampler: DPM++ SDE, Schedule type: SGM Uniform"), ["dpmpp_sde", "sgm_uniform"]);
  assert.deepEqual(sampling("Sampler: Restart, Schedule type: Align Your Steps"), ["Restart", "Align Your Steps"], "they are not replaced in silence");
});

test("without the last line it is no such text", () => {
  for (const text of ["", "a red apple", "Negative prompt: x", "Steps: many", "{\"Steps\": 20}"]) assert.equal(readParameters(text), undefined);
});

test("hostile texts end in time, and give plain nodes or nothing", () => {
  for (const bad of [`Steps: 1, ${"a:".repeat(100_000)}`, `Steps: 1, x: "${"\\".repeat(200_001)}`, `${"<lora:".repeat(100_000)}\nSteps: 1`, `Steps: 1, __proto__: x, constructor: y, Seed: 1e999, Size: 99999999x1, CFG scale: Infinity`]) {
    const { of } = nodesOf(bad);
    const [sampler] = of("KSampler");
    assert.deepEqual([sampler?.["steps"], "seed" in (sampler ?? {}), "cfg" in (sampler ?? {})], [1, false, false]);
  }
  fc.assert(fc.property(fc.string(), fc.string(), (above, line) => {
    const { prompt } = readParameters(`${above}\nSteps: 1${line}`) ?? {};
    if (prompt) readWorkflow(JSON.parse(JSON.stringify(prompt)), CATALOGUE);
  }), tries(200));
});
