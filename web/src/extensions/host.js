/**
 * Loads the packs' scripts beside one another and keeps account of them. The editor is usable
 * before the first of them is there, and whatever one of them does.
 */

import { createStore } from "../core/store.js";
import { BadgeBoard } from "./badges.js";
import { Guard, sentenceOf, within } from "./guard.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").Extensions} Extensions */
/** @typedef {import("../app_types.js").ExtensionReport} ExtensionReport */
/** @typedef {import("./types.js").Module} Module */
/** @typedef {(url: string) => Promise<Module>} Import */
/** @typedef {(host: ExtensionHost) => Promise<import("./comfy/app.js").ComfyApp | undefined>} InstallComfy */

const PATIENCE_MS = 5000;

/** @implements {Extensions} */
export class ExtensionHost {
  /**
   * @param {App} app
   * @param {{ importModule?: Import, patience_ms?: number, installComfy?: InstallComfy }} [options]
   */
  constructor(app, options = {}) {
    this.app = app;
    this.importModule = options.importModule ?? ((url) => import(url));
    this.patience_ms = options.patience_ms ?? PATIENCE_MS;
    this.installComfy = options.installComfy ?? installComfy;
    /** @type {import("./comfy/app.js").ComfyApp | undefined} */
    this.comfy = undefined;
    this.badges = new BadgeBoard();
    this.decorations = this.badges.version;
    /** @type {Map<string, Guard>} */
    this.guards = new Map();
    /** @type {Set<Parameters<Extensions["onFitting"]>[0]>} */
    this.fittingListeners = new Set();
    this.loaded = createStore(/** @type {readonly ExtensionReport[]} */ ([]));
  }

  async load() {
    const urls = (await this.app.api.extensions()).filter((url) => packOf(url) !== undefined);
    if (urls.length === 0) return;
    this.comfy = await this.installComfy(this);
    // Like the adapter, it costs nothing where there is no pack with scripts.
    const builtIns = await import("./built_ins.js");
    const before = builtIns.pictureOfBuiltIns();
    const kinds = this.app.widgets.kinds();
    // At once, and not when the last of them is there: the artist works meanwhile.
    await Promise.all(urls.map((url) => this.#loadOne(url).finally(() => this.#putBackBuiltIns(builtIns, before))));
    await filled(this.app.catalogue);
    await this.comfy?.start();
    // Inputs of types that got widgets now are no sockets any more, also in what is open.
    if (this.app.widgets.kinds().size > kinds.size) this.app.commands.execute("app.reload_node_types");
    this.decorations.update((version) => version + 1);
  }

  /** @type {Extensions["badgesOf"]} */
  badgesOf(tab, record) {
    return this.badges.of(tab, record);
  }

  /** @type {Extensions["menuOf"]} */
  menuOf(tab, graph, node) {
    return this.comfy?.nodes.menuOf(tab, graph, node);
  }

  /** @type {Extensions["fittingOf"]} */
  fittingOf(tab, graph, node) {
    return this.comfy?.nodes.fittingOf(tab, graph, node);
  }

  /** @type {Extensions["onFitting"]} */
  onFitting(listener) {
    this.fittingListeners.add(listener);
    return () => { this.fittingListeners.delete(listener); };
  }

  /** @param {typeof import("./built_ins.js")} builtIns @param {import("./built_ins.js").Picture} before */
  #putBackBuiltIns({ changedBuiltIns, restoreBuiltIns }, before) {
    const changed = changedBuiltIns(before);
    if (changed.length === 0) return;
    restoreBuiltIns(before);
    this.app.ui.toast("warn", this.app.i18n.t("extensions.built_ins", { names: changed.slice(0, 5).join(", ") }));
  }

  /**
   * The account of a pack; made when it is first asked for.
   * @param {string} pack
   */
  guard(pack) {
    let guard = this.guards.get(pack);
    if (!guard) {
      guard = new Guard(pack, (what, error) => this.#tell(pack, what, error));
      this.guards.set(pack, guard);
    }
    return guard;
  }

  /** @param {string} url */
  async #loadOne(url) {
    const pack = /** @type {string} */ (packOf(url));
    const begun = performance.now();
    /** @type {string | undefined} */
    let error;
    try {
      await within(this.patience_ms, this.#start(url, pack));
    } catch (thrown) {
      error = sentenceOf(thrown);
      this.#tell(pack, url, thrown);
    }
    const milliseconds = performance.now() - begun;
    const report = { url, name: pack, milliseconds, ...(error !== undefined && { error }) };
    this.loaded.update((reports) => [...reports, report]);
  }

  /**
   * @param {string} url
   * @param {string} pack
   */
  async #start(url, pack) {
    const module = await this.importModule(url);
    if (typeof module.activate !== "function") return; // a script of ComfyUI, or a part of another
    const { API_VERSION, packApi } = await import("./pack_api.js");
    if (module.apiVersion !== undefined && module.apiVersion > API_VERSION) {
      throw new Error(this.app.i18n.t("extensions.too_new", { wanted: module.apiVersion, have: API_VERSION }));
    }
    await module.activate(packApi(this.app, this.guard(pack), this.badges));
  }

  /**
   * @param {string} pack
   * @param {string} what
   * @param {unknown} error
   */
  #tell(pack, what, error) {
    console.error(`Extension ${pack}, ${what}:`, error);
    const guard = this.guards.get(pack);
    if (guard && guard.errors > 1) return; // one message a pack; the console has them all
    this.app.ui.toast("error", this.app.i18n.t("extensions.failed", { pack, what, error: sentenceOf(error) }));
  }
}

/**
 * The pack a script belongs to: "/extensions/<pack>/…"; undefined for what is no pack's.
 * @param {string} url
 */
export function packOf(url) {
  const match = /^\/(?:api\/)?extensions\/([^/]+)\/.+\.m?js$/.exec(url);
  return match?.[1] === "core" ? undefined : match?.[1] && decodeURIComponent(match[1]);
}

/** @type {InstallComfy} the adapter costs nothing where there is no pack with scripts */
async function installComfy(host) {
  const { installComfy: install } = await import("./comfy/install.js");
  return install(host);
}

/**
 * Wait for the node types; the first worker may still be loading.
 * @param {App["catalogue"]} catalogue
 * @returns {Promise<void>}
 */
function filled(catalogue) {
  if (catalogue.get().size > 0) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = catalogue.subscribe((types) => {
      if (types.size === 0) return;
      stop();
      resolve();
    });
  });
}
