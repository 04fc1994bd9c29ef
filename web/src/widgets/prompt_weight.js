/**
 * Emphasis in prompts, "(long hair:1.1)": raise or lower the weight of what is selected, of the
 * parenthesis around the caret, or of the words at the caret.
 */

/** @typedef {{ readonly start: number, readonly end: number }} Range */
/**
 * @typedef {object} Replacement
 * @property {number} start
 * @property {number} end
 * @property {string} text for what lies between them
 * @property {Range} selection after it
 */

/** What ends a phrase, in Latin and Chinese punctuation. */
const ENDS = new Set(" \t\r\n.,;:!?/|()[]{}<>，。、；：！？（）【】《》「」");
const WEIGHT = /:\s*(-?\d+(?:\.\d+)?|-?\.\d+)\s*$/;
const PLAIN = 1;

/**
 * @param {string} text
 * @param {number} start of the selection
 * @param {number} end of the selection
 * @param {number} by how much to add to the weight
 * @returns {Replacement | undefined} undefined when there is nothing to weigh
 */
export function changeWeight(text, start, end, by) {
  const selected = trimmed(text, start, end);
  const wanted = selected.start < selected.end ? selected : wordAt(text, start);
  const around = enclosing(text, selected.start, selected.end);
  if (around && (selected.start === selected.end || covers(text, around, selected))) {
    return reweigh(text, around, by);
  }
  if (wanted.start === wanted.end) return undefined;
  if (text[wanted.start] === "(" && closing(text, wanted.start) === wanted.end - 1) {
    return reweigh(text, wanted, by);
  }
  return weighed(wanted, text.slice(wanted.start, wanted.end), PLAIN + by);
}

/** @param {string} text @param {number} start @param {number} end @returns {Range} without blanks around */
function trimmed(text, start, end) {
  while (start < end && /\s/.test(text[start] ?? "")) start += 1;
  while (end > start && /\s/.test(text[end - 1] ?? "")) end -= 1;
  return { start, end };
}

/** @param {string} text @param {number} caret @returns {Range} */
function wordAt(text, caret) {
  let start = caret;
  let end = caret;
  while (start > 0 && !ENDS.has(text[start - 1] ?? "")) start -= 1;
  while (end < text.length && !ENDS.has(text[end] ?? "")) end += 1;
  return { start, end };
}

/** Whether a selection is all that a parenthesis holds. @param {string} text @param {Range} around @param {Range} selected */
function covers(text, around, selected) {
  const inner = parts(text, around).inner;
  const given = text.slice(selected.start, selected.end);
  return given === inner || given === text.slice(around.start + 1, around.end - 1);
}

/**
 * The innermost parenthesis around a range, with both signs.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @returns {Range | undefined}
 */
function enclosing(text, start, end) {
  for (let at = start - 1; at >= 0; at -= 1) {
    if (text[at] !== "(" || isEscaped(text, at)) continue;
    const close = closing(text, at);
    if (close !== undefined && close >= end) return { start: at, end: close + 1 };
  }
  return undefined;
}

/** @param {string} text @param {number} open @returns {number | undefined} where it is closed */
function closing(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (isEscaped(text, at)) continue;
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

/** "\(" is a sign of the prompt, not emphasis. @param {string} text @param {number} at */
function isEscaped(text, at) {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

/** @param {string} text @param {Range} around */
function parts(text, around) {
  const content = text.slice(around.start + 1, around.end - 1);
  const match = content.match(WEIGHT);
  // A parenthesis without a number weighs 1.1, as text encoders read it.
  if (!match) return { inner: content, weight: 1.1 };
  return { inner: content.slice(0, match.index), weight: Number(match[1]) };
}

/** @param {string} text @param {Range} around @param {number} by */
function reweigh(text, around, by) {
  const { inner, weight } = parts(text, around);
  return weighed(around, inner, weight + by);
}

/** @param {Range} range @param {string} inner @param {number} weight @returns {Replacement} */
function weighed(range, inner, weight) {
  const rounded = Number(weight.toFixed(2));
  const isPlain = rounded === PLAIN;
  const text = isPlain ? inner : `(${inner}:${rounded})`;
  const from = range.start + (isPlain ? 0 : 1);
  return { ...range, text, selection: { start: from, end: from + inner.length } };
}
