/** What every part of the editor may ask of the shell. */

/** @import { App, I18n, Settings, Ui } from "../app_types.js" */

import { addNode } from "./add_node.js";
import { askedText, confirmed, showDialog } from "./dialogs.js";
import { showMenu } from "./menus.js";
import { createPalette } from "./palette.js";
import { Panels } from "./panels.js";
import { Toasts } from "./toasts.js";

/**
 * @param {() => App} app
 * @param {{ i18n: I18n, settings: Settings }} services
 * @returns {Ui & { panels: Panels }}
 */
export function createUi(app, services) {
  const { i18n } = services;
  const overlay = byId("overlay");
  const toasts = new Toasts(byId("toasts"), () => i18n.t("shell.close"));
  const places = { rail: byId("rail"), left: byId("panel-left"), right: byId("panel-right"), bottom: byId("panel-bottom") };
  return {
    overlay,
    panels: new Panels(places, app, services),
    toast: (kind, text, action) => toasts.show(kind, text, action),
    takeBackToast: (text) => toasts.takeBack(text),
    dialog: showDialog,
    confirm: (text, options) => confirmed(i18n, text, options),
    prompt: (title, value) => askedText(i18n, title, value),
    openPalette: createPalette(app, addNode),
    menu: (point, items) => showMenu(overlay, point, items),
  };
}

/** @param {string} id */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element with the id "${id}".`);
  return found;
}
