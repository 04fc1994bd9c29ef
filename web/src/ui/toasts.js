/** Short messages in a corner. Errors stay until they are closed. */

/** @import { ToastKind } from "../app_types.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 5000;
const MOST = 5;

/** @type {{ [kind in ToastKind]: string }} */
const ICONS = { info: "info", ok: "check", warn: "errors", error: "errors" };

/** @typedef {{ readonly title: string, run(): void }} ToastAction */

export class Toasts {
  /**
   * @param {HTMLElement} corner
   * @param {() => string} closeLabel
   */
  constructor(corner, closeLabel) {
    this.corner = corner;
    this.closeLabel = closeLabel;
  }

  /**
   * The same text is shown once, however often it is said.
   * @param {ToastKind} kind
   * @param {string} text
   * @param {ToastAction} [action]
   * @returns {() => void} takes it away
   */
  show(kind, text, action) {
    this.takeBack(text);
    const toast = this.#made(kind, text, action);
    this.corner.append(toast);
    while (this.corner.children.length > MOST) this.corner.firstElementChild?.remove();
    if (kind !== "error" && !action) setTimeout(() => toast.remove(), SHOWN_MS);
    return () => toast.remove();
  }

  /** @param {string} text @returns {boolean} whether it was shown */
  takeBack(text) {
    const known = [...this.corner.children].find((toast) => toast.getAttribute("data-text") === text);
    known?.remove();
    return known !== undefined;
  }

  /** @param {ToastKind} kind @param {string} text @param {ToastAction} [action] */
  #made(kind, text, action) {
    const toast = element("div", { class: `toast toast-${kind}`, "data-text": text }, icon(ICONS[kind]));
    if (kind === "error") toast.setAttribute("role", "alert");
    toast.append(element("p", {}, text));
    if (action) {
      const button = element("button", { type: "button", class: "button small" }, action.title);
      button.addEventListener("click", () => {
        toast.remove();
        action.run();
      });
      toast.append(button);
    }
    const close = element("button", { type: "button", class: "icon-button", "aria-label": this.closeLabel() }, icon("close", 12));
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    return toast;
  }
}
