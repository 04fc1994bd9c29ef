/** What the mouse does on the canvas, for the sheet of shortcuts. Pure. */

/** @typedef {import("../interaction/navigation.js").NavigationPreset} NavigationPreset */
/** @typedef {{ readonly title: string, readonly how: string }} Gesture */

/** Texts are "panels.gestures.<name>" and "panels.gestures.<name>.how". */
const ANYWHERE = [
  "add", "connect", "take", "anew", "dot", "insert", "loose", "copy", "grid", "pick", "edges", "open", "branch", "menu",
];
/** Those of which every preset has its own way: "panels.gestures.pan.how.comfy". */
const BY_PRESET = ["pan", "zoom", "frame"];

/**
 * @param {NavigationPreset} preset
 * @param {(key: string, values: { mod: string, alt: string }) => string} t
 * @param {{ mod: string, alt: string }} keys what is written on these keys
 * @returns {Gesture[]}
 */
export function gestures(preset, t, keys) {
  const gesture = (/** @type {string} */ name, variant = "") =>
    ({ title: t(`panels.gestures.${name}`, keys), how: t(`panels.gestures.${name}.how${variant}`, keys) });
  return [...BY_PRESET.map((name) => gesture(name, `.${preset}`)), ...ANYWHERE.map((name) => gesture(name))];
}

/**
 * Gestures whose texts hold every word.
 * @param {readonly Gesture[]} all
 * @param {string} query
 */
export function matchGestures(all, query) {
  const words = query.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ title, how }) => words.every((word) => `${title} ${how}`.toLowerCase().includes(word)));
}
