/** The node types the server has: loaded, loaded again when they change, and taken into open tabs. */

/** @import { App, Store } from "../app_types.js" */
/** @import { Replaced, Replacements } from "../core/migrations.js" */
/** @import { Catalogue } from "../core/types.js" */
/** @import { Tab } from "./tab.js" */
/** @import { TabList } from "./tabs.js" */

import { adoptTypes, findStale } from "../core/adopt.js";
import { readObjectInfo } from "../core/catalogue.js";
import { readWorkflow } from "../core/convert/read_canvas.js";
import { writeWorkflow } from "../core/convert/write_canvas.js";
import { findReplaced, readReplacements, replaceOldNodes, withVersions } from "../core/migrations.js";

/** Problems of reading that new types may solve. */
const ABOUT_TYPES = new Set(["unknown_type", "unplaced_values"]);
/** Kinds of replacements that a message names. */
const NAMED = 3;

export class NodeTypes {
  /** @type {Replacements} */
  #replacements = new Map();
  /** @type {WeakSet<Tab>} */
  #seen = new WeakSet();
  #wasLost = false;

  /**
   * @param {App} app
   * @param {{ catalogue: Store<Catalogue>, tabs: TabList, onError: (error: unknown) => void }} parts
   */
  constructor(app, { catalogue, tabs, onError }) {
    this.app = app;
    this.catalogue = catalogue;
    this.tabs = tabs;
    this.onError = onError;
  }

  /** Follow the server and the tabs that are opened. */
  start() {
    const refresh = () => void this.refresh().catch(this.onError);
    this.app.socket.on("node_types_changed", refresh);
    this.app.socket.state.subscribe((state) => {
      if (state === "open" && this.#wasLost) refresh(); // it may be another server with other packs
      this.#wasLost = state === "lost" || (this.#wasLost && state !== "open");
    });
    this.#takeIn(this.tabs.list.get(), new Map()); // they were begun before any type was known
    this.tabs.list.subscribe((tabs) => this.#takeIn(tabs, this.catalogue.get()));
  }

  /** @param {readonly Tab[]} tabs all that are open @param {Catalogue} before types the new ones were read with */
  #takeIn(tabs, before) {
    for (const tab of tabs.filter((tab) => !this.#seen.has(tab))) {
      this.#seen.add(tab);
      this.#update(tab, before);
    }
  }

  /** @throws {Error} what the server says when no worker can tell */
  async load() {
    const [types, replacements] = await Promise.all([
      this.app.api.objectInfo(), this.app.api.json("/api/node_replacements"),
    ]);
    this.#replacements = readReplacements(replacements);
    this.catalogue.set(withVersions(readObjectInfo(types, this.app.widgets.kinds()), this.#replacements));
  }

  /** Load the types again, also into the menus, and bring what is open up to date. */
  async refresh() {
    const before = this.catalogue.get();
    await this.load();
    for (const tab of this.tabs.list.get()) this.#update(tab, before);
  }

  /** @param {Tab} tab @param {Catalogue} before types the tab was read with */
  #update(tab, before) {
    const after = this.catalogue.get();
    const replaced = findReplaced(tab.doc, after, this.#replacements);
    if (replaced.length === 0 && findStale(tab.doc, before, after).length === 0) return;
    tab.edit(replaced.length ? "edit.replaceTypes" : "edit.adoptTypes", (tx) => {
      if (replaced.length) replaceOldNodes(tx, replaced, after);
      adoptTypes(tx, before, after);
    });
    const { problems } = readWorkflow(writeWorkflow(tab.doc, after), after);
    tab.problems.update((old) => [
      ...old.filter(({ code }) => !ABOUT_TYPES.has(code)), ...problems.filter(({ code }) => ABOUT_TYPES.has(code)),
    ]);
    if (replaced.length) this.#tell(replaced);
  }

  /** @param {readonly Replaced[]} replaced */
  #tell(replaced) {
    const { i18n, ui } = this.app;
    const kinds = new Set(replaced.map(({ steps }) => {
      const [from, to] = [steps[0]?.from ?? "", steps.at(-1)?.to ?? ""];
      return from === to ? i18n.t("shell.types.newForm", { type: to }) : `${from} → ${to}`;
    }));
    const named = [...kinds].slice(0, NAMED).join(", ") + (kinds.size > NAMED ? ", …" : "");
    ui.toast("info", i18n.t("shell.types.replaced", { count: replaced.length, names: named }));
  }
}
