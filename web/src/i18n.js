/**
 * The editor's texts, in the language of the artist.
 *
 * Texts of the editor lie in `locales/<language>/<area>.json`, those of built-in node types in
 * `locales/<language>/nodes/`; packs bring their own through `GET /i18n` and win over ours.
 * `locales/README.md` describes the files.
 */

import { jsonText } from "./core/json.js";
import { createStore } from "./core/store.js";
import { asObject, fill, readNodeTexts, textAt } from "./locale_files.js";

/** @typedef {import("./core/types.js").Json} Json */
/** @typedef {import("./core/types.js").JsonObject} JsonObject */
/** @typedef {import("./core/types.js").NodeType} NodeType */
/** @typedef {import("./core/types.js").Catalogue} Catalogue */
/** @typedef {"en" | "zh"} Language */
/** @typedef {import("./app_types.js").Values} Values */
/** @typedef {(path: string) => Promise<unknown>} ReadJson reads a file below `locales/` */

/** @type {readonly Language[]} */
export const LANGUAGES = ["en", "zh"];

/** One file each in every language. */
export const AREAS = [
  "canvas", "commands", "core", "errors", "extensions", "files", "gallery", "panels", "running",
  "settings", "shell", "widgets",
];

/**
 * The language for what a browser asks for; every kind of Chinese reads the simplified texts.
 * @param {readonly string[]} wanted language tags, best first
 * @returns {Language}
 */
export function pickLanguage(wanted) {
  for (const tag of wanted) {
    const language = /** @type {Language} */ (tag.toLowerCase().split("-")[0]);
    if (LANGUAGES.includes(language)) return language;
  }
  return "en";
}

/** @param {NodeType | string} type */
function nameOf(type) {
  return typeof type === "string" ? type : type.name;
}

/** Translates keys and node types. One lives in the application: `i18n`, with `t` as short form. */
export class I18n {
  constructor() {
    /** Texts are asked for everywhere: `const { t } = app.i18n` is to work. */
    this.t = this.t.bind(this);
    /** Changes once the texts of the new language are there. */
    this.language = createStore(/** @type {Language} */ ("en"));
    /** @type {Map<string, Json>} */
    this.texts = new Map();
    /** Node texts, most important first. @type {unknown[]} */
    this.nodeTexts = [];
    /** @type {JsonObject} by language, as GET /i18n answers */
    this.packTexts = {};
    /** @type {unknown} */
    this.builtIn = {};
    this.plurals = new Intl.PluralRules("en");
    /** @type {import("./app_types.js").Store<Catalogue> | undefined} */
    this.types = undefined;
  }

  /**
   * Read a language's texts, then switch to it.
   * @param {Language} language
   * @param {ReadJson} readJson
   * @throws {Error} when a file cannot be read; the language before stays
   */
  async load(language, readJson) {
    const [areas, builtIn] = await Promise.all([
      Promise.all(AREAS.map((area) => readJson(`${language}/${area}.json`))),
      readNodeTexts(language, readJson),
    ]);
    this.texts = new Map(areas.flatMap((area) => Object.entries(asObject(area) ?? {})));
    this.builtIn = builtIn;
    this.plurals = new Intl.PluralRules(language);
    this.#orderNodeTexts(language);
    this.language.set(language);
  }

  /**
   * Take the packs' texts.
   * @param {unknown} translations what GET /i18n answered
   */
  setPackTexts(translations) {
    this.packTexts = asObject(translations) ?? {};
    this.#orderNodeTexts(this.language.get());
  }

