/**
 * Reads the text "parameters" with which Stable Diffusion WebUI (AUTOMATIC1111) and its kin say in
 * a picture how it was made: the prompt, a line "Negative prompt: …", and a last line "Steps: 20,
 * Sampler: Euler a, …". It becomes an API prompt.
 *
 * @import { Json, JsonObject } from "../types.d.ts"
 */

/** Their names of samplers, in lower case. @type {ReadonlyMap<string, string>} */
const SAMPLERS = new Map([
  ["euler", "euler"], ["euler a", "euler_ancestral"], ["heun", "heun"], ["lms", "lms"], ["dpm2", "dpm_2"], ["dpm2 a", "dpm_2_ancestral"],
  ["dpm++ 2s a", "dpmpp_2s_ancestral"], ["dpm++ 2m", "dpmpp_2m"], ["dpm++ sde", "dpmpp_sde"], ["dpm++ 2m sde", "dpmpp_2m_sde"],
  ["dpm++ 2m sde heun", "dpmpp_2m_sde_heun"], ["dpm++ 3m sde", "dpmpp_3m_sde"], ["lcm", "lcm"], ["ddim", "ddim"], ["unipc", "uni_pc"],
]);
/** Their names of schedules, in lower case; older files have the first two after the sampler's. @type {ReadonlyMap<string, string>} */
const SCHEDULES = new Map([
  ["karras", "karras"], ["exponential", "exponential"], ["automatic", "normal"], ["normal", "normal"], ["simple", "simple"], ["beta", "beta"],
  ["sgm uniform", "sgm_uniform"], ["kl optimal", "kl_optimal"], ["ddim", "ddim_uniform"],
]);
/** What is used, and what says nothing that a picture depends on. */
const KNOWN = new Set([
  "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model", "Clip skip", "Model hash", "Lora hashes", "TI hashes",
  "Hashes", "Version", "RNG",
]);
const LAST_LINE = /^\s*Steps: \d/;
const NEGATIVE = /^\s*Negative prompt:/;
const FIELD = /([^:,"]{1,80}):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)/g;
const LORA = /<lora:([^:<>]{1,200}):(-?\d{1,6}(?:\.\d{1,6})?)(?::[^<>]{0,80})?>/g;

/**
 * @param {string} text anything
 * @returns {{ prompt: JsonObject, ignored: string[] } | undefined} an API prompt, and which of the
 *   settings it says nothing about; undefined when the text is no such one
 */
export function readParameters(text) {
  const lines = text.split(/\r?\n/);
  const end = lines.findLastIndex((line) => LAST_LINE.test(line));
  if (end < 0) return undefined;
  const fields = fieldsOf(lines[end] ?? "");
  const said = lines.slice(0, end), negativeFrom = said.findIndex((line) => NEGATIVE.test(line));
  const positive = (negativeFrom < 0 ? said : said.slice(0, negativeFrom)).join("\n");
  const negative = negativeFrom < 0 ? "" : said.slice(negativeFrom).join("\n").replace(NEGATIVE, "");
  const ignored = [...fields.keys()].filter((name) => !KNOWN.has(name));
  return { prompt: graphOf(positive, negative, fields), ignored };
}

/** @param {string} line @returns {Map<string, string>} */
function fieldsOf(line) {
  return new Map([...line.matchAll(FIELD)].map(([, name = "", value = ""]) => [name.trim(), value.trim()]));
}

/** @param {string} positive @param {string} negative @param {ReadonlyMap<string, string>} fields @returns {JsonObject} */
function graphOf(positive, negative, fields) {
  const model = fields.get("Model");
  /** @type {{ [id: string]: Json }} */
  const prompt = { 1: node("CheckpointLoaderSimple", model ? { ckpt_name: `${model}.safetensors` } : {}) };
  /** @type {(type: string, inputs: JsonObject) => string} */
  const add = (type, inputs) => {
    const id = String(Object.keys(prompt).length + 1);
    prompt[id] = node(type, inputs);
    return id;
  };
  /** @type {Json} */
  let weights = ["1", 0];
  /** @type {Json} */
  let clip = ["1", 1];
  for (const [, name = "", strength] of positive.matchAll(LORA)) {
    const amount = Number(strength);
    const id = add("LoraLoader", { lora_name: `${name}.safetensors`, strength_model: amount, strength_clip: amount, model: weights, clip });
    [weights, clip] = [[id, 0], [id, 1]];
  }
  const skip = whole(fields.get("Clip skip"));
  if (skip !== undefined && skip > 1) clip = [add("CLIPSetLastLayer", { stop_at_clip_layer: -skip, clip }), 0];
  const [good, bad] = [positive, negative].map((text) => add("CLIPTextEncode", { text: text.replace(LORA, "").trim(), clip }));
  const latent = add("EmptyLatentImage", sizeOf(fields.get("Size") ?? ""));
  const sampled = add("KSampler", { ...samplingOf(fields), denoise: 1, model: weights, positive: [good ?? "", 0], negative: [bad ?? "", 0], latent_image: [latent, 0] });
  add("SaveImage", { images: [add("VAEDecode", { samples: [sampled, 0], vae: ["1", 2] }), 0] });
  return prompt;
}

/** @param {string} type @param {JsonObject} inputs @returns {JsonObject} */
function node(type, inputs) {
  return { class_type: type, inputs };
}

/** @param {ReadonlyMap<string, string>} fields @returns {JsonObject} a name that is not known stays, for the node to say so */
function samplingOf(fields) {
  const given = fields.get("Sampler") ?? "";
  const [, name = given, suffix] = /^(.+?) (karras|exponential)$/i.exec(given) ?? [];
  const schedule = fields.get("Schedule type") ?? suffix ?? "automatic";
  const cfg = Number(fields.get("CFG scale") || NaN);
  const numbers = Object.entries({ seed: whole(fields.get("Seed")), steps: whole(fields.get("Steps")), cfg: Number.isFinite(cfg) ? cfg : undefined });
  return {
    ...Object.fromEntries(numbers.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    sampler_name: SAMPLERS.get(name.toLowerCase()) ?? name,
    scheduler: SCHEDULES.get(schedule.toLowerCase()) ?? schedule,
  };
}

/** @param {string} size "512x768" @returns {JsonObject} */
function sizeOf(size) {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(size) ?? [];
  return width && height ? { width: Number(width), height: Number(height), batch_size: 1 } : {};
}

/** @param {string | undefined} text */
function whole(text) {
  const value = /^\d{1,16}$/.test(text ?? "") ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
