/** Where the lines of a text break: between words, and between letters of scripts without spaces. */

const OPENING = "（「『【《〈〔“‘";
const CLOSING = "、。，．！？；：）」』】》〉〕…—”’";
const LETTER = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}";
/** What is never torn apart: a letter or a word, with its punctuation and the space after it. */
const WORD = new RegExp(`[${OPENING}]*(?:[${LETTER}]|[^\\s${LETTER}${OPENING}${CLOSING}]+)[${CLOSING}]*\\s*|\\S\\s*`, "gu");

/**
 * Return how many lines a text takes; a word that is longer than a line is broken anywhere.
 *
 * @param {string} text without line breaks
 * @param {number} room of a line, in the unit of `widthOf`
 * @param {(text: string) => number} widthOf
 * @returns {number} 0 for an empty text
 */
export function linesIn(text, room, widthOf) {
  let lines = 0;
  let left = 0;
  const put = (/** @type {string} */ part) => {
    if (widthOf(part.trimEnd()) > left) {
      lines += 1;
      left = room;
    }
    left -= widthOf(part);
  };
  for (const [word] of text.trim().matchAll(WORD)) {
    if (widthOf(word.trimEnd()) <= room) {
      put(word);
      continue;
    }
    left = 0; // it begins a line of its own
    for (const letter of word) put(letter);
  }
  return lines;
}
