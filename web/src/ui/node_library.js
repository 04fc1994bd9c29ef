/** All node types by category, with a search, and help for the marked one. */

import { element, isComposing, on } from "../controls/dom.js";
import { Listbox } from "../controls/listbox.js";
import { addNode } from "./add_node.js";
import { makeDraggable } from "./drag_out.js";
import { showHelp } from "./node_help.js";
import { libraryRows, libraryTree } from "./node_library_tree.js";
import { countUse, NodeSearch } from "./node_search.js";
import { icon } from "./icons.js";
import { listSearchField } from "./search_field.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("./node_library_tree.js").LibraryRow} LibraryRow */

const ROW_PX = 26;
const INDENT_PX = 14;

/** @type {import("../app_types.js").Panel["mount"]} */
export function mountLibrary(place, app) {
  const stop = new AbortController();
  const library = new Library(place, app, stop.signal);
  const unsubscribe = [app.catalogue.subscribe(() => library.rebuild()), app.i18n.language.subscribe(() => library.rebuild())];
  return () => {
    stop.abort();
    for (const end of unsubscribe) end();
    place.replaceChildren();
  };
}

class Library {
  /**
   * @param {HTMLElement} place
   * @param {App} app
   * @param {AbortSignal} signal
   */
  constructor(place, app, signal) {
    const { t } = app.i18n;
    this.app = app;
    this.found = new NodeSearch(app);
    /** @type {Set<string>} */
    this.open = new Set();
    this.input = listSearchField(app, "panels.library.search", signal);
    /** @type {Listbox<LibraryRow>} */
    this.list = new Listbox({
      label: t("panels.library.title"),
      rowHeight: ROW_PX,
      signal,
      render: (row, item) => this.#renderRow(row, item),
      onPick: (row, event) => this.#pick(row, event),
      onActive: (row) => this.#help(row),
    });
    this.list.own(this.input);
    this.list.element.classList.add("library-list");
    this.help = element("div", { class: "library-help panel-scroll" });
    this.status = element("p", { class: "panel-empty", role: "status" });
    place.append(this.input, this.status, this.list.element, this.help);
    on(this.input, "input", () => this.#refresh(), signal);
    on(this.input, "keydown", (event) => this.#onKey(event), signal);
    on(this.list.element, "dblclick", () => this.#add(this.list.activeItem), signal);
    this.rebuild();
  }

  rebuild() {
    const { catalogue, i18n } = this.app;
    this.tree = libraryTree(catalogue.get().values(), {
      title: (type) => i18n.nodeTitle(type),
      category: (part) => i18n.category(part),
      language: i18n.language.get(),
    });
    this.#refresh();
  }

  #refresh(active = -1) {
    const query = this.input.value.trim();
    const rows = query ? this.found.find(query).map(asRow) : this.tree ? libraryRows(this.tree, this.open) : [];
    this.list.setItems(rows, query && rows.length ? 0 : active);
    const isLoading = this.app.catalogue.get().size === 0;
    this.status.textContent = rows.length ? "" : this.app.i18n.t(isLoading ? "panels.palette.loading" : "panels.palette.none");
  }

  /** @param {LibraryRow} row @param {HTMLElement} item */
  #renderRow(row, item) {
    item.style.paddingInlineStart = `${8 + row.depth * INDENT_PX}px`;
    if (row.kind === "type") {
      item.classList.add("library-type");
      item.append(element("span", { class: "choice-label" }, row.title));
      makeDraggable(item, row.type.name);
      return;
    }
    item.classList.add("library-category");
    item.setAttribute("aria-expanded", String(row.isOpen));
    item.append(icon(row.isOpen ? "chevron" : "right", 12), element("span", { class: "choice-label" }, row.label),
      element("span", { class: "library-count" }, String(row.count)));
  }

  /** A click opens a category or marks a type; Enter adds the type. @param {LibraryRow} row @param {Event} event */
  #pick(row, event) {
    if (row.kind === "category") this.#toggle(row.path, !row.isOpen);
    else if (event.type === "click") this.list.setActive(this.list.items.indexOf(row));
    else this.#add(row);
  }

  /** @param {string} path @param {boolean} isOpen */
  #toggle(path, isOpen) {
    if (isOpen) this.open.add(path);
    else this.open.delete(path);
    const { scrollTop } = this.list.element;
    this.#refresh(this.list.items.findIndex((row) => row.kind === "category" && row.path === path));
    this.list.element.scrollTop = scrollTop;
  }

  /** @param {LibraryRow | undefined} row */
  #add(row) {
    if (row?.kind !== "type") return;
    addNode(this.app, row.type);
    countUse(this.app, row.type.name);
  }

  /** @param {LibraryRow | undefined} row */
  #help(row) {
    if (row?.kind !== "type") return;
    showHelp(this.help, this.app, row.type);
    this.help.scrollTop = 0;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (isComposing(event)) return;
    const row = this.list.activeItem;
    const isTree = this.input.value === "" && row?.kind === "category";
    if (isTree && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      event.preventDefault();
      this.#toggle(row.path, event.key === "ArrowRight");
    } else {
      this.list.handleKey(event);
    }
  }
}

/** @param {import("./node_search.js").Found} found @returns {LibraryRow} */
function asRow({ type, title }) {
  return { kind: "type", type, title, depth: 0 };
}
