/**
 * Ranks what a list offers against what was typed: exact before prefix, word, substring and
 * scattered letters; then what is used often, then what is common; then by title.
 */

/**
 * @typedef {object} Entry
 * @property {string} key What usage is counted by.
 * @property {string} title What is read first.
 * @property {readonly string[]} [names] Other names.
 * @property {string} [category]
 * @property {number} [order] Place among what is common, 0 first; without one it is not common.
 */

/** How well a text matches; less is better. */
const EXACT = 0;
const PREFIX = 1;
const WORD = 2;
const SUBSTRING = 3;
const SCATTERED = 4;
const NONE = Infinity;

/** Scripts written without spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** Added for a match elsewhere than in the title. */
const OTHER_NAME = 0.3;
const IN_CATEGORY = SUBSTRING + 0.6;

/**
 * Return the entries that match, best first; all of them for an empty query.
 *
 * Each word of the query must be found somewhere. Chinese, Japanese and Korean have no spaces
 * between words: there every place is the beginning of one.
 *
 * @template {Entry} T
 * @param {string} query
 * @param {readonly T[]} entries
 * @param {{ readonly [key: string]: number } | undefined} [usage] how often each was chosen
 * @returns {T[]}
 */
export function rank(query, entries, usage = {}) {
  const wanted = normalised(query.trim());
  const words = wanted.split(/\s+/).filter(Boolean);
  const scored = entries.flatMap((entry) => {
    const score = words.length ? scoreOf(prepared(entry), wanted, words) : 0;
    return score < NONE ? [{ entry, score, uses: Object.hasOwn(usage, entry.key) ? usage[entry.key] ?? 0 : 0 }] : [];
  });
  scored.sort((a, b) => a.score - b.score || b.uses - a.uses || byOrder(a.entry, b.entry) || byTitle(a.entry, b.entry));
  return scored.map(({ entry }) => entry);
}

/**
 * @param {Entry} one
 * @param {Entry} other
 */
function byOrder({ order: one = Number.MAX_VALUE }, { order: other = Number.MAX_VALUE }) {
  return one - other;
}

/**
 * @param {Entry} one
 * @param {Entry} other
 */
function byTitle(one, other) {
  return one.title.length - other.title.length || compare(one.title, other.title) || compare(one.key, other.key);
}

/** @typedef {{ whole: string, words: readonly string[] }} Text */
/** @typedef {{ title: Text, names: readonly Text[], category: string }} Prepared */

/** @type {WeakMap<Entry, Prepared>} texts as they are compared, kept as long as the entry */
const known = new WeakMap();

/** @param {Entry} entry */
function prepared(entry) {
  let found = known.get(entry);
  if (!found) {
    const names = (entry.names ?? []).map(textOf);
    found = { title: textOf(entry.title), names, category: normalised(entry.category ?? "") };
    known.set(entry, found);
  }
  return found;
}

/** @param {string} text @returns {Text} */
function textOf(text) {
  const apart = text.replace(/(\p{Ll}|\d)(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, "$1$2 ");
  return { whole: normalised(text), words: normalised(apart).split(/[^\p{L}\p{N}]+/u).filter(Boolean) };
}

/** @param {string} text */
function normalised(text) {
  return text.normalize("NFKC").toLowerCase();
}

/**
 * @param {Prepared} entry
 * @param {string} wanted
 * @param {readonly string[]} words
 */
function scoreOf(entry, wanted, words) {
  const whole = bestOf(entry, wanted);
  if (words.length === 1) return whole;
  const each = Math.max(...words.map((word) => bestOf(entry, word)));
  return Math.min(whole, Math.max(each, WORD));
}

/**
 * @param {Prepared} entry
 * @param {string} wanted
 */
function bestOf({ title, names, category }, wanted) {
  let best = matchOf(title, wanted);
  for (const name of names) best = Math.min(best, matchOf(name, wanted) + OTHER_NAME);
  return category.includes(wanted) ? Math.min(best, IN_CATEGORY) : best;
}

/**
 * @param {Text} text
 * @param {string} wanted
 */
function matchOf({ whole, words }, wanted) {
  if (whole === wanted) return EXACT;
  const isUnspaced = UNSPACED.test(wanted);
  if (!isUnspaced && [whole, words.join(" ")].some((text) => text.startsWith(wanted))) return PREFIX;
  if (words.some((word) => word.startsWith(wanted))) return WORD;
  if (whole.includes(wanted) || words.join("").includes(wanted)) return isUnspaced ? WORD : SUBSTRING;
  return wanted.length > 1 && isScattered(words, wanted) ? SCATTERED : NONE;
}

/**
 * Tell whether the letters occur in their order, beginning where a word begins.
 *
 * @param {readonly string[]} words
 * @param {string} wanted
 */
function isScattered(words, wanted) {
  const letters = [...wanted];
  return words.some((_, start) => {
    const text = words.slice(start).join("");
    if (text[0] !== letters[0]) return false;
    let at = -1;
    return letters.every((letter) => (at = text.indexOf(letter, at + 1)) >= 0);
  });
}

/**
 * @param {string} one
 * @param {string} other
 */
function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}
