/** The list of completions at the caret of a text area. It never takes the focus. */

import { element, isComposing, on } from "../controls/dom.js";
import { Listbox } from "../controls/listbox.js";
import { Popup } from "../controls/popup.js";
import { thumbnail } from "./choice_menu.js";

/** @typedef {import("./completion.js").Completions} Completions */
/** @typedef {import("./completion.js").Suggestion} Suggestion */
/** @typedef {import("./completion.js").Word} Word */

const ROW_PX = 26;
const PICTURE_ROW_PX = 44;
const ROWS_SHOWN = 8;

export class CompletionMenu {
  /**
   * @param {HTMLTextAreaElement} area
   * @param {object} options
   * @param {Completions} options.completions
   * @param {(word: Word, text: string) => void} options.onPick
   * @param {string} options.label
   * @param {() => boolean} options.isEnabled
   * @param {AbortSignal} options.signal
   */
  constructor(area, { completions, onPick, label, isEnabled, signal }) {
    this.area = area;
    this.completions = completions;
    this.onPick = onPick;
    this.label = label;
    this.isEnabled = isEnabled;
    this.signal = signal;
    /** @type {{ word: Word, list: Listbox<Suggestion>, popup: Popup, stop: AbortController } | undefined} */
    this.shown = undefined;
    on(area, "input", (event) => {
      if (!(/** @type {InputEvent} */ (event).isComposing)) void this.refresh();
    }, signal);
    on(area, "compositionstart", () => this.close(), signal);
    on(area, "compositionend", () => void this.refresh(), signal);
    on(area, "blur", () => this.close(), signal);
    on(area, "pointerdown", () => this.close(), signal);
    on(area, "keydown", (event) => this.#onKey(event), signal);
    signal.addEventListener("abort", () => this.close(), { once: true });
  }

  get isOpen() {
    return this.shown !== undefined;
  }

  /** Show what completes the text as it is now. */
  async refresh() {
    const { value, selectionStart, selectionEnd } = this.area;
    const asked = selectionStart === selectionEnd && this.isEnabled()
      ? await this.completions.at(value, selectionStart) : undefined;
    const isCurrent = this.area.value === value && this.area.selectionStart === selectionStart;
    if (!isCurrent || this.signal.aborted || document.activeElement !== this.area) return;
    if (asked && !isDone(asked)) this.#show(asked.word, asked.found);
    else this.close();
  }

  /** @param {Word} word @param {readonly Suggestion[]} found */
  #show(word, found) {
    this.close();
    const stop = new AbortController();
    /** @type {Listbox<Suggestion>} */
    const list = new Listbox({
      label: this.label,
      rowHeight: found.some(({ picture }) => picture) ? PICTURE_ROW_PX : ROW_PX,
      signal: stop.signal,
      render: renderSuggestion,
      onPick: (suggestion) => this.#pick(suggestion),
    });
    list.own(this.area);
    list.element.style.height = `${Math.min(found.length, ROWS_SHOWN) * list.rowHeight}px`;
    const popup = new Popup(element("div", { class: "completion-menu" }, list.element), { dismiss: false });
    popup.open(caretRect(this.area, word.start));
    // While plain words are typed Enter must stay a new line: nothing is marked until an arrow key.
    list.setItems(found, word.prefix === "" ? -1 : 0);
    this.shown = { word, list, popup, stop };
  }

  /** @param {Suggestion} suggestion */
  #pick({ text }) {
    const word = this.shown?.word;
    this.close();
    if (word) this.onPick(word, text);
  }

  close() {
    const shown = this.shown;
    this.shown = undefined;
    if (!shown) return;
    shown.stop.abort();
    shown.popup.close();
    this.area.removeAttribute("aria-activedescendant");
    this.area.removeAttribute("aria-controls");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { shown } = this;
    if (isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!shown) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      const first = shown.list.activeItem ?? shown.list.items[0];
      if (first) this.#pick(first);
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      this.close();
    } else if (shown.list.handleKey(event)) {
      event.stopPropagation();
    }
  }
}

/** Nothing is left to complete. @param {{ word: Word, found: readonly Suggestion[] }} answer */
function isDone({ word, found }) {
  return found.length === 1 && found[0]?.label === word.query;
}

/** @param {Suggestion} suggestion @param {HTMLElement} row */
function renderSuggestion({ label, detail, picture }, row) {
  row.classList.add("choice-row");
  if (picture) row.append(thumbnail(picture));
  row.append(element("span", { class: "choice-label" }, label));
  if (detail) row.append(element("span", { class: "choice-detail" }, detail));
}

/** What decides how text breaks into lines. @type {readonly (keyof CSSStyleDeclaration & string)[]} */
const COPIED = [
  "boxSizing", "width", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth", "borderRightWidth",
  "borderBottomWidth", "borderLeftWidth", "fontFamily", "fontSize", "fontStyle", "fontWeight", "fontVariant", "letterSpacing",
  "lineHeight", "tabSize", "textIndent", "textTransform", "wordSpacing",
];

/**
 * The line of a character, in client pixels; zoom of the canvas around it included. The browser does not tell.
 * @param {HTMLTextAreaElement} area
 * @param {number} index
 * @returns {import("../controls/popup.js").Anchor}
 */
function caretRect(area, index) {
  const style = getComputedStyle(area);
  const mirror = element("div", { "aria-hidden": "true" });
  for (const name of COPIED) Object.assign(mirror.style, { [name]: style[name] });
  Object.assign(mirror.style, {
    position: "absolute", left: "-99999px", top: "0", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word",
    borderStyle: "solid",
  });
  mirror.style.width = `${area.clientWidth + Number.parseFloat(style.borderLeftWidth) + Number.parseFloat(style.borderRightWidth)}px`;
  const mark = element("span", {}, area.value.slice(index, index + 1) || ".");
  mirror.append(area.value.slice(0, index), mark);
  document.body.append(mirror);
  const { offsetLeft, offsetTop, offsetHeight } = mark;
  mirror.remove();
  const box = area.getBoundingClientRect();
  const scale = area.offsetWidth ? box.width / area.offsetWidth : 1;
  const top = box.top + Math.min(area.clientHeight, Math.max(0, offsetTop - area.scrollTop)) * scale;
  return { left: box.left + offsetLeft * scale, top, bottom: top + offsetHeight * scale, width: 0 };
}
