/**
 * What completes a prompt at the caret. A source answers to a way of beginning: "embedding:",
 * "<lora:", "__" for wildcards, or plain words.
 */

/**
 * @typedef {object} Suggestion
 * @property {string} text what is inserted
 * @property {string} label what is shown
 * @property {string} [detail] shown dim beside it
 * @property {readonly string[]} [aliases] other names it is found by, in any language
 * @property {string} [picture] address
 */
/**
 * @typedef {object} CompletionSource
 * @property {string} id
 * @property {readonly string[]} prefixes what a word begins with; "" for plain words
 * @property {() => Promise<readonly Suggestion[]>} load asked once, and again after `forget`
 */
/**
 * @typedef {object} Word
 * @property {number} start where an inserted text begins: the prefix included
 * @property {number} end the caret
 * @property {string} prefix
 * @property {string} query what follows the prefix
 */

/** What ends a plain word; blanks do not: names of many words are completed too. */
const ENDS = new Set(",\n\r\t()[]{}<>|:;，。、；：（）");
const MIN_PLAIN = 2;
/** Two Latin letters say little, one Chinese character much. */
const WIDE = /[\u2e80-\u9fff\uf900-\ufaff\uac00-\ud7af\u3040-\u30ff]/;
const MAX_FOUND = 50;
const MAX_WORDS = 4;

/**
 * The word at the caret that could be completed.
 * @param {string} text
 * @param {number} caret
 * @param {readonly string[]} prefixes
 * @returns {Word | undefined}
 */
export function wordBefore(text, caret, prefixes) {
  const line = text.slice(text.lastIndexOf("\n", caret - 1) + 1, caret);
  for (const prefix of prefixes.filter(Boolean)) {
    const at = line.toLowerCase().lastIndexOf(prefix.toLowerCase());
    const query = line.slice(at + prefix.length);
    if (at < 0 || /[,<>()，]/.test(query) || isClosed(line, prefix)) continue;
    return { start: caret - line.length + at, end: caret, prefix, query };
  }
  return prefixes.includes("") ? plainWord(text, caret) : undefined;
}

/** "__color__" is complete: the second sign ends what the first began. @param {string} line @param {string} prefix */
function isClosed(line, prefix) {
  return prefix === "__" && line.split(prefix).length % 2 === 1;
}

/** @param {string} text @param {number} caret @returns {Word | undefined} */
function plainWord(text, caret) {
  let start = caret;
  while (start > 0 && !ENDS.has(text[start - 1] ?? "")) start -= 1;
  while (start < caret && text[start] === " ") start += 1;
  const query = text.slice(start, caret);
  const isEnough = query.length >= MIN_PLAIN || WIDE.test(query);
  return isEnough && !query.endsWith(" ") ? { start, end: caret, prefix: "", query } : undefined;
}

/**
 * A phrase and its last words: "girl with long ha" can be completed where only "long ha" is known.
 * @param {Word} word
 * @returns {Word[]}
 */
function endings(word) {
  if (word.prefix !== "") return [word];
  const starts = [0, ...[...word.query.matchAll(/ +/g)].map(({ index, 0: blank }) => index + blank.length)];
  const all = starts.map((at) => ({ ...word, start: word.start + at, query: word.query.slice(at) }));
  return all.filter(({ query }) => query.length >= MIN_PLAIN || WIDE.test(query)).slice(-MAX_WORDS);
}

/**
 * Suggestions that hold the query in their name or an alias; those that begin with it first, then
 * those where a part of the name does.
 * @param {readonly Suggestion[]} suggestions
 * @param {string} query
 * @returns {Suggestion[]} at most 50
 */
export function matchSuggestions(suggestions, query) {
  const wanted = fold(query);
  const scored = suggestions.map((suggestion) => ({ suggestion, score: scoreOf(suggestion, wanted) }));
  const found = scored.filter(({ score }) => score < NO_MATCH);
  found.sort((a, b) => a.score - b.score || a.suggestion.label.length - b.suggestion.label.length);
  return found.slice(0, MAX_FOUND).map(({ suggestion }) => suggestion);
}

const NO_MATCH = 9;

/** @param {Suggestion} suggestion @param {string} wanted */
function scoreOf({ label, aliases = [] }, wanted) {
  return Math.min(...[label, ...aliases].map((name) => nameScore(fold(name), wanted)));
}

/** @param {string} name @param {string} wanted @returns {number} 0 best */
function nameScore(name, wanted) {
  if (wanted === "" || name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  const at = name.indexOf(wanted);
  if (at < 0) return NO_MATCH;
  return /[\s/\\_-]/.test(name[at - 1] ?? "") ? 2 : 3;
}

/** Blanks and underscores are the same in names. @param {string} text */
function fold(text) {
  return text.normalize("NFKC").toLowerCase().replaceAll("_", " ").trim();
}

/** Keeps the sources, and what each of them answered. */
export class Completions {
  constructor() {
    /** @type {Map<string, CompletionSource>} */
    this.sources = new Map();
    /** @type {Map<string, Promise<readonly Suggestion[]>>} */
    this.loaded = new Map();
  }

  /** @param {CompletionSource} source @returns {() => void} takes it away */
  register(source) {
    this.sources.set(source.id, source);
    this.loaded.delete(source.id);
    return () => {
      if (this.sources.get(source.id) === source) this.sources.delete(source.id);
      this.loaded.delete(source.id);
    };
  }

  /** Files may have come or gone: ask again. */
  forget() {
    this.loaded.clear();
  }

  /**
   * @param {string} text
   * @param {number} caret
   * @returns {Promise<{ word: Word, found: Suggestion[] } | undefined>}
   */
  async at(text, caret) {
    const sources = [...this.sources.values()];
    const word = wordBefore(text, caret, sources.flatMap(({ prefixes }) => prefixes));
    if (!word) return undefined;
    const fitting = sources.filter(({ prefixes }) => prefixes.includes(word.prefix));
    const all = await Promise.all(fitting.map((source) => this.#load(source)));
    for (const candidate of endings(word)) {
      const found = matchSuggestions(all.flat(), candidate.query);
      if (found.length) return { word: candidate, found };
    }
    return undefined;
  }

  /** A source that fails takes no other with it, and is asked again. @param {CompletionSource} source */
  async #load(source) {
    const known = this.loaded.get(source.id) ?? source.load();
    this.loaded.set(source.id, known);
    try {
      return await known;
    } catch (error) {
      console.warn(`The completions "${source.id}" could not be read.`, error);
      this.loaded.delete(source.id);
      return [];
    }
  }
}
