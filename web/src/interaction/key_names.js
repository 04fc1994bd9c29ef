/**
 * Names of key strokes as commands write them: "Mod+Shift+Z", "Delete", "F8". "Mod" is Ctrl, on a
 * Mac ⌘.
 */

/** @typedef {Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">} KeyStroke */

const MODIFIER_KEYS = new Set(["Control", "Meta", "Alt", "Shift", "AltGraph", "CapsLock", "Dead", "Process"]);
const ORDER = ["Mod", "Ctrl", "Meta", "Alt", "Shift"];

/**
 * @param {KeyStroke} stroke
 * @param {boolean} mac
 * @returns {string} "" for a modifier alone.
 */
export function strokeName(stroke, mac) {
  const key = baseKey(stroke);
  if (key === "") return "";
  const parts = [];
  if (mac ? stroke.metaKey : stroke.ctrlKey) parts.push("Mod");
  if (mac && stroke.ctrlKey) parts.push("Ctrl");
  if (!mac && stroke.metaKey) parts.push("Meta");
  if (stroke.altKey) parts.push("Alt");
  if (stroke.shiftKey) parts.push("Shift");
  return [...parts, key].join("+");
}

/**
 * The key by what it writes, or by its place where layouts or modifiers make it write something
 * else than a Latin letter or a digit (Alt on a Mac, Cyrillic, Shift+1).
 * @param {KeyStroke} stroke
 */
function baseKey({ key, code }) {
  if (MODIFIER_KEYS.has(key)) return "";
  if (key === " ") return "Space";
  if (/^[a-z]$/i.test(key)) return key.toUpperCase();
  const placed = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(code);
  if (placed?.[1]) return placed[1];
  return key === "+" ? "Plus" : key;
}

/**
 * One spelling for every way to write a stroke: "shift+mod+z" is "Mod+Shift+Z".
 * @param {string} keys
 */
export function normalKeys(keys) {
  const parts = keys.split("+").map((part) => part.trim()).filter((part) => part !== "");
  const key = parts.pop() ?? "";
  const known = ORDER.filter((name) => parts.some((part) => part.toLowerCase() === name.toLowerCase()));
  return [...known, key.length === 1 ? key.toUpperCase() : key].join("+");
}

/**
 * How a stroke is shown to people.
 * @param {string} keys
 * @param {boolean} mac
 */
export function keysText(keys, mac) {
  const signs = mac
    ? { Mod: "⌘", Alt: "⌥", Shift: "⇧", Ctrl: "⌃" }
    : { Mod: "Ctrl", Alt: "Alt", Shift: "Shift", Ctrl: "Ctrl" };
  const names = new Map(Object.entries({
    ...signs, ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Plus: "+", Escape: "Esc",
  }));
  return keys.split("+").map((part) => names.get(part) ?? part).join(mac ? "" : "+");
}
