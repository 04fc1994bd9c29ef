/** The way into the shown subgraph; every step leads back. */

/** @import { App, Tab } from "../app_types.js" */
/** @import { CanvasView } from "./view.js" */

import { make } from "./dom.js";

export class Breadcrumb {
  /** @param {App} app @param {CanvasView} view @param {(tab: Tab, depth: number) => void} leaveTo */
  constructor(app, view, leaveTo) {
    this.app = app;
    this.view = view;
    this.leaveTo = leaveTo;
    this.element = make("nav", "canvas-breadcrumb");
    this.element.hidden = true;
    view.root.append(this.element);
    view.root.addEventListener("graphshown", () => this.#show());
  }

  #show() {
    const tab = this.view.shown?.tab;
    const path = tab?.graphPath.get() ?? [];
    this.element.hidden = path.length === 0;
    this.element.setAttribute("aria-label", this.app.i18n.t("canvas.breadcrumb"));
    this.element.replaceChildren();
    if (!tab || path.length === 0) return;
    let graph = "root";
    this.#add(tab, tab.title.get(), 0, false);
    path.forEach((id, at) => {
      const node = tab.doc.graph(graph)?.nodes.get(id);
      graph = node?.type ?? graph;
      const name = node?.title ?? tab.doc.graph(graph)?.record.name ?? id;
      this.element.append(make("span", "", "›"));
      this.#add(tab, name, at + 1, at === path.length - 1);
    });
  }

  /** @param {Tab} tab @param {string} name @param {number} depth @param {boolean} current */
  #add(tab, name, depth, current) {
    const button = make("button", "", name);
    button.type = "button";
    if (current) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => this.leaveTo(tab, depth));
    this.element.append(button);
  }
}
