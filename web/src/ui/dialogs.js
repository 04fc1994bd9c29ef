/** Questions that need an answer first: the browser's own modal dialogs. */

/** @import { Dialog, DialogAction, I18n } from "../app_types.js" */

import { element, isComposing, uniqueId } from "../controls/dom.js";

/**
 * @template T
 * @param {Dialog<T>} dialog
 * @returns {Promise<T | undefined>} undefined when it was closed with Esc
 */
export function showDialog({ title, body, actions, wide = false }) {
  const heading = uniqueId("dialog");
  const box = element("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": heading });
  const content = typeof body === "string" ? element("p", { class: "dialog-text" }, body) : body;
  const buttons = element("div", { class: "dialog-actions" });
  const form = element("form", { method: "dialog" },
    element("h2", { id: heading }, title), element("div", { class: "dialog-body" }, content), buttons);
  box.append(form);
  return new Promise((resolve) => {
    /** @type {T | undefined} */
    let answer;
    for (const action of actions) {
      buttons.append(actionButton(action, () => {
        answer = action.value;
        box.close();
      }));
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const primary = /** @type {HTMLButtonElement | null} */ (buttons.querySelector(".primary"));
      primary?.click();
    });
    box.addEventListener("keydown", (event) => {
      // Keys of a dialog are not the canvas's; Esc that ends a composition must not close it.
      event.stopPropagation();
      if (event.key === "Escape" && isComposing(event)) event.preventDefault();
    });
    box.addEventListener("close", () => {
      box.remove();
      resolve(answer);
    });
    document.body.append(box);
    box.showModal();
    /** @type {HTMLElement | null} */ (box.querySelector("[autofocus]") ?? buttons.querySelector(".primary:enabled") ?? buttons.querySelector(":enabled"))?.focus();
  });
}

/** @template T @param {DialogAction<T>} action @param {() => void} run */
function actionButton({ title, kind, allowed }, run) {
  const button = element("button", { type: "button", class: kind ? `button ${kind}` : "button" }, title);
  const follow = () => void (button.disabled = allowed?.get() === false);
  allowed?.subscribe(follow);
  follow();
  button.addEventListener("click", run);
  return button;
}

/**
 * @param {I18n} i18n
 * @param {string} text
 * @param {{ title?: string, ok?: string, danger?: boolean }} [options]
 * @returns {Promise<boolean>}
 */
export async function confirmed(i18n, text, { title, ok, danger = false } = {}) {
  const answer = await showDialog({
    title: title ?? i18n.t("shell.question"),
    body: text,
    actions: [
      { title: i18n.t("shell.cancel"), value: false },
      { title: ok ?? i18n.t("shell.ok"), value: true, kind: danger ? "danger" : "primary" },
    ],
  });
  return answer === true;
}

/**
 * @param {I18n} i18n
 * @param {string} title
 * @param {string} [value]
 * @returns {Promise<string | undefined>} undefined when nothing was entered
 */
export async function askedText(i18n, title, value = "") {
  const field = element("input", { type: "text", class: "field", autofocus: true, "aria-label": title, autocomplete: "off" });
  field.value = value;
  field.addEventListener("focus", () => field.select(), { once: true });
  const answer = await showDialog({
    title,
    body: element("div", {}, field),
    actions: [
      { title: i18n.t("shell.cancel"), value: false },
      { title: i18n.t("shell.ok"), value: true, kind: "primary" },
    ],
  });
  const text = field.value.trim();
  return answer && text !== "" ? text : undefined;
}
