/** @import { JsonObject } from "./types.d.ts" */

/** Begins the texts that stand for large integers on their way; no file can know it. */
const MARK = `integer ${String(Math.random()).slice(2)} `;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, "g");
const MAYBE_LARGE = /(?:^|[^\d.])\d{16,}(?![\d.eE])/;
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Decode JSON; integers that numbers are not exact for become BigInts.
 *
 * @param {string} text
 * @returns {any} as `JSON.parse` does
 * @throws {SyntaxError}
 */
export function parseJson(text) {
  const rounded = JSON.parse(text);
  if (!MAYBE_LARGE.test(text)) return rounded;
  const marked = text.replace(TEXT_OR_NUMBER, (token) => (isLarge(token) ? `"${MARK}${token}"` : token));
  return marked === text ? rounded : unmarked(JSON.parse(marked));
}

/**
 * Put the integers in place of the texts that stand for them. Not a reviver: deep files would
 * overflow its stack.
 *
 * @param {any} value changed in place
 */
function unmarked(value) {
  /** @type {any[]} */
  const root = [value];
  /** @type {any[]} */
  const waiting = [root];
  for (const parent of waiting) {
    for (const [key, part] of Object.entries(parent)) {
      if (typeof part === "object" && part !== null) waiting.push(part);
      else if (typeof part === "string" && part.startsWith(MARK)) parent[key] = BigInt(part.slice(MARK.length));
    }
  }
  return root[0];
}

/** @param {string} token */
function isLarge(token) {
  return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
}

/**
 * Encode as JSON; BigInts become the integers they are.
 *
 * @param {unknown} value
 * @param {number} [indent] spaces per level; without, all stands on one line
 * @returns {string}
 */
export function jsonText(value, indent) {
  try {
    // With one argument it is fastest, and overflows no stack in browsers of today.
    return indent === undefined ? JSON.stringify(value) : JSON.stringify(value, null, indent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // what is left: it holds BigInts, or a circle
  }
  const marked = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${MARK}${part}` : part), indent);
  return marked.replaceAll(MARKED, "$1");
}

/**
 * Tell whether a decoded JSON value is an object, not a list.
 *
 * @param {unknown} value
 * @returns {value is JsonObject}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Return a value as one short line for a message.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function shorten(value) {
  const line = jsonText(value) ?? "nothing";
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/**
 * Return an object without some of its keys.
 *
 * @param {JsonObject} entry
 * @param {ReadonlySet<string>} known
 * @returns {JsonObject | undefined} undefined when nothing is left
 */
export function rest(entry, known) {
  const left = Object.entries(entry).filter(([key]) => !known.has(key));
  return left.length ? Object.fromEntries(left) : undefined;
}

/**
 * Return an object's own value; names in files may be those of inherited ones ("constructor").
 *
 * @template T
 * @param {{ readonly [key: string]: T } | undefined} entry
 * @param {string} key
 * @returns {T | undefined}
 */
export function own(entry, key) {
  return entry && Object.hasOwn(entry, key) ? entry[key] : undefined;
}
