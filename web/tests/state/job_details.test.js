/** What tells runs of one workflow from one another in the queue. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { detailsOf, notedDetails } from "../../src/state/job_details.js";

const BATCH = { number: 2, count: 5 };

/** @param {{ [name: string]: import("../../src/core/types.js").Json }} inputs */
function prompt(inputs) {
  return { 1: { class_type: "A", inputs: { model: ["2", 0] } }, 2: { class_type: "B", inputs } };
}

test("a run is told by its seed, of any size", () => {
  assert.deepEqual(detailsOf(prompt({ text: "a cat", seed: 2n ** 63n }), BATCH), { ...BATCH, seed: "9223372036854775808" });
  assert.deepEqual(detailsOf(prompt({ noise_seed: 7 }), BATCH), { ...BATCH, seed: "7" });
});

test("a run without a seed of its own is told by how its text begins", () => {
  const inputs = { seed: ["9", 0], text: " one two\nthree four five six seven" };
  assert.deepEqual(detailsOf(prompt(inputs), BATCH), { ...BATCH, text: "one two three four five six…" });
});

test("a text without spaces is cut, never within a letter", () => {
  const text = "𠮷".repeat(2000);
  assert.deepEqual(detailsOf(prompt({ text }), BATCH), { ...BATCH, text: `${"𠮷".repeat(48)}…` });
});

test("what was noted with a job is what it was told by", () => {
  for (const sent of [prompt({ seed: 7 }), prompt({ text: "a cat" }), prompt({})]) {
    const details = detailsOf(sent, BATCH);
    assert.deepEqual(notedDetails(JSON.parse(JSON.stringify(details))), details);
  }
});

for (const noted of [undefined, null, 3, "x", [], {}, { number: 1 }, { number: 0, count: 1 }, { number: "1", count: 1 }, { ...BATCH, seed: 4 }, { ...BATCH, text: {} }]) {
  test(`a job with other notes is told by none: ${JSON.stringify(noted)}`, () => {
    assert.equal(notedDetails(noted), undefined);
  });
}

test("a run with neither is told by its number", () => {
  assert.deepEqual(detailsOf(prompt({ text: " " }), BATCH), BATCH);
});
