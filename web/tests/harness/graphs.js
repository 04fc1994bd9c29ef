/** Graphs for pictures and measures: made by rule, the same every time. */

/** @import { Catalogue, NodeType } from "../../src/core/types.js" */
/** @import { Tx } from "../../src/core/edits.js" */

import { readObjectInfo } from "../../src/core/catalogue.js";
import { Doc } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { createNode } from "../../src/core/nodes.js";

/** @param {object} inputs @param {string[]} output @param {object} [more] */
function type(inputs, output, more = {}) {
  return { input: { required: inputs }, output, output_name: output, python_module: "nodes", category: "test", ...more };
}

const SEED = ["INT", { default: 0, min: 0, max: 2 ** 32, control_after_generate: true }];
const SAMPLERS = ["euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_sde"];

/** Like the answer of GET /object_info. */
export const OBJECT_INFO = {
  CheckpointLoaderSimple: type({ ckpt_name: [["sd15.safetensors", "sdxl.safetensors"], {}] }, ["MODEL", "CLIP", "VAE"], { display_name: "Load Checkpoint" }),
  CLIPTextEncode: type({ text: ["STRING", { multiline: true }], clip: ["CLIP", {}] }, ["CONDITIONING"], { display_name: "Encode Prompt" }),
  EmptyLatentImage: type({
    width: ["INT", { default: 512, min: 16, max: 8192, step: 8 }],
    height: ["INT", { default: 512, min: 16, max: 8192, step: 8 }],
    batch_size: ["INT", { default: 1, min: 1, max: 64 }],
  }, ["LATENT"], { display_name: "Empty Latent" }),
  KSampler: type({
    model: ["MODEL", {}], positive: ["CONDITIONING", {}], negative: ["CONDITIONING", {}], latent_image: ["LATENT", {}],
    seed: SEED, steps: ["INT", { default: 20, min: 1, max: 100 }], cfg: ["FLOAT", { default: 7, min: 0, max: 30, step: 0.1 }],
    sampler_name: [SAMPLERS, {}], denoise: ["FLOAT", { default: 1, min: 0, max: 1, step: 0.01 }],
  }, ["LATENT"], { display_name: "Sampler" }),
  VAEDecode: type({ samples: ["LATENT", {}], vae: ["VAE", {}] }, ["IMAGE"], { display_name: "VAE Decode" }),
  VAEEncode: type({ pixels: ["IMAGE", {}], vae: ["VAE", {}] }, ["LATENT"], { display_name: "VAE Encode" }),
  SaveImage: type({ images: ["IMAGE", {}], filename_prefix: ["STRING", { default: "picture" }] }, [], { display_name: "Save Image", output_node: true }),
  LoraLoader: type({ model: ["MODEL", {}], clip: ["CLIP", {}], strength: ["FLOAT", { default: 1, min: -2, max: 2, step: 0.05 }] }, ["MODEL", "CLIP"], { display_name: "Load LoRA" }),
  ImageBlur: type({
    image: ["IMAGE", {}], mask: ["MASK", {}], radius: ["FLOAT", { default: 2, min: 0, max: 64, step: 0.5 }],
    passes: ["INT", { default: 1, min: 1, max: 9 }], edge: [["wrap", "clamp"], {}], invert: ["BOOLEAN", { default: false }],
  }, ["IMAGE", "MASK"], { display_name: "Blur Image" }),
};

/** @returns {Catalogue} */
export function testCatalogue() {
  return readObjectInfo(OBJECT_INFO);
}

/** @param {Catalogue} catalogue @param {string} name @returns {NodeType} */
function typeNamed(catalogue, name) {
  const found = catalogue.get(name);
  if (!found) throw new Error(`The test catalogue has no type "${name}".`);
  return found;
}

/** The text to picture graph everybody knows. @param {Catalogue} catalogue */
export function pictureGraph(catalogue) {
  const doc = Doc.empty();
  edit(doc, "test", (tx) => {
    /** @param {string} name @param {number} x @param {number} y */
    const add = (name, x, y) => tx.addNode("root", createNode(typeNamed(catalogue, name), { x, y }));
    const loader = add("CheckpointLoaderSimple", 0, 120);
    const positive = add("CLIPTextEncode", 320, 0);
    const negative = add("CLIPTextEncode", 320, 240);
    const latent = add("EmptyLatentImage", 380, 480);
    const sampler = add("KSampler", 740, 100);
    const decode = add("VAEDecode", 1040, 100);
    const save = add("SaveImage", 1320, 100);
    link(tx, loader, "MODEL", sampler, "model");
    link(tx, loader, "CLIP", positive, "clip");
    link(tx, loader, "CLIP", negative, "clip");
    link(tx, positive, "CONDITIONING", sampler, "positive");
    link(tx, negative, "CONDITIONING", sampler, "negative");
    link(tx, latent, "LATENT", sampler, "latent_image");
    link(tx, sampler, "LATENT", decode, "samples");
    link(tx, loader, "VAE", decode, "vae");
    link(tx, decode, "IMAGE", save, "images");
  });
  return doc;
}

/** @param {Tx} tx @param {string} from @param {string} output @param {string} to @param {string} input */
function link(tx, from, output, to, input) {
  return tx.connect("root", { from, output, to, input });
}

/**
 * A grid of nodes with four widgets each and 1.5 links per node.
 * @param {Catalogue} catalogue
 * @param {number} count
 */
export function gridGraph(catalogue, count) {
  const doc = Doc.empty();
  const blur = typeNamed(catalogue, "ImageBlur");
  const columns = Math.ceil(Math.sqrt(count * 0.7));
  edit(doc, "test", (tx) => {
    /** @type {string[]} */
    const ids = [];
    for (let at = 0; at < count; at += 1) {
      const place = { x: (at % columns) * 320, y: Math.floor(at / columns) * 280 };
      ids.push(tx.addNode("root", { ...createNode(blur, place), z: at }));
    }
    ids.forEach((id, at) => {
      const before = ids[at - 1];
      if (before) link(tx, before, "IMAGE", id, "image");
      const above = ids[at - columns];
      if (above && at % 2 === 0) link(tx, above, "MASK", id, "mask");
    });
  });
  return doc;
}
