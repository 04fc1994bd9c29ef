import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { evaluate } from "../../src/widgets/expression.js";

/** @type {readonly [string, number][]} */
const VALUES = [
  ["512", 512], ["512*2", 1024], ["1024 / 3 * 3", 1024], ["(1+2)*4", 12], ["2**10", 1024], ["2^3^2", 512],
  ["-5", -5], ["--5", 5], ["3-2-1", 0], ["50%", 0.5], ["1e-3", 0.001], [".5", 0.5], ["5.", 5], ["-2^2", -4],
  ["pi", Math.PI], ["2*PI", 2 * Math.PI],
  ["５１２×２", 1024], ["（１＋２）÷４", 0.75], ["7。5", 7.5],
];

for (const [text, value] of VALUES) {
  test(`"${text}" is ${value}`, () => assert.equal(evaluate(text), value));
}

for (const text of ["", " ", "abc", "512x", "1/0", "(1", "1)", "1+", "1 2e", "alert(1)", "1;2", "9".repeat(201), "0/0", "e9e9"]) {
  test(`${JSON.stringify(text.slice(0, 12))} has no value`, () => assert.equal(evaluate(text), undefined));
}

test("any finite number reads back as itself", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    assert.equal(evaluate(String(value)), value === 0 ? evaluate(String(value)) : value);
  }));
});

test("any text gives a finite number or nothing", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const value = evaluate(text);
    assert.ok(value === undefined || Number.isFinite(value));
  }));
});
