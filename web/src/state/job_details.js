/** What tells one run of a workflow from another: its seed, or else how its text begins. */

/** @import { JobDetails } from "../app_types.js" */
/** @import { ApiPrompt, Json } from "../core/types.js" */

const SEEDS = new Set(["seed", "noise_seed"]);
const TEXTS = new Set(["text", "prompt"]);
const MOST_WORDS = 6;
/** Of a text that writes no spaces between words. */
const MOST_LETTERS = 48;

/**
 * @param {ApiPrompt} prompt
 * @param {{ number: number, count: number }} batch which of how many runs that were asked for at once, from 1
 * @returns {JobDetails}
 */
export function detailsOf(prompt, batch) {
  const seed = firstInput(prompt, SEEDS, (value) => typeof value === "number" || typeof value === "bigint");
  if (seed !== undefined) return { ...batch, seed: String(seed) };
  const text = firstInput(prompt, TEXTS, (value) => typeof value === "string" && value.trim() !== "");
  return text === undefined ? batch : { ...batch, text: beginning(String(text)) };
}

/**
 * What was noted with a job, by this editor before a reload or by any other program.
 * @param {unknown} noted
 * @returns {JobDetails | undefined} undefined: not what `detailsOf` makes
 */
export function notedDetails(noted) {
  const { number, count, seed, text } = /** @type {Partial<JobDetails>} */ (noted ?? {});
  if (!isCount(number) || !isCount(count) || !isText(seed) || !isText(text)) return undefined;
  return { number, count, ...(seed === undefined ? {} : { seed }), ...(text === undefined ? {} : { text }) };
}

/** @param {unknown} value @returns {value is number} */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

/** @param {unknown} value @returns {value is string | undefined} */
function isText(value) {
  return value === undefined || typeof value === "string";
}

/** @param {ApiPrompt} prompt @param {ReadonlySet<string>} names @param {(value: Json) => boolean} fits */
function firstInput(prompt, names, fits) {
  const inputs = Object.values(prompt).flatMap((node) => Object.entries(node.inputs));
  return inputs.find(([name, value]) => names.has(name) && fits(value))?.[1];
}

/** @param {string} text */
function beginning(text) {
  const words = text.trim().split(/\s+/);
  const letters = [...words.slice(0, MOST_WORDS).join(" ")];
  const isWhole = words.length <= MOST_WORDS && letters.length <= MOST_LETTERS;
  return isWhole ? letters.join("") : `${letters.slice(0, MOST_LETTERS).join("")}…`;
}
