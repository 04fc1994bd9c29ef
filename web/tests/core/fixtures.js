/** Files and shapes several tests use. */

/** @import { JsonObject } from "../../src/core/types.d.ts" */

import { readdirSync, readFileSync } from "node:fs";

import { readObjectInfo } from "../../src/core/catalogue.js";

/** Conversion cases both the engine and the editor are tested with. */
const folder = new URL("../../../tests/graph/fixtures/", import.meta.url);

/** @param {string} name @returns {JsonObject} */
export function fixture(name) {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}

export const CASES = readdirSync(folder)
  .filter((name) => name.endsWith(".canvas.json"))
  .map((name) => name.replace(".canvas.json", ""));

export const CATALOGUE = readObjectInfo(fixture("object_info.json"));

/** The time the cases were written for. */
export const NOW = new Date(2024, 2, 5, 6, 7, 8);

/** `FUZZ=50 npm test` tries fifty times as many cases, other ones each time. */
const FACTOR = Number(process.env.FUZZ ?? 0);

/**
 * How many cases a property is tried with; always the same ones, unless asked for more.
 *
 * @param {number} count
 */
export function tries(count) {
  return FACTOR > 0 ? { numRuns: count * FACTOR } : { numRuns: count, seed: 20240305 };
}
