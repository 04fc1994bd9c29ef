/** Finding node types by what people call them: title in both languages, name, aliases, category. */

import { compatible, isAny } from "../core/type_rules.js";
import { rank } from "../core/search.js";
import { commonPlace, firstChoices } from "./first_choices.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").PaletteFilter} PaletteFilter */
/** @typedef {import("../core/types.js").Catalogue} Catalogue */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("../core/search.js").Entry & { readonly type: NodeType }} Found */

/** How often each type was added: `{ [type]: count }`. */
export const USAGE_SETTING = "Tessera.Palette.Usage";

const PORT_WORD = /(?:^|\s)(in|out):(\S+)/gi;

/** Ranks the types of the catalogue; what it prepares lasts until types or language change. */
export class NodeSearch {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Catalogue | undefined} */
    this.catalogue = undefined;
    this.language = "";
    /** @type {readonly Found[]} */
    this.entries = [];
  }

  /**
   * The types that fit, best first; all of them for an empty search: in front those used often,
   * then what most people add there.
   * @param {string} typed words, with `in:TYPE` and `out:TYPE` among them
   * @param {PaletteFilter} [filter]
   * @returns {readonly Found[]}
   */
  find(typed, filter) {
    const { words, filters } = splitPorts(typed);
    const wanted = filter ? [...filters, filter] : filters;
    const entries = this.#entries().filter(({ type }) => wanted.every((one) => fits(type, one)));
    const usage = this.app.settings.get(USAGE_SETTING);
    const all = rank(words, entries, usage);
    const ranked = words === "" ? withFirst(all, firstChoices(wanted), usage) : all;
    if (wanted.length === 0) return ranked;
    const isMeant = (/** @type {Found} */ { type }) => wanted.every((one) => fits(type, one, { anything: false }));
    return [...ranked.filter(isMeant), ...ranked.filter((entry) => !isMeant(entry))];
  }

  #entries() {
    const { catalogue, i18n } = this.app;
    const language = i18n.language.get();
    if (this.catalogue !== catalogue.get() || this.language !== language) {
      this.catalogue = catalogue.get();
      this.language = language;
      this.entries = [...this.catalogue.values()].map((type) => entryOf(type, i18n));
    }
    return this.entries;
  }
}

/**
 * @param {NodeType} type
 * @param {import("../app_types.js").I18n} i18n
 * @returns {Found}
 */
function entryOf(type, i18n) {
  const { name, title, aliases, category } = type;
  const order = commonPlace(name);
  return {
    type, key: name, title: i18n.nodeTitle(type), names: [title, name, ...aliases], category: i18n.category(category),
    ...(order === undefined ? {} : { order }),
  };
}

/**
 * Put first choices behind what was used already.
 * @param {readonly Found[]} all
 * @param {readonly string[]} first
 * @param {{ readonly [type: string]: number }} usage
 */
export function withFirst(all, first, usage) {
  const place = (/** @type {Found} */ { key }) => {
    if (Object.hasOwn(usage, key)) return -1;
    const at = first.indexOf(key);
    return at < 0 ? first.length : at;
  };
  return [...all].sort((one, other) => place(one) - place(other));
}

/**
 * Take the port words out of a search.
 * @param {string} typed
 * @returns {{ words: string, filters: PaletteFilter[] }}
 */
export function splitPorts(typed) {
  const filters = [...typed.matchAll(PORT_WORD)].map(([, side, type]) => /** @type {PaletteFilter} */ ({
    from: side?.toLowerCase() === "in" ? "output" : "input",
    type: (type ?? "").toUpperCase(),
  }));
  return { words: typed.replace(PORT_WORD, " ").trim(), filters };
}

/**
 * Whether a type has a port for a link of that type.
 * @param {NodeType} type
 * @param {PaletteFilter} filter
 * @param {{ anything?: boolean }} [options] `anything` false: ports that take or give anything do not count
 */
export function fits(type, filter, { anything = true } = {}) {
  const ports = filter.from === "output" ? type.inputs.filter(({ hidden }) => !hidden) : type.outputs;
  return ports.some((port) => compatible(port.type, filter.type) && (anything || !isAny(port.type)));
}

/**
 * Remember that a type was used: it comes sooner the next time.
 * @param {App} app
 * @param {string} name
 */
export function countUse(app, name) {
  const usage = app.settings.get(USAGE_SETTING);
  app.settings.set(USAGE_SETTING, { ...usage, [name]: (usage[name] ?? 0) + 1 });
}
