/** What can be chosen in a menu input, where its pictures are, and which choices match a search. */

/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").InputType} InputType */
/** @typedef {import("../app_types.js").FileReference} FileReference */

/**
 * Model folder by the usual name of the input that picks from it. Node types do not declare the
 * folder; these names are what ComfyUI's loaders and those of packs use.
 * @type {{ readonly [input: string]: string }}
 */
const FOLDERS = {
  ckpt_name: "checkpoints",
  lora_name: "loras",
  vae_name: "vae",
  unet_name: "diffusion_models",
  model_name: "upscale_models",
  control_net_name: "controlnet",
  clip_name: "text_encoders",
  clip_name1: "text_encoders",
  clip_name2: "text_encoders",
  clip_name3: "text_encoders",
  clip_vision_name: "clip_vision",
  style_model_name: "style_models",
  gligen_name: "gligen",
  hypernetwork_name: "hypernetworks",
};

/**
 * The model folder an input picks from.
 * @param {string} input its name
 * @returns {string | undefined} a key of the server's model folders
 */
export function modelFolder(input) {
  return Object.hasOwn(FOLDERS, input) ? FOLDERS[input] : undefined;
}

/** @param {string} folder @returns {string[]} names of inputs that pick from a model folder */
export function inputsOfFolder(folder) {
  return Object.keys(FOLDERS).filter((input) => FOLDERS[input] === folder);
}

/**
 * Address of a model's picture; the answer is empty where there is none.
 * @param {string} folder
 * @param {string} file
 * @param {number} [pathIndex] which of the folder's places
 */
export function modelPreviewPath(folder, file, pathIndex = 0) {
  const name = file.split(/[\\/]/).map(encodeURIComponent).join("/");
  return `/api/experiment/models/preview/${encodeURIComponent(folder)}/${pathIndex}/${name}?absent=empty`;
}

/**
 * The file behind the value of a picture menu: "a/b.png", or "b.png [output]".
 * @param {string} value
 * @param {string} [folder] where it lies when the value does not say
 * @returns {FileReference}
 */
export function fileReference(value, folder = "input") {
  const marked = value.match(/^(.*\S)\s*\[(input|output|temp)\]$/s);
  const path = (marked?.[1] ?? value).replaceAll("\\", "/");
  const cut = path.lastIndexOf("/");
  return { filename: path.slice(cut + 1), subfolder: path.slice(0, Math.max(0, cut)), type: marked?.[2] ?? folder };
}

/**
 * What an upload's answer is as a menu value.
 * @param {import("../app_types.js").UploadAnswer} answer
 * @param {string} [folder] of the menu
 */
export function fileValue({ name, subfolder, type }, folder = "input") {
  const path = subfolder ? `${subfolder}/${name}` : name;
  return type === folder ? path : `${path} [${type}]`;
}

/** @param {InputType} input */
export function imageFolder(input) {
  const folder = input.options["image_folder"];
  return typeof folder === "string" ? folder : "input";
}

/**
 * The choices that hold every word of a search, in their order; those that begin with it first.
 * @template {{ readonly label: string }} Choice
 * @param {readonly Choice[]} choices
 * @param {string} query
 */
export function matchChoices(choices, query) {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return choices;
  const found = choices.filter(({ label }) => {
    const text = fold(label);
    return words.every((word) => text.includes(word));
  });
  const begins = (/** @type {Choice} */ { label }) => fold(baseName(label)).startsWith(words[0] ?? "");
  return [...found.filter(begins), ...found.filter((choice) => !begins(choice))];
}

/** @param {string} text */
function fold(text) {
  return text.normalize("NFKC").toLowerCase();
}

/** @param {string} path */
function baseName(path) {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
