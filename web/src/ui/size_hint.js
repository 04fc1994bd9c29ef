/** Says when a picture is to be of a far other size than its model was made for, as the model's file tells. */

/** @import { Api, App, Tab } from "../app_types.js" */
/** @import { ApiPrompt, ApiNode } from "../core/types.js" */

import { cutTo } from "../core/convert/to_api.js";
import { ApiError } from "../net/api_error.js";

/** @typedef {{ readonly width: number, readonly height: number }} Size in pixels */
/** @typedef {{ readonly latent: string, readonly size: Size, readonly files: string[] }} Beginning an empty latent, and the addresses of what its sampler's models tell */

/** More than this times as long or as short a side is far. */
const FAR = 2;
/** Inputs that name a file with a diffusion model, and the folder of its files. @type {{ [input: string]: string }} */
const FOLDERS = { ckpt_name: "checkpoints", unet_name: "diffusion_models" };
const CODE = "far_size";
/** What was said in a message; the mark on the node comes with each run. @type {WeakMap<Tab, Set<string>>} */
const said = new WeakMap();

/**
 * @param {Pick<App, "api" | "i18n" | "ui">} app
 * @param {ApiPrompt} prompt
 * @param {Tab} tab whose prompt it is
 */
export async function hintAtSize({ api, i18n, ui }, prompt, tab) {
  for (const { latent, size, files } of beginningsOf(prompt)) {
    const made = (await Promise.all(files.map((path) => madeFor(api, path)))).find((one) => one !== undefined);
    if (!made || !isFar(size, made)) continue;
    const message = i18n.t("running.farSize", { made: `${made.width} × ${made.height}`, size: `${size.width} × ${size.height}` });
    tab.problems.update((known) => known.some(({ code, executionId }) => code === CODE && executionId === latent)
      ? known : [...known, { severity: "warning", code: CODE, message, executionId: latent, ofCheck: true }]);
    const before = said.get(tab) ?? new Set();
    if (!before.has(message)) ui.toast("warn", message);
    said.set(tab, before.add(message));
  }
}

/**
 * The empty latents that samplers begin with, where their sizes stand in the prompt.
 * @param {ApiPrompt} prompt
 * @returns {Beginning[]}
 */
export function beginningsOf(prompt) {
  return Object.values(prompt).flatMap(({ inputs }) => {
    const latent = sourceOf(inputs["latent_image"]), model = sourceOf(inputs["model"] ?? inputs["guider"]);
    const made = prompt[latent ?? ""];
    if (latent === undefined || model === undefined || made?.class_type !== "EmptyLatentImage") return [];
    const size = { width: Number(made.inputs["width"]), height: Number(made.inputs["height"]) };
    if (!(size.width > 0 && size.height > 0)) return [];
    return [{ latent, size, files: Object.values(cutTo(prompt, [model])).flatMap(filesOf) }];
  });
}

/** @param {ApiNode} node @returns {string[]} */
function filesOf({ inputs }) {
  return Object.entries(FOLDERS).flatMap(([input, folder]) => {
    const name = inputs[input];
    return typeof name === "string" ? [`/api/view_metadata/${folder}?filename=${encodeURIComponent(name)}&absent=empty`] : [];
  });
}

/** @param {unknown} value of an input @returns {string | undefined} the node it is linked to */
function sourceOf(value) {
  return Array.isArray(value) ? String(value[0]) : undefined;
}

/** @param {Pick<Api, "fetch">} api @param {string} path @returns {Promise<Size | undefined>} undefined: the file does not say */
async function madeFor(api, path) {
  try {
    const response = await api.fetch(path);
    if (response.status === 204) return undefined;
    return sizeIn((await response.json())["modelspec.resolution"]);
  } catch (error) {
    // Of a file that is gone or damaged the run tells.
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** "512x768", as the ModelSpec standard has it. @param {unknown} text @returns {Size | undefined} */
export function sizeIn(text) {
  const [, width, height] = /^\s*(\d+)\s*x\s*(\d+)\s*$/i.exec(String(text)) ?? [];
  return Number(width) > 0 && Number(height) > 0 ? { width: Number(width), height: Number(height) } : undefined;
}

/** @param {Size} size @param {Size} made */
export function isFar(size, made) {
  const ratios = [size.width / made.width, size.height / made.height];
  return ratios.some((ratio) => Math.max(ratio, 1 / ratio) > FAR);
}
