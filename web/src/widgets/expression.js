/**
 * Arithmetic as people type it into a number field: "512*2", "1024 / 3", "(1+2)^2", "50%", "1e-3".
 * What a Chinese input method produces ("５１２×２", "（1＋2）") reads the same.
 */

/** @typedef {{ readonly text: string, at: number }} Reader */

const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
/** @type {{ readonly [name: string]: number }} */
const CONSTANTS = { pi: Math.PI, tau: 2 * Math.PI, e: Math.E };
const MAX_LENGTH = 200;

/**
 * The value of an expression.
 * @param {string} typed
 * @returns {number | undefined} undefined when it is none, or has no finite value
 */
export function evaluate(typed) {
  const text = normalise(typed);
  if (text.length > MAX_LENGTH) return undefined;
  const reader = { text, at: 0 };
  const value = sum(reader);
  return reader.at === text.length && Number.isFinite(value) ? value : undefined;
}

/** @param {string} typed */
function normalise(typed) {
  const signs = typed.normalize("NFKC").replaceAll("×", "*").replaceAll("÷", "/");
  const plain = signs.replaceAll("−", "-").replaceAll("。", ".").replaceAll("**", "^");
  return plain.replaceAll(/\s+/g, "").toLowerCase();
}

/** @param {Reader} reader @param {string} signs @returns {string} the sign taken, or "" */
function take(reader, signs) {
  const sign = reader.text[reader.at];
  if (sign === undefined || !signs.includes(sign)) return "";
  reader.at += 1;
  return sign;
}

/** @param {Reader} reader @returns {number} NaN for what is no expression */
function sum(reader) {
  let value = product(reader);
  for (let sign = take(reader, "+-"); sign; sign = take(reader, "+-")) {
    const next = product(reader);
    value = sign === "+" ? value + next : value - next;
  }
  return value;
}

/** @param {Reader} reader */
function product(reader) {
  let value = signed(reader);
  for (let sign = take(reader, "*/"); sign; sign = take(reader, "*/")) {
    const next = signed(reader);
    value = sign === "*" ? value * next : value / next;
  }
  return value;
}

/** @param {Reader} reader @returns {number} */
function signed(reader) {
  const sign = take(reader, "+-");
  if (!sign) return power(reader);
  return sign === "-" ? -signed(reader) : signed(reader);
}

/** @param {Reader} reader @returns {number} */
function power(reader) {
  const base = percent(reader);
  return take(reader, "^") ? base ** signed(reader) : base;
}

/** @param {Reader} reader */
function percent(reader) {
  const value = atom(reader);
  return take(reader, "%") ? value / 100 : value;
}

/** @param {Reader} reader @returns {number} */
function atom(reader) {
  if (take(reader, "(")) {
    const value = sum(reader);
    return take(reader, ")") ? value : NaN;
  }
  NUMBER.lastIndex = reader.at;
  const number = NUMBER.exec(reader.text)?.[0];
  if (number !== undefined) {
    reader.at += number.length;
    return Number(number);
  }
  for (const [name, value] of Object.entries(CONSTANTS)) {
    if (reader.text.startsWith(name, reader.at)) {
      reader.at += name.length;
      return value;
    }
  }
  return NaN;
}
