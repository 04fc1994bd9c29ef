/**
 * Colour and shape of every socket type. Types are told apart by shape as well, so that no pair of
 * common types relies on hue alone. Colours are names of variables of styles/theme.css.
 */

/** @typedef {"circle" | "square" | "diamond" | "triangle" | "hexagon" | "ring"} SocketShape */
/** @typedef {{ readonly token: string, readonly shape: SocketShape }} TypeStyle */

/** @type {ReadonlyMap<string, TypeStyle>} */
const KNOWN = new Map(Object.entries({
  MODEL: style("model", "diamond"),
  CLIP: style("clip", "square"),
  VAE: style("vae", "triangle"),
  CONDITIONING: style("conditioning", "hexagon"),
  LATENT: style("latent", "square"),
  IMAGE: style("image", "circle"),
  MASK: style("mask", "ring"),
  CONTROL_NET: style("control-net", "diamond"),
  CLIP_VISION: style("clip", "hexagon"),
  CLIP_VISION_OUTPUT: style("clip", "triangle"),
  STYLE_MODEL: style("model", "triangle"),
  UPSCALE_MODEL: style("model", "hexagon"),
  GLIGEN: style("conditioning", "diamond"),
  SAMPLER: style("sampler", "hexagon"),
  SIGMAS: style("sigmas", "triangle"),
  NOISE: style("noise", "diamond"),
  GUIDER: style("guider", "triangle"),
  AUDIO: style("audio", "triangle"),
  VIDEO: style("video", "square"),
  INT: style("int", "circle"),
  FLOAT: style("float", "ring"),
  STRING: style("string", "square"),
  BOOLEAN: style("boolean", "diamond"),
  COMBO: style("combo", "square"),
  "*": style("any", "ring"),
}));

const SPARE_NAMES = ["model", "clip", "conditioning", "latent", "image", "mask", "guider", "audio", "sampler"];
/** @type {readonly SocketShape[]} */
const SPARE_SHAPES = ["hexagon", "diamond", "triangle", "square", "circle"];

/** Every variable a style may name, for whoever reads their values. */
export const TYPE_TOKENS = [...new Set([...KNOWN.values()].map(({ token }) => token))];

/** @type {Map<string, TypeStyle>} */
const cache = new Map();

/**
 * A type nobody listed gets a colour and a shape from its name, the same on every machine.
 * @param {string} type "LATENT", "IMAGE,MASK" (looks like its first, as a ring) or "*".
 * @returns {TypeStyle}
 */
export function typeStyle(type) {
  let found = cache.get(type);
  if (!found) {
    found = pick(type);
    cache.set(type, found);
  }
  return found;
}

/** @param {string} type @returns {TypeStyle} */
function pick(type) {
  if (type === "") return typeStyle("*");
  const comma = type.indexOf(",");
  if (comma >= 0) return { token: typeStyle(type.slice(0, comma)).token, shape: "ring" };
  return KNOWN.get(type) ?? spare(type);
}

/** @param {string} type @returns {TypeStyle} */
function spare(type) {
  let hash = 2166136261; // FNV-1a, 32 bit
  for (let at = 0; at < type.length; at += 1) {
    hash = Math.imul(hash ^ type.charCodeAt(at), 16777619) >>> 0;
  }
  const name = SPARE_NAMES[hash % SPARE_NAMES.length] ?? "any";
  const shape = SPARE_SHAPES[(hash >>> 8) % SPARE_SHAPES.length] ?? "circle";
  return style(name, shape);
}

/** @param {string} name @param {SocketShape} shape @returns {TypeStyle} */
function style(name, shape) {
  return { token: `--type-${name}`, shape };
}