  /** @param {Language} language */
  #orderNodeTexts(language) {
    this.nodeTexts = [this.packTexts[language], this.builtIn];
  }

  /**
   * The text of a key. `{name}` is filled from values; a text with plural forms
   * (`{"one": …, "other": …}`) is chosen by `values.count`.
   * @param {string} key
   * @param {Values} [values]
   * @returns {string} the key itself when there is no text
   */
  t(key, values = {}) {
    const found = this.texts.get(key);
    const forms = asObject(found);
    const text = forms ? (forms[this.plurals.select(Number(values["count"]))] ?? forms["other"]) : found;
    return typeof text === "string" ? fill(text, values) : key;
  }

  /** @param {string} key */
  has(key) {
    return this.texts.has(key);
  }

  /** @param {readonly string[]} path @returns {string | undefined} */
  #nodeText(path) {
    for (const texts of this.nodeTexts) {
      const text = textAt(texts, path);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /**
   * Look node types up there when only their name is given.
   * @param {import("./app_types.js").Store<Catalogue>} catalogue
   */
  useCatalogue(catalogue) {
    this.types = catalogue;
  }

  /** @param {NodeType | string} type @returns {NodeType | undefined} */
  #type(type) {
    return typeof type === "string" ? this.types?.get().get(type) : type;
  }

  /**
   * The title of a node type.
   * @param {NodeType | string} type
   */
  nodeTitle(type) {
    const known = this.#type(type);
    return this.#nodeText(["nodeDefs", nameOf(type), "display_name"]) ?? known?.title ?? nameOf(type);
  }

  /**
   * What a node type does, in a paragraph.
   * @param {NodeType | string} type
   */
  description(type) {
    const text = this.#nodeText(["nodeDefs", nameOf(type), "description"]);
    return text ?? this.#type(type)?.description ?? "";
  }

  /**
   * The name shown for an input.
   * @param {NodeType | string} type
   * @param {string} input its name
   */
  inputLabel(type, input) {
    const text = this.#nodeText(["nodeDefs", nameOf(type), "inputs", input, "name"]);
    if (text !== undefined) return text;
    const declared = this.#type(type)?.inputs.find(({ name }) => name === input);
    const given = declared?.options["display_name"];
    return typeof given === "string" && given !== "" ? given : input;
  }

  /**
   * The name shown for an output.
   * @param {NodeType | string} type
   * @param {string} output its key
   */
  outputLabel(type, output) {
    const outputs = this.#type(type)?.outputs ?? [];
    const index = outputs.findIndex(({ key }) => key === output);
    const text = this.#nodeText(["nodeDefs", nameOf(type), "outputs", String(index), "name"]);
    return text ?? outputs[index]?.name ?? output;
  }

  /**
   * What an input is for; "" where nobody says.
   * @param {NodeType | string} type
   * @param {string} input its name
   */
  tooltip(type, input) {
    const text = this.#nodeText(["nodeDefs", nameOf(type), "inputs", input, "tooltip"]);
    return text ?? this.#type(type)?.inputs.find(({ name }) => name === input)?.tooltip ?? "";
  }

  /**
   * What an output holds; "" where nobody says.
   * @param {NodeType | string} type
   * @param {string} output its key
   */
  outputTooltip(type, output) {
    const outputs = this.#type(type)?.outputs ?? [];
    const index = outputs.findIndex(({ key }) => key === output);
    const text = this.#nodeText(["nodeDefs", nameOf(type), "outputs", String(index), "tooltip"]);
    return text ?? outputs[index]?.tooltip ?? "";
  }

  /**
   * The name shown for one choice of a menu; files keep the value itself.
   * @param {NodeType | string} type
   * @param {string} input
   * @param {Json} value
   */
  choiceLabel(type, input, value) {
    const name = typeof value === "string" ? value : jsonText(value);
    return this.#nodeText(["nodeDefs", nameOf(type), "inputs", input, "options", name]) ?? name;
  }

  /**
   * Markdown that explains a type at length: our own, else the pack's page in this language or in
   * none ("docs/Type/zh.md", "docs/Type.md"); "" where there is no such page.
   * @param {NodeType | string} type
   * @returns {Promise<{ text: string, address: string }>} `address`: what pictures are relative to
   */
  async help(type) {
    const ours = this.#nodeText(["nodeDefs", nameOf(type), "help"]);
    const pack = this.#type(type)?.module.match(/^custom_nodes\.([^.]+)/)?.[1];
    if (ours !== undefined || pack === undefined) return { text: ours ?? "", address: "" };
    const page = `/extensions/${encodeURIComponent(pack)}/docs/${encodeURIComponent(nameOf(type))}`;
    for (const address of [`${page}/${this.language.get()}.md`, `${page}.md`]) {
      const response = await fetch(address);
      if (response.ok) return { text: await response.text(), address };
    }
    return { text: "", address: "" };
  }

  /**
   * Translate a menu path part by part: "image/transform" -> "图像/变换".
   * @param {string} path
   */
  category(path) {
    const parts = path.split("/");
    return parts.map((part) => this.#nodeText(["nodeCategories", part]) ?? part).join("/");
  }
}

/**
 * Read a file of `locales/` from where this module came from.
 * @type {ReadJson}
 */
export async function fetchLocale(path) {
  const url = new URL(`../locales/${path}`, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Texts ${url.pathname} could not be read: ${response.status}.`);
  return response.json();
}

export const i18n = new I18n();

/**
 * @param {string} key
 * @param {Values} [values]
 */
export function t(key, values) {
  return i18n.t(key, values);
}
