/**
 * What is offered before anything is typed, until someone's own habits are known: by the wire in
 * hand, the node types that most workflows continue with.
 */

/** @typedef {import("../app_types.js").PaletteFilter} PaletteFilter */

const START = [
  "CheckpointLoaderSimple", "CLIPTextEncode", "EmptyLatentImage", "KSampler", "VAEDecode", "SaveImage", "PreviewImage", "LoadImage",
  "VAEEncode", "LoraLoader", "ControlNetLoader", "ControlNetApplyAdvanced", "ImageScale", "MarkdownNote",
];

/** Node types that take a wire of that type. @type {ReadonlyMap<string, readonly string[]>} */
const TAKES = new Map(Object.entries({
  MODEL: ["KSampler", "LoraLoader", "KSamplerAdvanced", "BasicScheduler", "CFGGuider", "BasicGuider"],
  CLIP: ["CLIPTextEncode", "LoraLoader", "CLIPSetLastLayer"],
  VAE: ["VAEDecode", "VAEEncode", "VAEEncodeForInpaint"],
  CONDITIONING: ["KSampler", "ControlNetApplyAdvanced", "ConditioningCombine", "ConditioningZeroOut", "CFGGuider"],
  LATENT: ["VAEDecode", "KSampler", "LatentUpscaleBy", "LatentUpscale", "SetLatentNoiseMask"],
  IMAGE: ["PreviewImage", "SaveImage", "VAEEncode", "ImageScale", "ImageScaleBy", "ControlNetApplyAdvanced"],
  MASK: ["SetLatentNoiseMask", "VAEEncodeForInpaint", "InvertMask", "GrowMask", "MaskToImage", "ImageCompositeMasked"],
  CONTROL_NET: ["ControlNetApplyAdvanced"],
  NOISE: ["SamplerCustomAdvanced"],
  GUIDER: ["SamplerCustomAdvanced"],
  SAMPLER: ["SamplerCustomAdvanced"],
  SIGMAS: ["SamplerCustomAdvanced"],
}));

/** Node types that give one. @type {ReadonlyMap<string, readonly string[]>} */
const GIVES = new Map(Object.entries({
  MODEL: ["CheckpointLoaderSimple", "LoraLoader", "UNETLoader"],
  CLIP: ["CheckpointLoaderSimple", "LoraLoader", "CLIPLoader", "CLIPSetLastLayer"],
  VAE: ["CheckpointLoaderSimple", "VAELoader"],
  CONDITIONING: ["CLIPTextEncode", "ControlNetApplyAdvanced", "ConditioningCombine", "ConditioningZeroOut"],
  LATENT: ["EmptyLatentImage", "VAEEncode", "KSampler", "LatentUpscaleBy", "VAEEncodeForInpaint"],
  IMAGE: ["LoadImage", "VAEDecode", "ImageScale", "ImageScaleBy"],
  MASK: ["LoadImage", "LoadImageMask", "ImageToMask", "SolidMask"],
  CONTROL_NET: ["ControlNetLoader"],
  NOISE: ["RandomNoise", "DisableNoise"],
  GUIDER: ["CFGGuider", "BasicGuider"],
  SAMPLER: ["KSamplerSelect"],
  SIGMAS: ["BasicScheduler"],
  INT: ["PrimitiveInt"],
  FLOAT: ["PrimitiveFloat"],
  STRING: ["PrimitiveStringMultiline", "PrimitiveString"],
}));

/**
 * @param {readonly PaletteFilter[]} filters
 * @returns {readonly string[]} Names of types, best first; none where nothing is known.
 */
export function firstChoices(filters) {
  const [filter, ...more] = filters;
  if (!filter) return START;
  if (more.length > 0) return [];
  return (filter.from === "output" ? TAKES : GIVES).get(filter.type) ?? [];
}

const COMMON = new Map([...new Set([START, ...TAKES.values(), ...GIVES.values()].flat())].map((name, index) => [name, index]));

/**
 * @param {string} name of a node type
 * @returns {number | undefined} Its place among the common ones, 0 first; none for all others.
 */
export function commonPlace(name) {
  return COMMON.get(name);
}
