/** @import { JsonObject } from "./types.d.ts" */

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
  const line = JSON.stringify(value) ?? "nothing";
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
