/** What values a number input takes, how it steps, and how its values are written. */

import { add, between, exact, wholeBound } from "../core/exact.js";
import { evaluate } from "./expression.js";

/** @typedef {import("../core/exact.js").Exact} Exact */
/** @typedef {import("../core/types.js").InputType} InputType */
/**
 * @typedef {object} NumberRules
 * @property {boolean} whole no fractions
 * @property {Exact} min
 * @property {Exact} max
 * @property {number} step what one press of an arrow changes, > 0
 * @property {number | null} round typed values become multiples of this
 */
/**
 * @typedef {{ readonly value: Exact, readonly note?: "min" | "max" | "whole" | "round" | "inexact" }} Entered
 * `note` says why the value is another one than typed, or may be.
 */

const SIGNIFICANT = 12;

/**
 * @param {InputType} input
 * @returns {NumberRules}
 */
export function numberRules(input) {
  const { options } = input;
  const whole = input.type === "INT";
  const least = numberOr(options["min"], -Number.MAX_VALUE);
  const most = numberOr(options["max"], Number.MAX_VALUE);
  const usual = whole ? 1 : most - least <= 1 ? 0.01 : 0.1;
  const declared = numberOr(options["step"], usual);
  const step = declared > 0 ? declared : usual;
  const round = numberOr(options["round"], 0);
  const [min, max] = whole ? [wholeBound(least), wholeBound(most)] : [least, most];
  return { whole, min, max, step: whole ? Math.max(1, Math.round(step)) : step, round: round > 0 ? round : null };
}

/** @param {unknown} value @param {number} otherwise */
function numberOr(value, otherwise) {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

/**
 * Read what was typed.
 * @param {string} text a number or an expression
 * @param {NumberRules} rules
 * @returns {Entered | undefined} undefined when it is no number
 */
export function readNumber(text, rules) {
  const typed = (rules.whole && largeInteger(text)) || evaluate(text);
  if (typed === undefined) return undefined;
  if (typed < rules.min) return { value: rules.min, note: "min" };
  if (typed > rules.max) return { value: rules.max, note: "max" };
  if (typeof typed === "bigint") return { value: typed };
  if (rules.whole && Math.abs(typed) > Number.MAX_SAFE_INTEGER) return { value: BigInt(typed), note: "inexact" };
  const value = clean(rules.whole ? Math.round(typed) : typed);
  if (rules.whole && value !== clean(typed)) return { value, note: "whole" };
  if (rules.round === null) return { value };
  const rounded = between(clean(Math.round(value / rules.round) * rules.round), rules.min, rules.max);
  return rounded === value ? { value } : { value: rounded, note: "round" };
}

/** An integer that numbers are not exact for, typed digit by digit. @param {string} text */
function largeInteger(text) {
  const plain = text.normalize("NFKC").replaceAll(/\s+/g, "").replace("−", "-");
  if (!/^[+-]?\d{16,40}$/.test(plain)) return undefined;
  const value = exact(BigInt(plain.replace("+", "")));
  return typeof value === "bigint" ? value : undefined;
}

/**
 * The value some steps further, on the grid of the steps. A value between two grid points moves
 * to the next one first; what numbers are not exact for has no grid.
 * @param {Exact} value
 * @param {number} count a whole number, negative to go down
 * @param {NumberRules} rules
 * @param {boolean} [fine] a tenth of the step; whole numbers go by no less than 1
 * @returns {Exact}
 */
export function stepNumber(value, count, rules, fine = false) {
  const unit = unitOf(rules, fine);
  const further = rules.whole ? add(value, count * unit) : 0;
  if (rules.whole && (typeof value === "bigint" || typeof further === "bigint")) return between(further, rules.min, rules.max);
  const base = gridBase(rules);
  const place = clean((Number(value) - base) / unit);
  const onGrid = count > 0 ? Math.floor(place) : Math.ceil(place);
  return between(clean(base + (onGrid + count) * unit), rules.min, rules.max);
}

/**
 * The value nearest on the grid of the steps.
 * @param {number} value
 * @param {NumberRules} rules
 * @param {boolean} [fine]
 * @returns {Exact}
 */
export function snapNumber(value, rules, fine = false) {
  const unit = unitOf(rules, fine);
  const base = gridBase(rules);
  return between(clean(base + Math.round((value - base) / unit) * unit), rules.min, rules.max);
}

/**
 * The value after a drag of some steps.
 * @param {Exact} value where the drag began
 * @param {number} steps may be a fraction
 * @param {NumberRules} rules
 * @param {boolean} [fine]
 * @returns {Exact}
 */
export function dragNumber(value, steps, rules, fine = false) {
  const target = rules.whole ? add(value, Math.round(steps * rules.step)) : Number(value) + steps * rules.step;
  return typeof target === "bigint" ? between(target, rules.min, rules.max) : snapNumber(target, rules, fine);
}

/** @param {NumberRules} rules @param {boolean} fine */
function unitOf(rules, fine) {
  if (!fine) return rules.step;
  return rules.whole ? Math.max(1, Math.round(rules.step / 10)) : rules.step / 10;
}

/** Steps count from the minimum, unless that is only "as small as there is". @param {NumberRules} rules */
function gridBase(rules) {
  return typeof rules.min === "number" && Math.abs(rules.min) < 1e9 ? rules.min : 0;
}

/** Without the dust of binary fractions: 0.1 + 0.2 is 0.3. @param {number} value */
function clean(value) {
  return Number.isInteger(value) ? value : Number(value.toPrecision(SIGNIFICANT));
}

/**
 * A value as text: as many decimals as the step has, more only where the value has them.
 * @param {Exact} value
 * @param {NumberRules} rules
 */
export function writeNumber(value, rules) {
  if (typeof value === "bigint") return String(value);
  const plain = String(clean(value));
  if (rules.whole || plain.includes("e")) return plain;
  return decimals(plain) < decimals(String(rules.step)) ? value.toFixed(decimals(String(rules.step))) : plain;
}

/** @param {string} number */
function decimals(number) {
  const exponent = number.match(/e-(\d+)$/)?.[1];
  if (exponent) return Number(exponent);
  return number.split(".")[1]?.length ?? 0;
}

/**
 * How full a slider is.
 * @param {Exact} value
 * @param {NumberRules} rules
 * @returns {number} 0 to 1
 */
export function fraction(value, rules) {
  const [min, max] = [Number(rules.min), Number(rules.max)];
  return max > min ? Math.min(1, Math.max(0, (Number(value) - min) / (max - min))) : 0;
}
