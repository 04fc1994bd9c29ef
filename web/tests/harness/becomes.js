/** What a page shows may come a moment later on a busy machine: assertions that wait for it. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

/** How long what is expected may take, in ms; only a failing test takes it. */
const WITHIN = 20_000;
/** Between two looks, in ms. */
const EVERY = 50;

/**
 * Read until it is as expected; after 20 s fail with the last difference.
 *
 * @param {() => unknown} read looks and changes nothing; it is called again and again
 * @param {unknown} expected a value, compared deeply, or what the text read has to match
 * @param {string} [message]
 * @throws {assert.AssertionError} when it never is
 */
export async function becomes(read, expected, message) {
  const deadline = Date.now() + WITHIN;
  let actual = await read();
  while (!isAs(actual, expected) && Date.now() < deadline) {
    await sleep(EVERY);
    actual = await read();
  }
  if (expected instanceof RegExp) assert.match(String(actual), expected, message);
  else assert.deepEqual(actual, expected, message);
}

/** @param {unknown} actual @param {unknown} expected */
function isAs(actual, expected) {
  return expected instanceof RegExp ? expected.test(String(actual)) : isDeepStrictEqual(actual, expected);
}
