/** The open documents. Opening never replaces one; switching is a change of reference. */

/** @import { I18n, Store, Tab as TabShape, TabContent, Tabs } from "../app_types.js" */
/** @import { Catalogue } from "../core/types.js" */

import { readWorkflow } from "../core/convert/read_canvas.js";
import { Doc } from "../core/document.js";
import { createStore } from "../core/store.js";
import { Tab } from "./tab.js";

/** @implements {Tabs} */
export class TabList {
  /**
   * @param {object} services
   * @param {Store<Catalogue>} services.catalogue
   * @param {I18n} services.i18n
   * @param {(tab: Tab) => Promise<boolean>} services.mayClose asks when edits are in no file
   */
  constructor({ catalogue, i18n, mayClose }) {
    this.catalogue = catalogue;
    this.i18n = i18n;
    this.mayClose = mayClose;
    this.active = createStore(/** @type {Tab | null} */ (null));
    this.list = createStore(/** @type {readonly Tab[]} */ ([]));
  }

  /** @param {TabContent} [content] @returns {Tab} */
  open({ title, file = null, workflow, activate = true } = {}) {
    const { doc, problems } = workflow === undefined
      ? { doc: Doc.empty(), problems: [] }
      : readWorkflow(workflow, this.catalogue.get());
    const tab = new Tab(doc, { title: title ?? this.#freeTitle(), file });
    tab.problems.set(problems);
    return this.add(tab, activate);
  }

  /** @param {Tab} tab @param {boolean} [activate] @returns {Tab} */
  add(tab, activate = true) {
    this.list.update((tabs) => [...tabs, tab]);
    if (activate || this.active.get() === null) this.active.set(tab);
    return tab;
  }

  /**
   * The last one leaves an empty document behind.
   * @param {TabShape} closing
   * @returns {Promise<boolean>}
   */
  async close(closing) {
    const tab = this.list.get().find((one) => one === closing);
    if (!tab || !(await this.mayClose(tab))) return false;
    const tabs = this.list.get();
    const at = tabs.indexOf(tab);
    if (at < 0) return false;
    const rest = tabs.filter((one) => one !== tab);
    if (this.active.get() === tab) this.active.set(rest[Math.min(at, rest.length - 1)] ?? null);
    this.list.set(rest);
    tab.run.clear();
    if (rest.length === 0) this.open();
    return true;
  }

  /** Move a tab in the row. @param {TabShape} moved @param {number} to */
  move(moved, to) {
    this.list.update((tabs) => {
      const rest = tabs.filter((tab) => tab !== moved);
      const tab = tabs.find((one) => one === moved);
      return tab ? [...rest.slice(0, to), tab, ...rest.slice(to)] : tabs;
    });
  }

  /** @param {number} step 1 for the next one, -1 for the one before */
  step(step) {
    const tabs = this.list.get();
    const at = tabs.findIndex((tab) => tab === this.active.get());
    this.active.set(tabs[(at + step + tabs.length) % tabs.length] ?? null);
  }

  #freeTitle() {
    const titles = new Set(this.list.get().map((tab) => tab.title.get()));
    for (let number = 1; ; number += 1) {
      const title = this.i18n.t(number === 1 ? "files.untitled" : "files.untitledNumber", { number });
      if (!titles.has(title)) return title;
    }
  }
}
