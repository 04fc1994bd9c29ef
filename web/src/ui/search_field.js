/** The field above what a panel lists; what it says follows the language. */

/** @import { App } from "../app_types.js" */

import { element } from "../controls/dom.js";
import { watch } from "./watch.js";

/**
 * @param {App} app
 * @param {string} key what is searched, of a translated text
 * @param {AbortSignal} signal
 * @param {import("../controls/dom.js").Attributes} [more]
 */
export function searchField(app, key, signal, more = {}) {
  const field = element("input", { type: "search", class: "panel-search", autocomplete: "off", spellcheck: "false", ...more });
  watch(app.i18n.language, () => {
    field.placeholder = app.i18n.t(key);
    field.setAttribute("aria-label", field.placeholder);
  }, signal);
  return field;
}

/** A field that has the keyboard of the list below it. @param {App} app @param {string} key @param {AbortSignal} signal */
export function listSearchField(app, key, signal) {
  return searchField(app, key, signal, { role: "combobox", "aria-expanded": "true" });
}
