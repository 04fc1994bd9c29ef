/** Where completions of prompts come from: files of the server, the artist's word lists, packs. */

import { modelPreviewPath } from "./choices.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("./completion.js").Completions} Completions */
/** @typedef {import("./completion.js").Suggestion} Suggestion */

/** Folders of the user's data: lists of words, and files of lines that stand for "__name__". */
const WORD_FOLDER = "autocomplete";
const WILDCARD_FOLDER = "wildcards";
/** More would not be found among one another. */
const MAX_WORDS = 200_000;

/**
 * @param {Completions} completions
 * @param {App} app
 * @returns {() => void} takes them away
 */
export function registerPromptSources(completions, app) {
  const ends = [
    completions.register({ id: "embeddings", prefixes: ["embedding:"], load: () => embeddings(app) }),
    completions.register({ id: "loras", prefixes: ["<lora:"], load: () => loras(app) }),
    completions.register({ id: "wildcards", prefixes: ["__"], load: () => wildcards(app) }),
    completions.register({ id: "words", prefixes: [""], load: () => words(app) }),
    // Files may have come or gone with the node types' menus; words depend on the language.
    app.catalogue.subscribe(() => completions.forget()),
    app.i18n.language.subscribe(() => completions.forget()),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** @param {App} app @returns {Promise<Suggestion[]>} */
async function embeddings({ api }) {
  const names = await api.embeddings();
  return names.map((name) => ({ text: `embedding:${name}`, label: name, detail: "embedding" }));
}

/** @param {App} app @returns {Promise<Suggestion[]>} */
async function loras({ api }) {
  const files = await api.models("loras");
  return files.map((file) => {
    const name = file.replace(/\.[^./\\]+$/, "");
    return { text: `<lora:${name}:1>`, label: name, detail: "LoRA", picture: api.url(modelPreviewPath("loras", file)) };
  });
}

/** @param {App} app @returns {Promise<Suggestion[]>} */
async function wildcards({ api }) {
  const files = await api.listUserFiles(WILDCARD_FOLDER);
  const names = files.map(({ path }) => path).filter((path) => path.endsWith(".txt")).map((path) => path.slice(0, -4));
  return names.map((name) => ({ text: `__${name}__`, label: name, detail: "__…__" }));
}

/** @param {App} app @returns {Promise<Suggestion[]>} */
async function words({ api, i18n }) {
  const files = (await api.listUserFiles(WORD_FOLDER)).filter(({ path }) => path.endsWith(".csv"));
  const lists = await Promise.all(files.map(async ({ path }) => readWordList(await api.readUserFile(`${WORD_FOLDER}/${path}`))));
  const common = i18n.language.get() === "zh" ? await commonWords() : [];
  return [...lists.flat(), ...common].slice(0, MAX_WORDS);
}

/**
 * Read a list of words as tag completers use: a word, its kind, how often it is used, and its
 * other names in quotes, one line each.
 * @param {string} text "long_hair,0,2890000,\"长发,longhair\""
 * @returns {Suggestion[]}
 */
export function readWordList(text) {
  return text.split(/\r?\n/).flatMap((line) => {
    const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
    const [word = "", , , names = ""] = fields;
    if (word.trim() === "" || word.startsWith("#")) return [];
    const label = word.trim().replaceAll("_", " ");
    const aliases = names.split(",").map((name) => name.trim()).filter(Boolean);
    return [{ text: escapeWeights(label), label, aliases, detail: aliases[0] ?? "" }];
  });
}

/** "smile (artist)" is a name, no emphasis. @param {string} text */
function escapeWeights(text) {
  return text.replace(/[()]/g, "\\$&");
}

/** Words of picture prompts by their Chinese names. @returns {Promise<Suggestion[]>} */
async function commonWords() {
  const response = await fetch(new URL("../../locales/zh/prompt_words.json", import.meta.url));
  if (!response.ok) throw new Error(`The list of prompt words could not be read: ${response.status}.`);
  /** @type {{ [word: string]: string[] }} */
  const list = await response.json();
  return Object.entries(list).map(([word, aliases]) => ({ text: word, label: word, aliases, detail: aliases[0] ?? "" }));
}
