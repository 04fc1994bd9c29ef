/** Steps of a text field's own undo. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FieldEdits, writeText } from "../../src/controls/field_edits.js";

globalThis.InputEvent ??= /** @type {any} */ (class extends Event {});

/** @type {any} */
let field;
let now = 0;
/** @type {FieldEdits} */
let edits;

beforeEach(() => {
  now = 0;
  field = {
    value: "", caret: -1, ownerDocument: { activeElement: null }, dispatchEvent: () => edits.note(),
    setSelectionRange: (/** @type {number} */ start) => { field.caret = start; },
  };
  field.ownerDocument.activeElement = field;
  edits = new FieldEdits(field, () => now);
});

/** @param {string} text @param {number} after milliseconds */
function type(text, after) {
  now += after;
  field.value = text;
  edits.note();
}

test("what is typed without a pause is one step, and a pause begins another", () => {
  type("o", 5000);
  type("on", 900);
  type("one", 900);
  type("one t", 1100);
  assert.equal(edits.step(-1), true);
  assert.equal(field.value, "one");
  assert.equal(edits.step(-1), true);
  assert.equal(field.value, "");
  assert.equal(edits.step(-1), false);
  assert.equal(edits.step(1) && edits.step(1), true);
  assert.equal(field.value, "one t");
  assert.equal(edits.step(1), false);
});

test("typing after undo begins a step and forgets what was undone", () => {
  type("one", 5000);
  type("one two", 5000);
  edits.step(-1);
  type("one x", 1);
  assert.equal(edits.step(1), false);
  edits.step(-1);
  assert.equal(field.value, "one");
});

test("what was given to the field from elsewhere is not its own to take back", () => {
  type("one", 5000);
  field.value = "given";
  assert.equal(edits.step(-1), false);
  assert.equal(field.value, "given");
  type("given more", 1);
  assert.equal(edits.step(-1), true);
  assert.equal(field.value, "given");
});

test("the caret stands where the text changed, in the field that has the keys alone", () => {
  field.value = "a red cat";
  writeText(field, "a cat");
  assert.equal(field.caret, 1);
  writeText(field, "a black cat");
  assert.equal(field.caret, 7);
  field.ownerDocument.activeElement = null;
  writeText(field, "");
  assert.equal(field.caret, 7);
});
