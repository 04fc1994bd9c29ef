/** What values a number input takes, how it steps, and how its values are written. */

import { evaluate } from "./expression.js";

/** @typedef {import("../core/types.js").InputType} InputType */
/**
 * @typedef {object} NumberRules
 * @property {boolean} whole no fractions
 * @property {number} min
 * @property {number} max
 * @property {number} step what one press of an arrow changes, > 0
 * @property {number | null} round typed values become multiples of this
 */
/**
 * @typedef {{ readonly value: number, readonly note?: "min" | "max" | "whole" | "round" }} Entered
 * `note` says why the value is another one than typed.
 */

const SIGNIFICANT = 12;

/**
 * @param {InputType} input
 * @returns {NumberRules}
 */
export function numberRules(input) {
  const { options } = input;
  const whole = input.type === "INT";
  const limit = whole ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  const min = Math.max(numberOr(options["min"], -limit), -limit);
  const max = Math.min(numberOr(options["max"], limit), limit);
  const usual = whole ? 1 : max - min <= 1 ? 0.01 : 0.1;
  const declared = numberOr(options["step"], usual);
  const step = declared > 0 ? declared : usual;
  const round = numberOr(options["round"], 0);
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
  const typed = evaluate(text);
  if (typed === undefined) return undefined;
  if (typed < rules.min) return { value: rules.min, note: "min" };
  if (typed > rules.max) return { value: rules.max, note: "max" };
  const value = clean(rules.whole ? Math.round(typed) : typed);
  if (rules.whole && value !== clean(typed)) return { value, note: "whole" };
  if (rules.round === null) return { value };
  const rounded = within(clean(Math.round(value / rules.round) * rules.round), rules);
  return rounded === value ? { value } : { value: rounded, note: "round" };
}

/**
 * The value some steps further, on the grid of the steps. A value between two grid points moves
 * to the next one first.
 * @param {number} value
 * @param {number} count a whole number, negative to go down
 * @param {NumberRules} rules
 * @param {boolean} [fine] a tenth of the step; whole numbers go by no less than 1
 */
export function stepNumber(value, count, rules, fine = false) {
  const unit = unitOf(rules, fine);
  const base = gridBase(rules);
  const place = clean((value - base) / unit);
  const onGrid = count > 0 ? Math.floor(place) : Math.ceil(place);
  return within(clean(base + (onGrid + count) * unit), rules);
}

/**
 * The value nearest on the grid of the steps.
 * @param {number} value
 * @param {NumberRules} rules
 * @param {boolean} [fine]
 */
export function snapNumber(value, rules, fine = false) {
  const unit = unitOf(rules, fine);
  const base = gridBase(rules);
  return within(clean(base + Math.round((value - base) / unit) * unit), rules);
}

/** @param {NumberRules} rules @param {boolean} fine */
function unitOf(rules, fine) {
  if (!fine) return rules.step;
  return rules.whole ? Math.max(1, Math.round(rules.step / 10)) : rules.step / 10;
}

/** Steps count from the minimum, unless that is only "as small as there is". @param {NumberRules} rules */
function gridBase(rules) {
  return Math.abs(rules.min) < 1e9 ? rules.min : 0;
}

/** @param {number} value @param {NumberRules} rules */
function within(value, rules) {
  return Math.min(Math.max(value, rules.min), rules.max);
}

/** Without the dust of binary fractions: 0.1 + 0.2 is 0.3. @param {number} value */
function clean(value) {
  return Number.isInteger(value) ? value : Number(value.toPrecision(SIGNIFICANT));
}

/**
 * A value as text: as many decimals as the step has, more only where the value has them.
 * @param {number} value
 * @param {NumberRules} rules
 */
export function writeNumber(value, rules) {
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
 * @param {number} value
 * @param {NumberRules} rules
 * @returns {number} 0 to 1
 */
export function fraction(value, rules) {
  const range = rules.max - rules.min;
  return range > 0 ? Math.min(1, Math.max(0, (value - rules.min) / range)) : 0;
}
