/** Scripts written for ComfyUI know no BigInt: they get integers beyond 2^53 rounded, as there. */

import { jsonText } from "../../core/json.js";

/** @typedef {import("../../core/types.js").Json} Json */

/** @param {Json | undefined} value of a widget */
export function roundedValue(value) {
  return typeof value === "bigint" ? Number(value) : value;
}

/** @param {unknown} value a workflow or a prompt @returns {any} a copy */
export function roundedCopy(value) {
  return JSON.parse(jsonText(value));
}
