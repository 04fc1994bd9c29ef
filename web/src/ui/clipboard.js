/** The system's clipboard, where the browser lets us have it. */

/** @import { App } from "../app_types.js" */

/**
 * @param {App} app
 * @returns {Clipboard}
 * @throws {Error} with a sentence, on pages that are not secure
 */
export function clipboard(app) {
  const found = /** @type {Clipboard | undefined} */ (navigator.clipboard);
  if (!found) throw new Error(app.i18n.t("shell.noClipboard"));
  return found;
}
