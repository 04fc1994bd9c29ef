/** What is said of pictures whose size is far from what their model's file tells. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Doc } from "../../src/core/document.js";
import { ApiError } from "../../src/net/api_error.js";
import { Tab } from "../../src/state/tab.js";
import { beginningsOf, hintAtSize, isFar, sizeIn } from "../../src/ui/size_hint.js";

/** @param {any} width @param {object} [more] further nodes */
function prompt(width, more = {}) {
  return /** @type {any} */ ({
    1: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a b.safetensors" } },
    2: { class_type: "LoraLoader", inputs: { lora_name: "x", model: ["1", 0], clip: ["1", 1] } },
    3: { class_type: "EmptyLatentImage", inputs: { width, height: 64, batch_size: 1 } },
    4: { class_type: "KSampler", inputs: { model: ["2", 0], latent_image: ["3", 0], seed: 1 } },
    ...more,
  });
}

/** @param {() => Response | Promise<Response>} answer what the server says of the file */
function world(answer) {
  /** @type {string[]} */
  const asked = [];
  /** @type {string[]} */
  const told = [];
  const app = /** @type {any} */ ({
    api: { fetch: async (/** @type {string} */ path) => {
      asked.push(path);
      return answer();
    } },
    i18n: { t: (/** @type {string} */ key, /** @type {object} */ values) => `${key} ${Object.values(values).join(" ")}` },
    ui: { toast: (/** @type {string} */ _kind, /** @type {string} */ text) => told.push(text) },
  });
  const tab = new Tab(Doc.empty(), { title: "one" });
  return { app, tab, asked, told, marks: () => tab.problems.get().map(({ executionId, severity }) => [executionId, severity]) };
}

test("a size far from the one in the model's file is told once, and marked at the latent", async () => {
  const { app, tab, asked, told, marks } = world(() => Response.json({ "modelspec.resolution": "64x64" }));
  await hintAtSize(app, prompt(512), tab);
  await hintAtSize(app, prompt(512), tab);
  assert.deepEqual(told, ["running.farSize 64 × 64 512 × 64"]);
  assert.deepEqual(marks(), [["3", "warning"]]);
  assert.equal(asked[0], "/api/view_metadata/checkpoints?filename=a%20b.safetensors&absent=empty");
});

test("nothing is said of a size that is near, or of a model that does not tell", async () => {
  for (const [width, answer] of /** @type {[number, () => Response][]} */ ([
    [128, () => Response.json({ "modelspec.resolution": "64x64" })],
    [512, () => Response.json({ "modelspec.resolution": "large" })],
    [512, () => Response.json({ workflow: "{}" })],
    [512, () => new Response(null, { status: 204 })],
    [512, () => { throw new ApiError("damaged", { status: 400 }); }],
  ])) {
    const { app, tab, told, marks } = world(answer);
    await hintAtSize(app, prompt(width), tab);
    assert.deepEqual([told, marks()], [[], []]);
  }
});

test("only empty latents whose size is known count, with the models of their samplers", () => {
  assert.deepEqual(beginningsOf(prompt(["9", 0])), []);
  const encoded = { 3: { class_type: "VAEEncode", inputs: { pixels: ["8", 0] } } };
  assert.deepEqual(beginningsOf(prompt(512, encoded)), []);
  const guided = {
    4: { class_type: "SamplerCustomAdvanced", inputs: { guider: ["5", 0], latent_image: ["3", 0] } },
    5: { class_type: "BasicGuider", inputs: { model: ["6", 0] } },
    6: { class_type: "UNETLoader", inputs: { unet_name: "u.safetensors" } },
  };
  assert.deepEqual(beginningsOf(prompt(512, guided)), [{
    latent: "3", size: { width: 512, height: 64 }, files: ["/api/view_metadata/diffusion_models?filename=u.safetensors&absent=empty"],
  }]);
});

test("sizes are read and compared side by side", () => {
  assert.deepEqual(sizeIn("512x768"), { width: 512, height: 768 });
  for (const text of [undefined, "", "512", "0x64", "64x64x3"]) assert.equal(sizeIn(text), undefined);
  const made = { width: 64, height: 64 };
  assert.equal(isFar({ width: 128, height: 32 }, made), false);
  assert.equal(isFar({ width: 64, height: 136 }, made), true);
  assert.equal(isFar({ width: 24, height: 64 }, made), true);
});
