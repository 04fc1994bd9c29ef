import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { dragNumber, fraction, numberRules, readNumber, snapNumber, stepNumber, writeNumber } from "../../src/widgets/number_rules.js";

/**
 * @param {"INT" | "FLOAT"} type
 * @param {import("../../src/core/types.js").JsonObject} [options]
 */
function rules(type, options = {}) {
  const widget = type === "INT" ? "int" : "float";
  return numberRules({ name: "n", type, required: true, index: 0, widget, options });
}

const WIDTH = rules("INT", { min: 16, max: 16384, step: 8 });
const CFG = rules("FLOAT", { min: 0, max: 100, step: 0.1, round: 0.01 });
const DENOISE = rules("FLOAT", { min: 0, max: 1, step: 0.01 });
const SEED = rules("INT", { min: 0, max: 18446744073709551615 });

test("a seed goes to the last integer of 64 bits", () => {
  assert.equal(SEED.max, 18446744073709551615n);
  assert.equal(rules("INT").max, 18446744073709551615n);
});

test("large integers are typed, stepped and dragged to the last digit", () => {
  assert.deepEqual(readNumber("18446744073709551615", SEED), { value: 18446744073709551615n });
  assert.deepEqual(readNumber("１８４４６７４４０７３７０９５５１６１６", SEED), { value: SEED.max, note: "max" });
  assert.deepEqual(readNumber("9007199254740991", SEED), { value: 9007199254740991 });
  assert.equal(stepNumber(18446744073709551613n, 1, SEED), 18446744073709551614n);
  assert.equal(stepNumber(18446744073709551613n, 10, SEED), SEED.max);
  assert.equal(stepNumber(9007199254740993n, -10, SEED), 9007199254740983);
  assert.equal(stepNumber(9007199254740991, 2, SEED), 9007199254740993n);
  assert.equal(dragNumber(18446744073709551613n, -3.2, SEED), 18446744073709551610n);
  assert.equal(dragNumber(18446744073709551613n, 0, SEED), 18446744073709551613n);
});

test("a sum beyond what numbers are exact for says so", () => {
  assert.deepEqual(readNumber("2^60", SEED), { value: 2n ** 60n, note: "inexact" });
});

test("any large integer is written and read back with all its digits", () => {
  fc.assert(fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
    assert.equal(readNumber(writeNumber(value, SEED), SEED)?.value, value);
    assert.equal(stepNumber(stepNumber(value, -1, SEED), 1, SEED), value);
  }));
});

test("an expression is read", () => assert.deepEqual(readNumber("512*2", WIDTH), { value: 1024 }));

test("a typed number off the steps is kept as typed", () => {
  assert.deepEqual(readNumber("513", WIDTH), { value: 513 });
  assert.deepEqual(readNumber("0.005", DENOISE), { value: 0.005 });
});

test("a typed number out of range goes to the limit, with a note", () => {
  assert.deepEqual(readNumber("3", WIDTH), { value: 16, note: "min" });
  assert.deepEqual(readNumber("1e9", WIDTH), { value: 16384, note: "max" });
});

test("fractions of whole numbers are rounded, with a note", () => {
  assert.deepEqual(readNumber("100/3", WIDTH), { value: 33, note: "whole" });
});

test("typed values are rounded as the input declares, with a note", () => {
  assert.deepEqual(readNumber("7.256", CFG), { value: 7.26, note: "round" });
  assert.deepEqual(readNumber("7.25", CFG), { value: 7.25 });
});

test("what is no number is none", () => assert.equal(readNumber("many", WIDTH), undefined));

test("steps go along the grid from the minimum", () => {
  assert.equal(stepNumber(512, 1, WIDTH), 520);
  assert.equal(stepNumber(513, 1, WIDTH), 520);
  assert.equal(stepNumber(513, -1, WIDTH), 512);
  assert.equal(stepNumber(512, 10, WIDTH), 592);
  assert.equal(stepNumber(512, 1, WIDTH, true), 513);
  assert.equal(stepNumber(0.1, 2, CFG), 0.3);
  assert.equal(stepNumber(8, 1, CFG, true), 8.01);
});

test("steps stop at the limits", () => {
  assert.equal(stepNumber(16380, 10, WIDTH), 16384);
  assert.equal(stepNumber(0, -1, DENOISE), 0);
});

test("values are written with the decimals of the step, and more only where they have them", () => {
  assert.equal(writeNumber(8, CFG), "8.0");
  assert.equal(writeNumber(7.25, CFG), "7.25");
  assert.equal(writeNumber(0.1 + 0.2, CFG), "0.3");
  assert.equal(writeNumber(1, DENOISE), "1.00");
  assert.equal(writeNumber(512, WIDTH), "512");
  assert.equal(writeNumber(9007199254740991, SEED), "9007199254740991");
});

test("a slider knows how full it is", () => {
  assert.equal(fraction(0.25, DENOISE), 0.25);
  assert.equal(fraction(7, { ...DENOISE, min: 7, max: 7 }), 0);
});

test("what is written is read back as the same value", () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true }).map((number) => Number(number.toPrecision(6)));
  fc.assert(fc.property(value, (number) => {
    assert.equal(readNumber(writeNumber(number, DENOISE), DENOISE)?.value, number);
  }));
});

test("steps and snapping stay within the limits and on the grid", () => {
  const number = fc.integer({ min: 16, max: 16384 });
  fc.assert(fc.property(number, fc.integer({ min: -50, max: 50 }), (value, count) => {
    for (const next of [stepNumber(value, count, WIDTH), snapNumber(value, WIDTH)]) {
      assert.ok(next >= 16 && next <= 16384 && (Number(next) % 8 === 0));
    }
  }));
});
