import assert from "node:assert/strict";
import { test } from "node:test";

import { Completions, matchSuggestions, wordBefore } from "../../src/widgets/completion.js";

const PREFIXES = ["embedding:", "<lora:", "__", ""];

/** @type {readonly [string, string | undefined, string | undefined][]} text, prefix, query */
const WORDS = [
  ["a cat, embedding:eas", "embedding:", "eas"],
  ["embedding:", "embedding:", ""],
  ["Embedding:Easy", "embedding:", "Easy"],
  ["a <lora:det", "<lora:", "det"],
  ["a <lora:detail:1>", undefined, undefined],
  ["a __col", "__", "col"],
  ["a __color__ b", "", "a __color__ b"],
  ["a cat, long ha", "", "long ha"],
  ["(long ha", "", "long ha"],
  ["a", undefined, undefined],
  ["长", "", "长"],
  ["一个女孩，长发", "", "长发"],
  ["done, ", undefined, undefined],
  ["embedding:one, two wo", "", "two wo"],
];

for (const [text, prefix, query] of WORDS) {
  test(`${JSON.stringify(text)} ends in ${JSON.stringify(prefix)} ${JSON.stringify(query)}`, () => {
    const word = wordBefore(text, text.length, PREFIXES);
    assert.equal(word?.prefix, prefix);
    assert.equal(word?.query, query);
    if (word) assert.equal(text.slice(word.start, word.end).toLowerCase(), `${prefix}${query}`.toLowerCase());
  });
}

/** @param {string} label @param {readonly string[]} [aliases] */
function suggestion(label, aliases = []) {
  return { text: label, label, aliases };
}

test("beginnings come before beginnings of words, those before other places", () => {
  const all = ["too long", "belonging", "long hair", "long"].map((label) => suggestion(label));
  assert.deepEqual(matchSuggestions(all, "long").map(({ label }) => label), ["long", "long hair", "too long", "belonging"]);
});

test("a Chinese alias finds the English word", () => {
  const all = [suggestion("long hair", ["长发"]), suggestion("short hair", ["短发"])];
  assert.deepEqual(matchSuggestions(all, "长").map(({ label }) => label), ["long hair"]);
});

test("blanks and underscores are the same", () => {
  assert.equal(matchSuggestions([suggestion("long_hair")], "long h").length, 1);
});

test("the last words of a phrase are completed", async () => {
  const completions = new Completions();
  completions.register({ id: "tags", prefixes: [""], load: async () => [suggestion("long hair")] });
  const text = "a girl with long ha";
  const answer = await completions.at(text, text.length);
  assert.equal(text.slice(answer?.word.start), "long ha");
});

test("a source that fails takes no other with it, and is asked again", async (context) => {
  context.mock.method(console, "warn", () => {});
  const completions = new Completions();
  let asked = 0;
  completions.register({ id: "broken", prefixes: [""], load: () => Promise.reject(new Error(`${asked += 1}`)) });
  completions.register({ id: "fine", prefixes: [""], load: async () => [suggestion("castle")] });
  for (const count of [1, 2]) {
    const answer = await completions.at("cas", 3);
    assert.deepEqual(answer?.found.map(({ label }) => label), ["castle"]);
    assert.equal(asked, count);
  }
});

test("a source is asked once until its answer is to be forgotten", async () => {
  const completions = new Completions();
  let asked = 0;
  completions.register({ id: "one", prefixes: ["__"], load: async () => [suggestion(`color${(asked += 1)}`)] });
  await completions.at("__c", 3);
  await completions.at("__co", 4);
  assert.equal(asked, 1);
  completions.forget();
  await completions.at("__co", 4);
  assert.equal(asked, 2);
});
