/**
 * A list of thousands of choices that holds a few rows: only what is in view is in the page.
 * The keyboard stays in the text field beside it (`aria-activedescendant`), as the ARIA pattern
 * for a combobox has it.
 */

import { element, on, uniqueId } from "./dom.js";

const MAX_ROWS = 30;

/** @template T */
export class Listbox {
  /**
   * @param {object} options
   * @param {(item: T, row: HTMLElement, index: number) => void} options.render fills an empty row
   * @param {(item: T, event: Event) => void} options.onPick
   * @param {(item: T | undefined) => void} [options.onActive] the row the keyboard is at
   * @param {number} options.rowHeight CSS pixels, the same for all rows
   * @param {string} options.label for screen readers
   * @param {AbortSignal} options.signal
   */
  constructor({ render, onPick, onActive, rowHeight, label, signal }) {
    this.render = render;
    this.onPick = onPick;
    this.onActive = onActive;
    this.rowHeight = rowHeight;
    /** @type {readonly T[]} */
    this.items = [];
    this.active = -1;
    /** @type {HTMLElement | null} */
    this.owner = null;
    /** What had the keyboard before a row was pressed. @type {Element | null} */
    this.keyboard = null;
    this.id = uniqueId("list");
    this.spacer = element("div", { class: "listbox-rows" });
    this.element = element("div", { id: this.id, class: "listbox", role: "listbox", "aria-label": label }, this.spacer);
    on(this.element, "scroll", () => this.#draw(), signal, { passive: true });
    on(this.element, "pointerdown", (event) => this.#press(event), signal);
    on(this.element, "click", (event) => this.#click(event), signal);
    on(this.element, "pointermove", (event) => this.#hover(event), signal, { passive: true });
    const resized = new ResizeObserver(() => this.#draw());
    resized.observe(this.element);
    signal.addEventListener("abort", () => resized.disconnect(), { once: true });
  }

  /**
   * Tie to the text field that has the keyboard.
   * @param {HTMLElement} owner
   */
  own(owner) {
    this.owner = owner;
    owner.setAttribute("aria-controls", this.id);
    owner.setAttribute("aria-autocomplete", "list");
  }

  /**
   * @param {readonly T[]} items
   * @param {number} [active] index, -1 for none
   */
  setItems(items, active = items.length ? 0 : -1) {
    this.items = items;
    this.spacer.style.height = `${items.length * this.rowHeight}px`;
    this.element.scrollTop = 0;
    this.spacer.replaceChildren();
    this.setActive(active, { redraw: true });
  }

  get activeItem() {
    return this.items[this.active];
  }

  /**
   * @param {number} index
   * @param {{ redraw?: boolean, scroll?: boolean }} [options]
   */
  setActive(index, { redraw = false, scroll = true } = {}) {
    const changed = index !== this.active || redraw;
    this.active = Math.max(-1, Math.min(index, this.items.length - 1));
    if (scroll) this.#scrollToActive();
    this.#draw();
    if (changed) this.onActive?.(this.activeItem);
  }

  /**
   * Use a key of the text field.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was the list's
   */
  handleKey(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
    if (by !== undefined) this.#move(by);
    else if (event.key === "Enter" && this.activeItem !== undefined) this.onPick(this.activeItem, event);
    else return false;
    event.preventDefault();
    return true;
  }

  /** @param {number} by */
  #move(by) {
    const last = this.items.length - 1;
    const next = this.active + by;
    if (Math.abs(by) > 1) this.setActive(Math.max(0, Math.min(next, last)));
    else this.setActive(next < 0 ? last : next > last ? 0 : next);
  }

  #scrollToActive() {
    if (this.active < 0) return;
    const top = this.active * this.rowHeight;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) {
      this.element.scrollTop = top + this.rowHeight - clientHeight;
    }
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.rowHeight) - 1);
    const inView = Math.ceil((this.element.clientHeight || 1) / this.rowHeight) + 2;
    const last = Math.min(this.items.length, first + Math.min(inView, MAX_ROWS));
    for (const row of [.../** @type {NodeListOf<HTMLElement>} */ (this.spacer.childNodes)]) {
      const index = Number(row.dataset["index"]);
      if (index < first || index >= last) row.remove();
    }
    const present = new Set([...this.spacer.children].map((row) => Number(/** @type {HTMLElement} */ (row).dataset["index"])));
    for (let index = first; index < last; index += 1) {
      if (!present.has(index)) this.spacer.append(this.#row(index));
    }
    this.#mark();
  }

  /** @param {number} index */
  #row(index) {
    const row = element("div", {
      id: `${this.id}-${index}`, class: "listbox-row", role: "option", "data-index": index,
      "aria-posinset": index + 1, "aria-setsize": this.items.length,
    });
    row.style.top = `${index * this.rowHeight}px`;
    row.style.height = `${this.rowHeight}px`;
    this.render(/** @type {T} */ (this.items[index]), row, index);
    return row;
  }

  #mark() {
    for (const row of this.spacer.children) {
      const isActive = Number(/** @type {HTMLElement} */ (row).dataset["index"]) === this.active;
      row.setAttribute("aria-selected", String(isActive));
    }
    if (this.active < 0) this.owner?.removeAttribute("aria-activedescendant");
    else this.owner?.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
  }

  /** @param {Event} event @returns {number | undefined} */
  #indexAt(event) {
    const row = event.target instanceof Element ? event.target.closest(".listbox-row") : null;
    return row instanceof HTMLElement ? Number(row.dataset["index"]) : undefined;
  }

  /** The keyboard stays where it is; only rows that can be dragged must take it, until they are let go. @param {PointerEvent} event */
  #press(event) {
    const isDraggable = event.target instanceof Element && event.target.closest("[draggable=true]") !== null;
    this.keyboard = isDraggable ? document.activeElement : null;
    if (!isDraggable) event.preventDefault();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (this.keyboard instanceof HTMLElement) this.keyboard.focus({ preventScroll: true });
    this.keyboard = null;
    const index = this.#indexAt(event);
    const item = index === undefined ? undefined : this.items[index];
    if (item !== undefined) this.onPick(item, event);
  }

  /** Only a pointer that moves takes the mark: a list that scrolls under it does not. @param {PointerEvent} event */
  #hover(event) {
    const index = this.#indexAt(event);
    if (index === undefined || index === this.active || (event.movementX === 0 && event.movementY === 0)) return;
    this.setActive(index, { scroll: false });
  }
}
