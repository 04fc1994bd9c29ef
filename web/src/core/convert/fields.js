/**
 * Readers of single fields of files nobody vouches for.
 *
 * @import { Json, JsonObject, Point } from "../types.d.ts"
 */

import { isObject } from "../json.js";

/** Coordinates further out are no place anyone has put a node; pixels at zoom 1. */
const FURTHEST = 1e7;

/**
 * @param {Json | undefined} value
 * @returns {Json[]}
 */
export function listOf(value) {
  return Array.isArray(value) ? value : [];
}

/**
 * @param {Json | undefined} value
 * @returns {JsonObject}
 */
export function objectOf(value) {
  return isObject(value) ? value : {};
}

/** @param {Json | undefined} value */
export function text(value) {
  return typeof value === "string" ? value : undefined;
}

/** @param {Json | undefined} value */
export function wholeNumber(value) {
  return Number.isSafeInteger(value) ? /** @type {number} */ (value) : undefined;
}

/**
 * Return a coordinate or length, to a thousandth of a pixel.
 *
 * @param {Json | undefined} value
 * @param {number} otherwise when it is no number
 */
export function number(value, otherwise) {
  if (typeof value !== "number" || !Number.isFinite(value)) return otherwise;
  return Math.round(Math.max(-FURTHEST, Math.min(FURTHEST, value)) * 1000) / 1000;
}

/**
 * Return a pair of numbers, written `[x, y]` or `{"0": x, "1": y}`.
 *
 * @param {Json | undefined} value
 * @param {Point} [otherwise]
 * @returns {Point}
 */
export function point(value, otherwise = { x: 0, y: 0 }) {
  const [x, y] = Array.isArray(value) ? value : [objectOf(value)["0"], objectOf(value)["1"]];
  return { x: number(x, otherwise.x), y: number(y, otherwise.y) };
}
