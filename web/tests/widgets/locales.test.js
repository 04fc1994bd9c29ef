import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { AREAS, I18n, LANGUAGES, pickLanguage } from "../../src/i18n.js";

const WEB = fileURLToPath(new URL("../../", import.meta.url));
const LOCALES = join(WEB, "locales");
/** Files beside the areas. */
const OTHERS = new Set(["prompt_words.json"]);

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(join(LOCALES, path), "utf8"));
}

/** @param {string} area @param {string} language @returns {{ [key: string]: string | { [form: string]: string } }} */
function areaTexts(area, language) {
  return readJson(`${language}/${area}.json`);
}

/** The places `{name}` of a text in all its forms. @param {string | { [form: string]: string }} text */
function places(text) {
  const forms = typeof text === "string" ? [text] : Object.values(text);
  return [...new Set(forms.flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)))].sort();
}

for (const language of LANGUAGES) {
  test(`the areas are the files of ${language}`, () => {
    const files = readdirSync(join(LOCALES, language)).filter((name) => name.endsWith(".json") && !OTHERS.has(name));
    assert.deepEqual(files.sort(), AREAS.map((area) => `${area}.json`).sort());
  });

  test(`no key is in two areas of ${language}`, () => {
    const keys = AREAS.flatMap((area) => Object.keys(areaTexts(area, language)));
    const twice = keys.filter((key, at) => keys.indexOf(key) !== at);
    assert.deepEqual(twice, []);
  });

  test(`texts with plural forms have those of ${language}`, () => {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const area of AREAS) {
      for (const [key, text] of Object.entries(areaTexts(area, language))) {
        if (typeof text === "object") assert.deepEqual(Object.keys(text).sort(), [...needed].sort(), key);
      }
    }
  });

  test(`the index of ${language} lists the files of node texts`, () => {
    const files = readdirSync(join(LOCALES, language, "nodes")).filter((name) => name !== "index.json");
    assert.deepEqual(readJson(`${language}/nodes/index.json`).map((/** @type {string} */ name) => `${name}.json`).sort(), files.sort());
  });
}

for (const area of AREAS) {
  test(`${area} has the same keys and places in both languages, and no empty text`, () => {
    const [en, zh] = [areaTexts(area, "en"), areaTexts(area, "zh")];
    assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      const other = /** @type {string | { [form: string]: string }} */ (zh[key]);
      // A plural form may say its number in a word.
      if (typeof text === "string") assert.deepEqual(places(other), places(text), key);
      for (const form of [text, other].flatMap((one) => (typeof one === "string" ? [one] : Object.values(one)))) assert.notEqual(form, "", key);
    }
  });
}

/** @param {string} folder @returns {string[]} */
function scripts(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? scripts(path) : path.endsWith(".js") ? [path] : [];
  });
}

test("every key that the source names has a text", () => {
  const known = new Set(AREAS.flatMap((area) => Object.keys(areaTexts(area, "en"))));
  const missing = scripts(join(WEB, "src")).flatMap((path) => {
    const source = readFileSync(path, "utf8");
    const named = [...source.matchAll(/\bt\(\s*"([\w.]+)"/g), ...source.matchAll(/\btitle: "([a-z]\w*(?:\.\w+)+)"/g)];
    return named.map(([, key]) => key ?? "").filter((key) => !known.has(key)).map((key) => `${path.slice(WEB.length)}: ${key}`);
  });
  assert.deepEqual(missing, []);
});

test("every kind of Chinese reads the simplified texts, others English", () => {
  assert.equal(pickLanguage(["zh-TW", "en"]), "zh");
  assert.equal(pickLanguage(["fr-FR", "zh-CN"]), "zh");
  assert.equal(pickLanguage(["de", "fr"]), "en");
  assert.equal(pickLanguage([]), "en");
});

/** @param {import("../../src/i18n.js").Language} language */
async function loaded(language) {
  const i18n = new I18n();
  await i18n.load(language, async (path) => readJson(path));
  return i18n;
}

/** @type {import("../../src/core/types.js").NodeType} */
const KSAMPLER = {
  name: "KSampler", title: "KSampler", category: "sampling", description: "Turns noise into a picture.", module: "nodes",
  inputs: [
    { name: "seed", type: "INT", required: true, index: 0, widget: "int", tooltip: "Decides the noise.", options: {} },
    { name: "mine", type: "INT", required: true, index: 1, widget: "int", options: { display_name: "Mine" } },
  ],
  outputs: [{ name: "LATENT", key: "LATENT", type: "LATENT", isList: false }],
  isOutput: false, deprecated: false, experimental: false, aliases: [],
};

test("texts are filled in and counted", async () => {
  const i18n = await loaded("en");
  const { t } = i18n;
  assert.equal(t("panels.find.count", { count: 1 }), "1 place");
  assert.equal(t("panels.find.count", { count: 1200 }), "1200 places");
  assert.equal(t("panels.palette.takes", { type: "{type}" }), "takes {type}");
  assert.equal(t("no.such.key"), "no.such.key");
});

test("node types are shown in the language where it has words, else as they declare", async () => {
  const [en, zh] = [await loaded("en"), await loaded("zh")];
  assert.equal(en.nodeTitle(KSAMPLER), "KSampler");
  assert.equal(en.inputLabel(KSAMPLER, "mine"), "Mine");
  assert.equal(en.tooltip(KSAMPLER, "seed"), "Decides the noise.");
  assert.equal(zh.nodeTitle(KSAMPLER), "K 采样器");
  assert.equal(zh.inputLabel(KSAMPLER, "seed"), "种子");
  assert.equal(zh.outputLabel(KSAMPLER, "LATENT"), "潜空间图像");
  assert.equal(zh.category("sampling/nowhere"), "采样/nowhere");
  assert.equal(zh.choiceLabel(KSAMPLER, "mine", "x"), "x");
});

test("a pack's words come before ours, and only in their language", async () => {
  const i18n = await loaded("zh");
  i18n.setPackTexts({
    zh: { nodeDefs: { KSampler: { display_name: "包的采样器", inputs: { mine: { options: { x: "某" } } } } }, nodeCategories: { sampling: "取样" } },
    en: { nodeDefs: { KSampler: { display_name: "Pack sampler" } } },
  });
  assert.equal(i18n.nodeTitle(KSAMPLER), "包的采样器");
  assert.equal(i18n.inputLabel(KSAMPLER, "seed"), "种子");
  assert.equal(i18n.category("sampling"), "取样");
  assert.equal(i18n.choiceLabel(KSAMPLER, "mine", "x"), "某");
});

for (const hostile of [null, 3, "x", [], { zh: 4 }, { zh: { nodeDefs: { KSampler: { inputs: ["a"], display_name: {} } } } }, { zh: { nodeDefs: { __proto__: null } } }]) {
  test(`damaged words of a pack change nothing: ${JSON.stringify(hostile)}`, async () => {
    const i18n = await loaded("zh");
    i18n.setPackTexts(hostile);
    assert.equal(i18n.nodeTitle(KSAMPLER), "K 采样器");
    assert.equal(i18n.inputLabel(KSAMPLER, "toString"), "toString");
  });
}
