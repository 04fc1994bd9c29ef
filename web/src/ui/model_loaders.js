/** Which node type loads the files of a model folder. Pure. */

import { inputsOfFolder } from "../widgets/choices.js";

/** @typedef {import("../core/types.js").Catalogue} Catalogue */
/** @typedef {import("../core/types.js").NodeType} NodeType */

/** The usual loader, where several types pick from a folder. @type {{ readonly [folder: string]: string }} */
const USUAL = {
  checkpoints: "CheckpointLoaderSimple",
  loras: "LoraLoader",
  vae: "VAELoader",
  diffusion_models: "UNETLoader",
  controlnet: "ControlNetLoader",
  text_encoders: "CLIPLoader",
  upscale_models: "UpscaleModelLoader",
};

/**
 * @param {string} folder
 * @param {Catalogue} catalogue
 * @returns {{ type: NodeType, input: string } | undefined} the type, and its input for the file name
 */
export function loaderOf(folder, catalogue) {
  const inputs = inputsOfFolder(folder);
  const usual = catalogue.get(USUAL[folder] ?? "");
  const all = [...catalogue.values()].filter(({ deprecated }) => !deprecated);
  for (const type of usual ? [usual, ...all] : all) {
    const input = type.inputs.find(({ name, widget }) => widget === "combo" && inputs.includes(name));
    if (input) return { type, input: input.name };
  }
  return undefined;
}
