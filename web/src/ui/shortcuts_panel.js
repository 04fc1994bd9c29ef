/** The sheet of shortcuts: what keys and mouse do, with the keys to be changed here. */

import { element, isComposing, on } from "../controls/dom.js";
import { NAVIGATION_SETTING } from "../interaction/canvas_settings.js";
import { KEYS_SETTING } from "../interaction/commands.js";
import { keysText, strokeName } from "../interaction/key_names.js";
import { IS_MAC } from "../interaction/keyboard.js";
import { gestures, matchGestures } from "./gestures.js";
import { icon } from "./icons.js";
import { searchField } from "./search_field.js";
import { matchShortcuts, shortcuts } from "./shortcuts.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("./shortcuts.js").Shortcut} Shortcut */

/** @type {import("../app_types.js").Panel["mount"]} */
export function mountShortcuts(place, app) {
  const stop = new AbortController();
  const sheet = new Sheet(place, app, stop.signal);
  const show = () => sheet.show();
  const ends = [...[KEYS_SETTING, NAVIGATION_SETTING].map((id) => app.settings.subscribe(id, show)), app.i18n.language.subscribe(show)];
  return () => {
    stop.abort();
    for (const end of ends) end();
    place.replaceChildren();
  };
}

class Sheet {
  /** @param {HTMLElement} place @param {App} app @param {AbortSignal} signal */
  constructor(place, app, signal) {
    this.app = app;
    this.signal = signal;
    this.search = searchField(app, "panels.shortcuts.search", signal);
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
    const mouse = this.#mouse();
    const { scrollTop } = this.page;
    this.page.replaceChildren(...[...groups].map(([title, list]) => this.#section(title, list.map((one) => this.#row(one)))), ...mouse);
    this.page.scrollTop = scrollTop;
    if (found.length + mouse.length === 0) this.page.append(element("p", { class: "panel-empty", role: "status" }, i18n.t("panels.shortcuts.none")));
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

  /** What the mouse does, as the settings are now. */
  #mouse() {
    const { i18n, settings } = this.app;
    const keys = { mod: keysText("Mod", IS_MAC), alt: keysText("Alt", IS_MAC) };
    const found = matchGestures(gestures(settings.get(NAVIGATION_SETTING), i18n.t, keys), this.search.value);
    const rows = found.map(({ title, how }) => element("div", { class: "shortcut is-gesture" },
      element("span", { class: "shortcut-title" }, title), element("span", { class: "shortcut-how" }, how)));
    return rows.length ? [this.#section(i18n.t("panels.gestures.title"), rows)] : [];
  }

  /** @param {string} title @param {readonly HTMLElement[]} rows */
  #section(title, rows) {
    return element("section", {}, element("h3", {}, title), ...rows);
  }

  /** @param {Shortcut} shortcut */
  #row(shortcut) {
    const { t } = this.app.i18n;
    const { command, title, keys, isRebound, conflicts } = shortcut;
    const caps = keys.map((one) => element("kbd", {}, keysText(one, IS_MAC)));
    const row = element("div", { class: "shortcut", "data-command": command.id }, element("span", { class: "shortcut-title" }, title));
    if (isRebound) row.append(this.#reset(shortcut));
    row.append(command.nativeKeys
      ? element("span", { class: "shortcut-keys is-native", title: t("panels.shortcuts.native") }, ...caps, icon("lock", 12))
      : this.#binder(shortcut, caps));
    if (conflicts.length) {
      row.classList.add("has-conflict");
      row.append(element("p", { class: "shortcut-conflict" }, t("panels.shortcuts.conflict", { titles: conflicts.join(", ") })));
    }
    return row;
  }

  /** The keys as a button that takes others. @param {Shortcut} shortcut @param {readonly HTMLElement[]} caps */
  #binder(shortcut, caps) {
    const { t } = this.app.i18n;
    const bind = element("button", {
      type: "button", class: "shortcut-keys", title: t("panels.shortcuts.change"),
      "aria-label": t("panels.shortcuts.change_of", { title: shortcut.title }),
    }, ...(caps.length ? caps : [element("span", { class: "shortcut-none" }, t("panels.shortcuts.unbound"))]));
    on(bind, "click", () => this.#record(bind, shortcut), this.signal);
    return bind;
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
