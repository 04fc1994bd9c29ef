/** All settings that are defined, by section, with a search. What is changed can be reset. */

import { sameJson } from "../core/changes.js";
import { element, isComposing, on, uniqueId } from "../controls/dom.js";
import { readNumber } from "../widgets/number_rules.js";
import { icon } from "./icons.js";
import { searchField } from "./search_field.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").SettingDefinition} SettingDefinition */
/** @typedef {import("../core/types.js").Json} Json */

/** @type {import("../app_types.js").Panel["mount"]} */
export function mountSettings(place, app) {
  const stop = new AbortController();
  const search = searchField(app, "panels.settings.search", stop.signal);
  const page = element("div", { class: "panel-scroll settings" });
  place.append(search, page);
  let shown = new AbortController();
  const show = () => {
    shown.abort();
    shown = new AbortController();
    showSettings(page, app, search.value, shown.signal);
  };
  on(search, "input", show, stop.signal);
  const unsubscribe = app.i18n.language.subscribe(show);
  show();
  return () => {
    stop.abort();
    shown.abort();
    unsubscribe();
    place.replaceChildren();
  };
}

/** @param {HTMLElement} page @param {App} app @param {string} query @param {AbortSignal} signal */
function showSettings(page, app, query, signal) {
  const { t } = app.i18n;
  const found = app.settings.definitions().filter((definition) => definition.type !== "hidden" && matches(definition, query, app));
  /** @type {Map<string, SettingDefinition[]>} */
  const sections = new Map();
  for (const definition of found) {
    const section = definition.section ?? "panels.settings.other";
    sections.set(section, [...(sections.get(section) ?? []), definition]);
  }
  page.replaceChildren(...[...sections].map(([section, definitions]) =>
    element("section", {}, element("h3", {}, t(section)), ...definitions.map((one) => settingRow(one, app, signal)))));
  const user = userSection(app, query);
  if (user) page.prepend(user);
  else if (found.length === 0) page.append(element("p", { class: "panel-empty", role: "status" }, t("panels.settings.none")));
}

/** Who works here, where the server keeps several people's settings apart. @param {App} app @param {string} query */
function userSection(app, query) {
  const command = app.commands.list().find(({ id }) => id === "app.switchUser");
  if (!command) return undefined;
  const [name, title] = [app.i18n.t("shell.users.current", { name: app.api.user.name }), app.i18n.t(command.title)];
  if (!areIn(query, [name, title])) return undefined;
  const button = element("button", { type: "button", class: "button" }, title);
  button.addEventListener("click", () => app.commands.execute(command.id));
  return element("section", { class: "settings-user" }, element("p", {}, name), button);
}

/** @param {SettingDefinition} definition @param {string} query @param {App} app */
function matches({ id, title, section = "", choices = [] }, query, { i18n: { t } }) {
  return areIn(query, [id, t(title), t(`${title}.help`), t(section), ...choices.map((choice) => t(choice.title))]);
}

/** Whether each word of a search is in one of the texts. @param {string} query @param {readonly string[]} texts */
function areIn(query, texts) {
  const words = query.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
  const all = texts.join(" ").toLowerCase();
  return words.every((word) => all.includes(word));
}

/** @param {SettingDefinition} definition @param {App} app @param {AbortSignal} signal */
function settingRow(definition, app, signal) {
  const { i18n, settings } = app;
  const { id, title } = definition;
  const controlId = uniqueId("setting");
  const control = (MAKERS[definition.type] ?? MAKERS.text)(definition, app, signal);
  control.id = controlId;
  const name = i18n.t("panels.settings.reset");
  const reset = element("button", { type: "button", class: "widget-icon-button", title: name, "aria-label": name }, icon("refresh", 13));
  on(reset, "click", () => settings.set(id, definition.default), signal);
  const help = i18n.has(`${title}.help`) && element("p", { class: "setting-help" }, i18n.t(`${title}.help`));
  const row = element("div", { class: `setting is-${definition.type}`, "data-setting": id },
    element("label", { for: controlId }, i18n.t(title)), element("span", { class: "setting-control" }, reset, control), help);
  const unsubscribe = settings.subscribe(id, (value) => {
    reset.hidden = sameJson(value, definition.default);
    showValue(control, value);
  });
  signal.addEventListener("abort", unsubscribe, { once: true });
  return row;
}

/** Show a value, unless it is being typed. @param {HTMLInputElement | HTMLSelectElement} control @param {Json} value */
function showValue(control, value) {
  if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = value === true;
  else if (control instanceof HTMLSelectElement) control.value = JSON.stringify(value);
  else if (document.activeElement !== control) control.value = String(value ?? "");
}

/** @typedef {(definition: SettingDefinition, app: App, signal: AbortSignal) => HTMLInputElement | HTMLSelectElement} MakeControl */
/** @type {{ [type: string]: MakeControl, text: MakeControl }} */
const MAKERS = {
  boolean({ id }, { settings }, signal) {
    const box = element("input", { type: "checkbox", role: "switch", class: "switch" });
    on(box, "change", () => settings.set(id, box.checked), signal);
    return box;
  },

  choice({ id, choices = [] }, { settings, i18n }, signal) {
    const select = element("select", { class: "field" }, ...choices.map(({ value, title }) =>
      element("option", { value: JSON.stringify(value) }, i18n.t(title))));
    on(select, "change", () => settings.set(id, JSON.parse(select.value)), signal);
    return select;
  },

  number(definition, app, signal) {
    const { id, min = -Number.MAX_VALUE, max = Number.MAX_VALUE, step = 1 } = definition;
    const field = element("input", { type: "text", inputmode: "decimal", class: "field is-number", autocomplete: "off" });
    const rules = { whole: Number.isInteger(step), min, max, step, round: null };
    onEntry(field, () => {
      const entered = readNumber(field.value, rules);
      if (entered) app.settings.set(id, entered.value);
      else app.ui.toast("warn", app.i18n.t("widgets.number.invalid", { text: field.value }));
      field.value = String(app.settings.get(id));
    }, signal);
    return field;
  },

  text({ id }, { settings }, signal) {
    const field = element("input", { type: "text", class: "field", autocomplete: "off", spellcheck: "false" });
    onEntry(field, () => settings.set(id, field.value), signal);
    return field;
  },
};

/** Call when an entry is complete. @param {HTMLInputElement} field @param {() => void} take @param {AbortSignal} signal */
function onEntry(field, take, signal) {
  on(field, "change", take, signal);
  on(field, "keydown", (event) => {
    if (event.key === "Enter" && !isComposing(event)) take();
  }, signal);
}
