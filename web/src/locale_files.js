/** Reading the files of `locales/`: places to fill, texts at a path, node texts of many files. */

/** @typedef {import("./core/types.js").JsonObject} JsonObject */
/** @typedef {import("./app_types.js").Values} Values */
/** @typedef {import("./i18n.js").Language} Language */
/** @typedef {import("./i18n.js").ReadJson} ReadJson */

/**
 * Fill `{name}` places. A place without a value stays as it is, so that the mistake is seen.
 * @param {string} text
 * @param {Values} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => {
    const value = values[name];
    return value === undefined ? place : String(value);
  });
}

/** @param {unknown} value @returns {JsonObject | undefined} */
export function asObject(value) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? /** @type {JsonObject} */ (value) : undefined;
}

/**
 * @param {unknown} root
 * @param {readonly string[]} path
 * @returns {string | undefined} the text there; undefined also for an empty one
 */
export function textAt(root, path) {
  /** @type {unknown} */
  let at = root;
  for (const key of path) {
    const object = asObject(at);
    if (!object || !Object.hasOwn(object, key)) return undefined;
    at = object[key];
  }
  return typeof at === "string" && at !== "" ? at : undefined;
}

/**
 * Merge the files that `nodes/index.json` lists; English has none beside what nodes declare.
 * @param {Language} language
 * @param {ReadJson} readJson
 */
export async function readNodeTexts(language, readJson) {
  const names = /** @type {string[]} */ (await readJson(`${language}/nodes/index.json`));
  const files = await Promise.all(names.map((name) => readJson(`${language}/nodes/${name}.json`)));
  /** @type {{ [section: string]: JsonObject }} */
  const merged = { nodeCategories: {}, nodeDefs: {} };
  for (const file of files) {
    for (const [section, texts] of Object.entries(asObject(file) ?? {})) {
      merged[section] = { ...merged[section], ...asObject(texts) };
    }
  }
  return merged;
}
