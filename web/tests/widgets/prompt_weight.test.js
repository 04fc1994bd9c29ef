import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { changeWeight } from "../../src/widgets/prompt_weight.js";

/**
 * Apply a change to a text whose selection stands between two "|" (or one, for a caret).
 * @param {string} marked
 * @param {number} by
 */
function weigh(marked, by) {
  const start = marked.indexOf("|");
  const end = marked.lastIndexOf("|");
  const text = marked.replaceAll("|", "");
  const change = changeWeight(text, start, end === start ? start : end - 1, by);
  if (!change) return marked;
  const { start: from, end: to, text: put, selection } = change;
  const result = text.slice(0, from) + put + text.slice(to);
  return `${result.slice(0, selection.start)}|${result.slice(selection.start, selection.end)}|${result.slice(selection.end)}`;
}

/** @type {readonly [string, number, string][]} */
const CASES = [
  ["a c|at, a dog", 0.1, "a (|cat|:1.1), a dog"],
  ["|long hair|, blue", 0.05, "(|long hair|:1.05), blue"],
  ["| long hair |, blue", 0.05, " (|long hair|:1.05) , blue"],
  ["(|long hair|:1.1)", 0.1, "(|long hair|:1.2)"],
  ["(long h|air:1.1)", -0.2, "(|long hair|:0.9)"],
  ["(long h|air:1.1)", -0.1, "|long hair|"],
  ["|(long hair:1.1)|", 0.1, "(|long hair|:1.2)"],
  ["(long h|air)", 0.1, "(|long hair|:1.2)"],
  ["一个女孩，长|发", 0.1, "一个女孩，(|长发|:1.1)"],
  ["((a:1.2) b|:0.5)", 0.1, "(|(a:1.2) b|:0.6)"],
  ["(|cat|, dog:1.3)", 0.1, "((|cat|:1.1), dog:1.3)"],
  [" | ", 0.1, " | "],
];

for (const [before, by, after] of CASES) {
  test(`${before} ${by > 0 ? "+" : ""}${by} gives ${after}`, () => assert.equal(weigh(before, by), after));
}

test("an escaped parenthesis is no emphasis", () => {
  const text = "a (b \\(cat sits\\):1.2)";
  const change = changeWeight(text, text.indexOf("sits"), text.indexOf("sits"), 0.1);
  assert.deepEqual([change?.start, change?.text], [2, "(b \\(cat sits\\):1.3)"]);
});

test("up and down again gives the text back", () => {
  fc.assert(fc.property(fc.constantFrom("cat", "long hair", "猫"), fc.integer({ min: 1, max: 8 }), (text, count) => {
    let [now, start, end] = [`a, ${text}, b`, 3, 3 + text.length];
    for (const by of [...Array(count).fill(0.05), ...Array(count).fill(-0.05)]) {
      const change = changeWeight(now, start, end, by);
      assert.ok(change);
      now = now.slice(0, change.start) + change.text + now.slice(change.end);
      ({ start, end } = change.selection);
    }
    assert.equal(now, `a, ${text}, b`);
  }));
});
