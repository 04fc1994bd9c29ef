/** Integers that numbers are not exact for: files, edits and prompts keep their digits. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { inverse } from "../../src/core/changes.js";
import { copyText, pasteText } from "../../src/core/clipboard.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { writeWorkflow } from "../../src/core/convert/write_canvas.js";
import { edit } from "../../src/core/edits.js";
import { add, exact, wholeBound } from "../../src/core/exact.js";
import { jsonText, parseJson } from "../../src/core/json.js";
import { nextValue } from "../../src/core/seeds.js";
import { restored, snapshot } from "../../src/state/snapshot.js";
import { CATALOGUE, fixture, tries } from "./fixtures.js";

/** @import { Doc } from "../../src/core/document.js" */
/** @import { InputType, Json, JsonObject, SeedControl } from "../../src/core/types.d.ts" */

const LARGEST = 2n ** 64n - 1n;
const LARGE = fc.bigInt({ min: 2n ** 53n, max: LARGEST });
const INTEGER = fc.bigInt({ min: -LARGEST, max: LARGEST });

/** JSON texts with integers in any place; in strings and keys, too, where they are but text. */
/** @type {{ value: fc.Arbitrary<string> }} */
const { value: TEXT } = fc.letrec((/** @type {(key: "value") => fc.Arbitrary<string>} */ tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    INTEGER.map(String),
    INTEGER.map((value) => JSON.stringify(`"seed": ${value}, \\"${value}\\`)),
    fc.constantFrom("null", "true", "0.1", "1.2345678901234567", "-7e-9", '""'),
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie("value")).map((parts) => `[${parts.join(",")}]`),
    fc.uniqueArray(fc.tuple(fc.string(), tie("value")), { selector: ([key]) => key })
      .map((parts) => `{${parts.map(([key, part]) => `${JSON.stringify(`k${key}`)}:${part}`).join(",")}}`),
  ),
}));

/** A workflow with a large integer as a seed, a property and a remark. @param {bigint} large */
function fileWith(large) {
  const { nodes, ...file } = fixture("default_0.4.canvas.json");
  const list = /** @type {JsonObject[]} */ (nodes).map((node) => {
    if (node["type"] !== "KSampler") return node;
    const [, ...values] = /** @type {Json[]} */ (node["widgets_values"]);
    return { ...node, widgets_values: [large, ...values], properties: { kept: [{ large }] } };
  });
  return jsonText({ ...file, nodes: list, extra: { large } });
}

/** @param {string} text */
function opened(text) {
  return readWorkflow(parseJson(text), CATALOGUE).doc;
}

/** @param {Doc} doc */
function sampler(doc) {
  const found = [...doc.root.nodes.values()].find(({ type }) => type === "KSampler");
  assert.ok(found);
  return found;
}

/** @param {Doc} doc @param {Json} large */
function assertHeld(doc, large) {
  assert.equal(sampler(doc).values["seed"], large);
  assert.deepEqual(sampler(doc).properties["kept"], [{ large }]);
}

test("a text with integers of any size comes back byte for byte", () => {
  fc.assert(fc.property(TEXT, (text) => assert.equal(jsonText(parseJson(text)), text)), tries(300));
});

test("an indented text does, too", () => {
  const text = jsonText({ seed: LARGEST, list: [-LARGEST, 1] }, 1);
  assert.equal(text, '{\n "seed": 18446744073709551615,\n "list": [\n  -18446744073709551615,\n  1\n ]\n}');
  assert.equal(jsonText(parseJson(text), 1), text);
});

test("numbers that are exact stay numbers", () => {
  assert.deepEqual(parseJson("[9007199254740991, 9007199254740992, 1e300, 0.12345678901234567890]"), [
    9007199254740991, 9007199254740992n, 1e300, 0.12345678901234568,
  ]);
});

