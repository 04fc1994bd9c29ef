/**
 * Whole numbers of any size: a number as far as numbers are exact, to 2^53 - 1, a BigInt beyond.
 * Seeds of other programs go to 2^64 - 1.
 */

/** @typedef {number | bigint} Exact */

/** The largest value of an input without a bound, and of one whose bound is larger. */
const LARGEST = 2n ** 64n - 1n;

/**
 * @param {bigint} value
 * @returns {Exact}
 */
export function exact(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Return the bound of a whole input; node types tell it as a number, so 2^64 - 1 comes as 2^64.
 *
 * @param {number} declared may be infinite
 * @returns {Exact}
 */
export function wholeBound(declared) {
  if (Math.abs(declared) <= Number.MAX_SAFE_INTEGER) return declared;
  const limit = declared > 0 ? LARGEST : -LARGEST;
  return Math.abs(declared) > LARGEST ? limit : BigInt(declared);
}

/**
 * Add; exact where both are whole.
 *
 * @param {Exact} one
 * @param {Exact} other
 * @returns {Exact}
 */
export function add(one, other) {
  const sum = Number(one) + Number(other);
  const isPlain = typeof one === "number" && typeof other === "number" && Math.abs(sum) <= Number.MAX_SAFE_INTEGER;
  return isPlain || !isWhole(one) || !isWhole(other) ? sum : exact(BigInt(one) + BigInt(other));
}

/**
 * @param {Exact} value
 * @param {Exact} least
 * @param {Exact} most
 * @returns {Exact}
 */
export function between(value, least, most) {
  return value < least ? least : value > most ? most : value;
}

/** @param {Exact} value */
function isWhole(value) {
  return typeof value === "bigint" || Number.isInteger(value);
}
