/** What the canvas does to texts before a graph runs: choices, comments and %…%. */

const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
const BRACES = /(\\[{}|]|[{}|])/;
const ESCAPED = /^\\[{}|]$/;
const ILLEGAL_IN_NAMES = /[/?<>\\:*|"\u0000-\u001f\u007f]/g;
const PLACEHOLDER = /%([^%]+)%/g;
const DATE_PART = /yyyy|yy|MM|dd|hh|mm|ss/g;

/**
 * Return a text without comments and with each `{a|b|{c|d}}` replaced by one choice.
 *
 * `\{`, `\}` and `\|` stand for the characters themselves. A brace without its partner stays.
 *
 * @param {string} text
 * @param {() => number} random numbers in [0, 1)
 * @returns {string}
 */
export function resolveChoices(text, random) {
  /** @type {string[][]} options so far, of each group around this place */
  const open = [];
  let options = [""];
  const append = (/** @type {string} */ piece) => options.push((options.pop() ?? "") + piece);
  for (const piece of text.replace(COMMENT, "").split(BRACES)) {
    if (piece === "{") {
      open.push(options);
      options = [""];
    } else if (piece === "}" && open.length) {
      const chosen = options[Math.floor(random() * options.length)] ?? "";
      options = open.pop() ?? [""];
      append(chosen);
    } else if (piece === "|" && open.length) options.push("");
    else append(ESCAPED.test(piece) ? piece.slice(1) : piece);
  }
  for (const outer of open.reverse()) {
    const unclosed = options.join("|");
    options = outer;
    append(`{${unclosed}`);
  }
  return options.join("|");
}

/**
 * Replace `%date:FORMAT%` and `%Node.widget%`; all others are left for the saving node.
 *
 * @param {string} text
 * @param {(node: string, widget: string) => string | undefined} findValue
 * @param {Date} now
 * @returns {string}
 */
export function fillPlaceholders(text, findValue, now) {
  return text.replace(PLACEHOLDER, (whole, /** @type {string} */ name) => {
    if (name.startsWith("date:")) return formatDate(name.slice("date:".length), now);
    const dot = name.indexOf(".");
    const value = dot < 0 ? undefined : findValue(name.slice(0, dot), name.slice(dot + 1));
    return value === undefined ? whole : value.replace(ILLEGAL_IN_NAMES, "_");
  });
}

/**
 * @param {string} format
 * @param {Date} now
 */
function formatDate(format, now) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const year = String(now.getFullYear()).padStart(4, "0");
  /** @type {Record<string, string>} */
  const parts = {
    yyyy: year,
    yy: year.slice(-2),
    MM: two(now.getMonth() + 1),
    dd: two(now.getDate()),
    hh: two(now.getHours()),
    mm: two(now.getMinutes()),
    ss: two(now.getSeconds()),
  };
  return format.replace(DATE_PART, (part) => parts[part] ?? part);
}
