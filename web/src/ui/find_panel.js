/** Find in the document: titles, types, values and notes, inside subgraphs too; Enter jumps there. */

import { find } from "../core/find.js";
import { element, isComposing, on } from "../controls/dom.js";
import { Listbox } from "../controls/listbox.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/find.js").Hit} Hit */

const ROW_PX = 42;
/** What is shown of a long text, around the place. */
const CONTEXT = 40;

/**
 * @param {HTMLElement} place
 * @param {App} app
 * @param {HTMLInputElement} field What is looked for; it may hold something already.
 */
export function mountHits(place, app, field) {
  const stop = new AbortController();
  const finder = new Finder(place, app, field, stop.signal);
  const ends = [app.tabs.active, app.i18n.language].map((store) => store.subscribe(() => finder.search()));
  return () => {
    stop.abort();
    for (const end of ends) end();
  };
}

class Finder {
  /** @param {HTMLElement} place @param {App} app @param {HTMLInputElement} field @param {AbortSignal} signal */
  constructor(place, app, field, signal) {
    const { t } = app.i18n;
    this.app = app;
    this.input = field;
    this.count = element("p", { class: "find-count", role: "status" });
    this.hint = element("p", { class: "panel-empty" });
    /** @type {Listbox<Hit>} */
    this.list = new Listbox({
      label: t("panels.find.title"), rowHeight: ROW_PX, signal,
      render: (hit, row) => this.#renderRow(hit, row),
      onPick: (hit) => this.#jump(hit),
    });
    this.list.own(this.input);
    this.list.element.classList.add("find-list");
    place.append(this.count, this.hint, this.list.element);
    on(this.input, "input", () => this.search(), signal);
    on(this.input, "keydown", (event) => this.#onKey(event), signal);
    this.search();
  }

  search() {
    const { t } = this.app.i18n;
    const tab = this.app.tabs.active.get();
    const query = this.input.value.trim();
    const hits = tab && query ? find(tab.doc, query, (node) => this.app.i18n.nodeTitle(node.type)) : [];
    this.list.setItems(hits);
    this.count.textContent = hits.length ? t("panels.find.count", { count: hits.length }) : "";
    this.hint.textContent = hits.length ? "" : t(query ? "panels.find.none" : "panels.find.empty");
  }

  /** Enter goes to the marked place and marks the next one. @param {KeyboardEvent} event */
  #onKey(event) {
    if (isComposing(event)) return;
    const hit = this.list.activeItem;
    if (event.key === "Enter" && hit) {
      event.preventDefault();
      this.#jump(hit);
      const next = this.list.active + (event.shiftKey ? -1 : 1);
      this.list.setActive((next + this.list.items.length) % this.list.items.length);
    } else {
      this.list.handleKey(event);
    }
  }

  /** @param {Hit} hit */
  #jump({ path, graphId, node, group }) {
    const tab = this.app.tabs.active.get();
    const graph = tab?.doc.graph(graphId);
    if (!tab || !graph) return;
    const members = graph.groups.get(group ?? "")?.nodes ?? [];
    const nodes = new Set(node === undefined ? [] : [node]);
    tab.graphPath.set(path);
    tab.selection.set({ nodes, groups: new Set(group === undefined ? [] : [group]), reroutes: new Set(), links: new Set() });
    this.app.view.flyTo(node === undefined ? members : [node]);
  }

  /** @param {Hit} hit @param {HTMLElement} row */
  #renderRow({ graphId, node, where, input, text, path }, row) {
    const { i18n, tabs } = this.app;
    const graph = tabs.active.get()?.doc.graph(graphId);
    const record = node === undefined ? undefined : graph?.nodes.get(node);
    const title = record ? (record.title ?? i18n.nodeTitle(record.type)) : i18n.t("panels.find.group");
    const label = input === undefined ? "" : `${record ? i18n.inputLabel(record.type, input) : input}: `;
    row.classList.add("find-row");
    const place = element("span", { class: "find-place" });
    if (path.length) place.append(`${graph?.record.name ?? ""} › `);
    if (where === "title") place.append(record?.type ?? "");
    else place.append(label, ...marked(text, this.input.value.trim()));
    row.append(element("span", { class: "find-title" }, ...(where === "title" ? marked(text, this.input.value.trim()) : [title])), place);
  }
}

/**
 * A text with what was looked for marked, and only what is near it.
 * @param {string} text
 * @param {string} query
 * @returns {(string | HTMLElement)[]}
 */
function marked(text, query) {
  const at = text.toLowerCase().indexOf(query.toLowerCase());
  if (at < 0) return [text.slice(0, 2 * CONTEXT)];
  const start = Math.max(0, at - CONTEXT);
  const end = at + query.length;
  const mark = element("mark", {}, text.slice(at, end));
  return [start > 0 ? "…" : "", text.slice(start, at), mark, text.slice(end, end + CONTEXT)];
}
