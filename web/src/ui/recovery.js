/** The list of documents that a crash left behind. */

/** @import { App } from "../app_types.js" */
/** @import { Drafts, Leftover } from "../state/drafts.js" */

import { element } from "../controls/dom.js";
import { ago } from "./texts.js";

/**
 * Ask what to do with what was left behind; what is not chosen stays for the next start.
 * @param {App} app
 * @param {Drafts} drafts
 * @param {readonly Leftover[]} leftovers
 */
export async function offerRecovery(app, drafts, leftovers) {
  const rows = leftovers.map((leftover) => ({ leftover, ...row(app, leftover) }));
  const body = element("div", { class: "recovery" },
    element("p", {}, app.i18n.t("files.recovery.text")),
    element("ul", {}, ...rows.map(({ item }) => item)));
  const answer = await app.ui.dialog({
    title: app.i18n.t("files.recovery.title"),
    body,
    actions: [
      { title: app.i18n.t("files.recovery.discard"), value: "discard", kind: "danger" },
      { title: app.i18n.t("files.recovery.later"), value: "later" },
      { title: app.i18n.t("files.recovery.open"), value: "open", kind: "primary" },
    ],
  });
  const chosen = rows.filter(({ box }) => box.checked).map(({ leftover }) => leftover);
  if (answer === "open") for (const leftover of chosen) await drafts.recover(leftover);
  if (answer === "discard") await discard(app, drafts, chosen);
}

/** @param {App} app @param {Leftover} leftover */
function row(app, { title, file, modified, place }) {
  const box = element("input", { type: "checkbox", checked: true });
  const details = [file, ago(app.i18n, modified), place === "server" ? app.i18n.t("files.recovery.server") : null];
  const item = element("li", {}, element("label", {}, box,
    element("span", {}, title), element("small", {}, details.filter(Boolean).join(" · "))));
  return { item, box };
}

/** @param {App} app @param {Drafts} drafts @param {readonly Leftover[]} chosen */
async function discard(app, drafts, chosen) {
  const text = app.i18n.t("files.recovery.confirm", { count: chosen.length });
  if (chosen.length === 0 || !(await app.ui.confirm(text, { danger: true }))) return;
  for (const leftover of chosen) await drafts.discard(leftover);
}
