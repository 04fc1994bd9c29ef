/** Lines break where browsers break them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { linesIn } from "../../src/core/line_breaks.js";

/** Every letter one wide, those of scripts without spaces two. @param {string} text */
function widthOf(text) {
  return [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? 2 : 1), 0);
}

/** @type {[string, number, number][]} */
const LINES = [
  ["", 10, 0], ["  ", 10, 0], ["word", 10, 1], ["one two", 7, 1], ["one two", 6, 2], ["one two three", 3, 4],
  ["ten letter", 10, 1], ["end of    a", 6, 2], ["abcdefghij", 4, 3], ["x abcdefghij", 4, 4],
  ["字字字字", 8, 1], ["字字字字", 7, 2], ["字字字，", 6, 2], ["字字（字", 6, 2], ["fp8，字", 5, 2],
  ["한국어 글자", 6, 2],
];

for (const [text, room, lines] of LINES) {
  test(`${JSON.stringify(text)} takes ${lines} lines of ${room}`, () => {
    assert.equal(linesIn(text, room, widthOf), lines);
  });
}

test("no text takes fewer lines than its letters fill, or more than it has letters; a wider room never more", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), fc.integer({ min: 2, max: 60 }), (raw, room) => {
    const text = raw.replaceAll(/\s+/g, " ").trim();
    const lines = linesIn(text, room, widthOf);
    const letters = widthOf(text.replaceAll(" ", ""));
    assert.ok(lines >= Math.ceil(letters / room));
    assert.ok(lines <= [...text].length);
    assert.ok(linesIn(text, room + 20, widthOf) <= lines);
  }));
});
