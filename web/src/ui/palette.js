/**
 * The search for node types: one field, a list, and what the marked type takes and gives.
 * `in:IMAGE` and `out:MASK` in the search keep types with such a port.
 */

import { element, isComposing, on } from "../controls/dom.js";
import { Listbox } from "../controls/listbox.js";
import { Popup } from "../controls/popup.js";
import { countUse, NodeSearch } from "./node_search.js";
import { showTypeCard } from "./type_card.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").PaletteOptions} PaletteOptions */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/** @typedef {import("./node_search.js").Found} Found */

const ROW_PX = 30;
const MARGIN_PX = 12;

/**
 * The palette of an application; its element is made once and used again.
 * @param {() => App} app
 * @param {(app: App, type: NodeType, at: import("../core/types.js").Point | undefined) => void} add
 *   what happens with a type when the caller does not say
 * @returns {(options?: PaletteOptions) => void}
 */
export function createPalette(app, add) {
  /** @type {Palette | undefined} */
  let palette;
  return (options = {}) => {
    palette ??= new Palette(app());
    palette.open({ onPick: (type) => add(app(), type, options.at), ...options });
  };
}

class Palette {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.search = new NodeSearch(app);
    /** @type {PaletteOptions} */
    this.options = {};
    this.picked = false;
    const { signal } = new AbortController(); // lives as long as the application
    this.input = element("input", {
      type: "text", class: "palette-input", role: "combobox", "aria-expanded": "true", autocomplete: "off", spellcheck: "false",
    });
    this.filter = element("button", { type: "button", class: "palette-filter", hidden: true });
    this.list = new Listbox({
      label: app.i18n.t("panels.palette.results"),
      rowHeight: ROW_PX,
      signal,
      render: (/** @type {Found} */ found, row) => this.#renderRow(found, row),
      onPick: (found) => this.#pick(found),
      onActive: (found) => this.#preview(found),
    });
    this.list.own(this.input);
    this.card = element("div", { class: "palette-card" });
    this.status = element("p", { class: "palette-status", role: "status" });
    const results = element("div", { class: "palette-results" }, this.list.element, this.status);
    const head = element("div", { class: "palette-head" }, this.filter, this.input);
    this.element = element("div", { class: "palette", role: "dialog", tabindex: -1 }, head, results, this.card);
    // The browser's own dismissal would take the release that ends a double click or a wire, and
    // so opens the palette, for a press elsewhere.
    this.popup = new Popup(this.element, { onClose: () => this.#closed(), dismiss: false });
    /** @type {Element | null} What had the focus before. */
    this.focused = null;
    on(document, "pointerdown", (event) => this.#onPress(event), signal, { capture: true });
    on(this.element, "keydown", (event) => this.#onEscape(event), signal, { capture: true });
    on(this.input, "input", () => this.#refresh(), signal);
    on(this.input, "keydown", (event) => this.#onKey(event), signal);
    on(this.filter, "click", () => this.#dropFilter(), signal);
  }

  /** @param {PaletteOptions} options */
  open(options) {
    const { i18n } = this.app;
    this.options = options;
    this.picked = false;
    if (!this.popup.isOpen) this.focused = document.activeElement;
    this.input.value = "";
    this.input.placeholder = i18n.t("panels.palette.placeholder");
    this.input.setAttribute("aria-label", i18n.t("panels.palette.placeholder"));
    this.element.setAttribute("aria-label", i18n.t("panels.palette.title"));
    this.popup.show();
    this.#place(options.at);
    this.#showFilter();
    this.#refresh();
    this.input.focus();
  }

  /** @param {import("../core/types.js").Point | undefined} at */
  #place(at) {
    const { width, height } = this.element.getBoundingClientRect();
    const wanted = at ?? { x: (innerWidth - width) / 2 + MARGIN_PX, y: innerHeight / 5 };
    const left = Math.min(wanted.x - MARGIN_PX, innerWidth - width - MARGIN_PX);
    const top = Math.min(wanted.y - MARGIN_PX, innerHeight - height - MARGIN_PX);
    this.element.style.left = `${Math.round(Math.max(MARGIN_PX, left))}px`;
    this.element.style.top = `${Math.round(Math.max(MARGIN_PX, top))}px`;
  }

  #showFilter() {
    const { filter } = this.options;
    this.filter.hidden = !filter;
    if (!filter) return;
    const { t } = this.app.i18n;
    this.filter.textContent = t(`panels.palette.${filter.from === "output" ? "takes" : "gives"}`, { type: filter.type });
    this.filter.title = t("panels.palette.drop_filter");
    this.filter.append(element("span", { "aria-hidden": "true" }, " ×"));
  }

  #dropFilter() {
    this.options = { ...this.options, filter: undefined };
    this.#showFilter();
    this.#refresh();
    this.input.focus();
  }

  #refresh() {
    const found = this.search.find(this.input.value, this.options.filter);
    const known = this.app.catalogue.get().size > 0;
    this.list.setItems(found);
    this.status.textContent = found.length ? "" : this.app.i18n.t(known ? "panels.palette.none" : "panels.palette.loading");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (isComposing(event)) return;
    // Undo is heard by all fields alike.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (this.list.handleKey(event)) return;
    if (event.key === "Backspace" && this.input.value === "" && this.options.filter) this.#dropFilter();
    if (event.key === "Tab") {
      event.preventDefault();
      this.list.setActive((this.list.active + (event.shiftKey ? -1 : 1) + this.list.items.length) % Math.max(1, this.list.items.length));
    }
  }

  /** @param {Found} found */
  #pick(found) {
    this.picked = true;
    const { onPick } = this.options;
    this.#close();
    countUse(this.app, found.type.name);
    onPick?.(found.type);
  }

  /** @param {PointerEvent} event */
  #onPress({ target }) {
    if (this.popup.isOpen && !(target instanceof Node && this.element.contains(target))) this.#close();
  }

  /** @param {KeyboardEvent} event */
  #onEscape(event) {
    if (event.key !== "Escape" || isComposing(event)) return;
    event.stopPropagation();
    this.#close();
  }

  #close() {
    if (this.element.contains(document.activeElement) && this.focused instanceof HTMLElement) this.focused.focus({ preventScroll: true });
    this.popup.close();
  }

  #closed() {
    const { onCancel } = this.options;
    if (!this.picked) onCancel?.();
    this.options = {};
  }

  /** @param {Found} found @param {HTMLElement} row */
  #renderRow({ type, title }, row) {
    const category = this.app.i18n.category(type.category);
    row.classList.toggle("is-deprecated", type.deprecated);
    row.append(element("span", { class: "palette-title" }, title));
    if (title !== type.title && title !== type.name) row.append(element("span", { class: "palette-name" }, type.title));
    row.append(element("span", { class: "palette-category" }, category));
  }

  /** @param {Found | undefined} found */
  #preview(found) {
    if (found) showTypeCard(this.card, this.app, found.type);
    else this.card.replaceChildren();
  }
}
