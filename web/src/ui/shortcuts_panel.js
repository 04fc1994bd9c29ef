/** The sheet of shortcuts: what each key does, with the keys to be changed here. */

import { element, isComposing, on } from "../controls/dom.js";
import { KEYS_SETTING } from "../interaction/commands.js";
import { keysText, strokeName } from "../interaction/key_names.js";
import { IS_MAC } from "../interaction/keyboard.js";
import { icon } from "./icons.js";
import { matchShortcuts, shortcuts } from "./shortcuts.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("./shortcuts.js").Shortcut} Shortcut */

/** @type {import("../app_types.js").Panel} */
export const shortcutsPanel = {
  id: "shortcuts",
  side: "left",
  title: "panels.shortcuts.title",
  icon: "keyboard",
  order: 95,
  mount(place, app) {
    const stop = new AbortController();
    const sheet = new Sheet(place, app, stop.signal);
    const ends = [app.settings.subscribe(KEYS_SETTING, () => sheet.show()), app.i18n.language.subscribe(() => sheet.show())];
    return () => {
      stop.abort();
      for (const end of ends) end();
      place.replaceChildren();
    };
  },
};

class Sheet {
  /** @param {HTMLElement} place @param {App} app @param {AbortSignal} signal */
  constructor(place, app, signal) {
    const { t } = app.i18n;
    this.app = app;
    this.signal = signal;
    this.search = element("input", {
      type: "search", class: "panel-search", autocomplete: "off", spellcheck: "false",
      placeholder: t("panels.shortcuts.search"), "aria-label": t("panels.shortcuts.search"),
    });
    this.page = element("div", { class: "panel-scroll shortcuts" });
    place.append(this.search, this.page);
    on(this.search, "input", () => this.show(), signal);
  }

  show() {
    const { commands, i18n } = this.app;
    const all = shortcuts(commands.list(), (id) => commands.keysOf(id), this.#rebound(), ({ title }) => i18n.t(title));
    const found = matchShortcuts(all, this.search.value, (keys) => keysText(keys, IS_MAC));
    /** @type {Map<string, Shortcut[]>} */
    const groups = new Map();
    for (const shortcut of found) {
      const title = this.#groupTitle(shortcut.command.id.split(".")[0] ?? "");
      groups.set(title, [...(groups.get(title) ?? []), shortcut]);
    }
    const { scrollTop } = this.page;
    this.page.replaceChildren(...[...groups].map(([title, list]) => this.#section(title, list)));
    this.page.scrollTop = scrollTop;
    if (found.length === 0) this.page.append(element("p", { class: "panel-empty", role: "status" }, i18n.t("panels.shortcuts.none")));
  }

  /** @returns {{ [id: string]: string[] }} */
  #rebound() {
    return this.app.settings.get(KEYS_SETTING);
  }

  /** Several kinds of commands may share a title. @param {string} group first part of a command's id */
  #groupTitle(group) {
    const key = `panels.shortcuts.group.${group}`;
    return this.app.i18n.has(key) ? this.app.i18n.t(key) : group;
  }

  /** @param {string} title @param {readonly Shortcut[]} list */
  #section(title, list) {
    return element("section", {}, element("h3", {}, title), ...list.map((shortcut) => this.#row(shortcut)));
  }

  /** @param {Shortcut} shortcut */
  #row(shortcut) {
    const { t } = this.app.i18n;
    const { command, title, keys, isRebound, conflicts } = shortcut;
    const caps = keys.map((one) => element("kbd", {}, keysText(one, IS_MAC)));
    const bind = element("button", {
      type: "button", class: "shortcut-keys", title: t("panels.shortcuts.change"), "aria-label": t("panels.shortcuts.change_of", { title }),
    }, ...(caps.length ? caps : [element("span", { class: "shortcut-none" }, t("panels.shortcuts.unbound"))]));
    on(bind, "click", () => this.#record(bind, shortcut), this.signal);
    const row = element("div", { class: "shortcut", "data-command": command.id }, element("span", { class: "shortcut-title" }, title));
    if (isRebound) row.append(this.#reset(shortcut));
    row.append(bind);
    if (conflicts.length) {
      row.classList.add("has-conflict");
      row.append(element("p", { class: "shortcut-conflict" }, t("panels.shortcuts.conflict", { titles: conflicts.join(", ") })));
    }
    return row;
  }

  /** @param {Shortcut} shortcut */
  #reset({ command, title }) {
    const { t } = this.app.i18n;
    const name = t("panels.shortcuts.reset_of", { title });
    const button = element("button", { type: "button", class: "widget-icon-button", title: name, "aria-label": name }, icon("refresh", 13));
    on(button, "click", () => {
      const { [command.id]: _, ...rest } = this.#rebound();
      this.app.settings.set(KEYS_SETTING, rest);
    }, this.signal);
    return button;
  }

  /**
   * Take the next stroke as the command's key. Esc leaves it as it was, Backspace takes it away.
   * @param {HTMLElement} button
   * @param {Shortcut} shortcut
   */
  #record(button, { command }) {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.signal]);
    const finish = () => {
      done.abort();
      this.show();
    };
    button.classList.add("is-recording");
    button.replaceChildren(this.app.i18n.t("panels.shortcuts.press"));
    on(button, "keydown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (isComposing(event)) return;
      const stroke = strokeName(event, IS_MAC);
      if (stroke === "") return;
      done.abort();
      if (stroke === "Escape") this.show();
      else this.#bind(command.id, stroke === "Backspace" ? [] : [stroke]);
    }, signal);
    on(button, "blur", finish, signal);
    button.focus();
  }

  /** @param {string} id @param {string[]} keys */
  #bind(id, keys) {
    this.app.settings.set(KEYS_SETTING, { ...this.#rebound(), [id]: keys });
  }
}
