/** The menu of a combo: a search field and the choices, with pictures where there are some. */

import { element, isComposing, on } from "../controls/dom.js";
import { Listbox } from "../controls/listbox.js";
import { Popup } from "../controls/popup.js";
import { matchChoices } from "./choices.js";

/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {{ readonly value: Json, readonly label: string, readonly picture?: string }} Choice */

const ROW_PX = 26;
const PICTURE_ROW_PX = 44;
const ROWS_SHOWN = 12;

/**
 * Open the menu at an element.
 * @param {HTMLElement} anchor
 * @param {object} options
 * @param {readonly Choice[]} options.choices
 * @param {(choice: Choice) => boolean} options.isChosen
 * @param {(choice: Choice) => void} options.onPick
 * @param {() => void} options.onClose
 * @param {string} [options.query] what is typed already
 * @param {boolean} [options.keepOpen] more than one choice can be made
 * @param {string} options.label
 * @param {import("../app_types.js").I18n} options.i18n
 * @returns {{ close(): void, setChoices(choices: readonly Choice[]): void }}
 */
export function openChoiceMenu(anchor, options) {
  const { i18n, isChosen } = options;
  const stop = new AbortController();
  let choices = options.choices;
  const search = element("input", {
    type: "search", class: "choice-search", role: "combobox", "aria-expanded": "true", spellcheck: "false",
    autocomplete: "off", placeholder: i18n.t("widgets.combo.search"), "aria-label": i18n.t("widgets.combo.search"),
  });
  /** @type {Listbox<Choice>} */
  const list = new Listbox({
    label: options.label,
    rowHeight: choices.some(({ picture }) => picture) ? PICTURE_ROW_PX : ROW_PX,
    signal: stop.signal,
    render: (choice, row) => renderChoice(choice, row, isChosen(choice)),
    onPick: (choice) => {
      options.onPick(choice);
      if (options.keepOpen) list.setItems(list.items, list.active);
      else popup.close();
    },
  });
  list.own(search);
  const empty = element("p", { class: "choice-empty", role: "status" });
  const popup = new Popup(element("div", { class: "choice-menu" }, search, list.element, empty), {
    onClose: () => {
      stop.abort();
      options.onClose();
    },
  });
  const filter = () => {
    const found = matchChoices(choices, search.value);
    const chosen = search.value ? 0 : found.findIndex((choice) => isChosen(choice));
    list.element.style.height = `${Math.min(found.length, ROWS_SHOWN) * list.rowHeight}px`;
    list.setItems(found, found.length ? Math.max(0, chosen) : -1);
    empty.textContent = found.length ? "" : i18n.t(choices.length ? "widgets.combo.no_match" : "widgets.combo.none");
  };
  on(search, "input", filter, stop.signal);
  on(search, "keydown", (event) => {
    if (isComposing(event)) return;
    // Undo is heard by all fields alike.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (!list.handleKey(event) && event.key === "Tab") popup.close();
  }, stop.signal);
  search.value = options.query ?? "";
  popup.open(anchor.getBoundingClientRect());
  filter();
  popup.place(anchor.getBoundingClientRect());
  list.setActive(list.active);
  search.focus();
  return {
    close: () => popup.close(),
    setChoices: (next) => {
      choices = next;
      filter();
      popup.place(anchor.getBoundingClientRect());
    },
  };
}

/** @param {Choice} choice @param {HTMLElement} row @param {boolean} chosen */
function renderChoice(choice, row, chosen) {
  row.classList.add("choice-row");
  row.classList.toggle("is-chosen", chosen);
  if (choice.picture) row.append(thumbnail(choice.picture));
  row.append(element("span", { class: "choice-label" }, choice.label));
  if (chosen) row.append(element("span", { class: "choice-mark", "aria-hidden": "true" }, "✓"));
  row.title = choice.label;
}

/**
 * A small picture; a box stays where there is none.
 * @param {string} address
 */
export function thumbnail(address) {
  const image = element("img", { class: "thumbnail", src: address, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
  image.addEventListener("error", () => image.replaceWith(element("span", { class: "thumbnail is-empty" })), { once: true });
  return image;
}