test("a text may be deep, and have keys of all names", () => {
  let value = parseJson(`${"[".repeat(50_000)}${LARGEST}${"]".repeat(50_000)}`);
  while (Array.isArray(value)) [value] = value;
  assert.equal(value, LARGEST);
  const text = `{"__proto__":${LARGEST},"constructor":[${LARGEST}]}`;
  assert.equal(jsonText(parseJson(text)), text);
});

test("what is no JSON is none, however long its numbers", () => {
  for (const text of ["{18446744073709551615: 1}", "[018446744073709551615]", "[18446744073709551615", "184467440737095516 15"]) {
    assert.throws(() => parseJson(text), SyntaxError);
  }
});

test("files, prompts, the clipboard and drafts keep every digit", () => {
  fc.assert(fc.property(LARGE, (large) => {
    const doc = opened(fileWith(large));
    assertHeld(doc, large);
    const written = jsonText(writeWorkflow(doc, CATALOGUE));
    assert.equal(jsonText(writeWorkflow(opened(written), CATALOGUE)), written);
    assert.equal(written.split(String(large)).length, fileWith(large).split(String(large)).length);
    const { prompt } = toApi(doc, CATALOGUE);
    assert.equal(prompt[sampler(doc).id]?.inputs["seed"], large);
    assert.equal(sampler(opened(jsonText(prompt))).values["seed"], large);
    const pasted = pasteText(copyText(doc, "root", { nodes: [sampler(doc).id] }, CATALOGUE), CATALOGUE);
    assert.ok(pasted);
    assertHeld(pasted, large);
    assertHeld(restored(parseJson(jsonText(snapshot(doc))), []).doc, large);
    assertHeld(restored(structuredClone(snapshot(doc)), []).doc, large);
  }), tries(30));
});

test("an edit elsewhere and its undoing leave the file as it was", () => {
  const doc = opened(fileWith(LARGEST));
  const before = jsonText(writeWorkflow(doc, CATALOGUE));
  const { id } = sampler(doc);
  const { changes } = edit(doc, "edit.value", (tx) => tx.setValue("root", id, "seed", LARGEST - 1n));
  assert.equal(sampler(doc).values["seed"], LARGEST - 1n);
  doc.apply(inverse(changes));
  assert.equal(jsonText(writeWorkflow(doc, CATALOGUE)), before);
  assert.deepEqual(edit(doc, "edit.value", (tx) => tx.setValue("root", id, "seed", LARGEST)).changes, []);
});

test("seeds count on and back exactly, and are rolled whatever they were", () => {
  const type = CATALOGUE.get("KSampler");
  const seed = /** @type {InputType} */ (type?.inputs.find(({ name }) => name === "seed"));
  const next = (/** @type {Json} */ value, /** @type {SeedControl} */ control) => nextValue(seed, value, control, () => 0.5);
  assert.equal(next(2n ** 60n, "increment"), 2n ** 60n + 1n);
  assert.equal(next(2n ** 53n, "decrement"), 2 ** 53 - 1);
  assert.equal(next(2 ** 53 - 1, "increment"), 2n ** 53n);
  assert.equal(next(LARGEST, "increment"), LARGEST);
  assert.equal(next(LARGEST, "increment-wrap"), 0);
  assert.equal(next(LARGEST, "fixed"), LARGEST);
  assert.equal(next(LARGEST, "randomize"), 2 ** 49);
});

test("sums of whole numbers are exact, others as numbers are", () => {
  fc.assert(fc.property(INTEGER, INTEGER, (one, other) => {
    assert.equal(BigInt(add(exact(one), exact(other))), one + other);
  }), tries(200));
  assert.equal(add(0.5, 2), 2.5);
  assert.equal(wholeBound(2 ** 64), LARGEST);
  assert.equal(wholeBound(2 ** 63), 2n ** 63n);
  assert.equal(wholeBound(-Infinity), -LARGEST);
  assert.equal(wholeBound(512), 512);
});
