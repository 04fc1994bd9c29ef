/** Tells what a workflow needs that is not here, and offers what comes nearest. */

/** @import { App, Tab } from "../app_types.js" */
/** @import { Missing, MissingChoice } from "../state/missing.js" */

import { element } from "../controls/dom.js";
import { findMissing } from "../state/missing.js";

/** @param {App} app @param {Tab} tab */
export async function offerMissing(app, tab) {
  const missing = findMissing(tab.doc, app.catalogue.get());
  if (missing.types.size === 0 && missing.choices.length === 0) return;
  const picked = new Map(missing.choices.map((choice) => [choice, ""]));
  const body = element("div", { class: "missing" }, ...typeList(app, missing), ...choiceList(app, missing, picked));
  const actions = missing.choices.length === 0
    ? [{ title: app.i18n.t("shell.ok"), value: true, kind: /** @type {const} */ ("primary") }]
    : [{ title: app.i18n.t("files.missing.keep"), value: false }, { title: app.i18n.t("files.missing.apply"), value: true, kind: /** @type {const} */ ("primary") }];
  const answer = await app.ui.dialog({ title: app.i18n.t("files.missing.title"), body, actions, wide: true });
  if (answer) replace(tab, [...picked].filter(([, value]) => value !== ""));
}

/**
 * Use the nearest choice for all that is missing, for workflows that come with the program.
 * @param {App} app
 * @param {Tab} tab
 */
export function useNearest(app, tab) {
  const { choices } = findMissing(tab.doc, app.catalogue.get());
  /** @type {[MissingChoice, string][]} */
  const found = [];
  for (const choice of choices) if (choice.nearest !== undefined) found.push([choice, choice.nearest]);
  replace(tab, found);
  for (const [{ value }, name] of found) app.ui.toast("info", app.i18n.t("files.missing.used", { value, name }));
}

/** @param {Tab} tab @param {readonly [MissingChoice, string][]} replacements */
function replace(tab, replacements) {
  if (replacements.length === 0) return;
  tab.edit("edit.replaceMissing", (tx) => {
    for (const [{ graph, node, input }, value] of replacements) tx.setValue(graph, node, input, value);
  });
}

/** @param {App} app @param {Missing} missing */
function typeList(app, { types }) {
  if (types.size === 0) return [];
  const rows = [...types].map(([type, count]) => element("li", {}, element("span", {}, type), element("small", {}, `× ${count}`)));
  return [element("p", {}, app.i18n.t("files.missing.nodes")), element("ul", {}, ...rows)];
}

/** @param {App} app @param {Missing} missing @param {Map<MissingChoice, string>} picked */
function choiceList(app, { choices }, picked) {
  if (choices.length === 0) return [];
  const rows = choices.map((choice) => {
    const label = `${app.i18n.nodeTitle(choice.type)} · ${app.i18n.inputLabel(choice.type, choice.input)}`;
    return element("li", {}, element("span", {}, choice.value, element("small", {}, label)), choiceMenu(app, choice, picked));
  });
  return [element("p", {}, app.i18n.t("files.missing.models")), element("ul", {}, ...rows)];
}

/** @param {App} app @param {MissingChoice} choice @param {Map<MissingChoice, string>} picked */
function choiceMenu(app, choice, picked) {
  const menu = element("select", { class: "field", "aria-label": choice.value });
  menu.append(element("option", { value: "" }, app.i18n.t("files.missing.keep")));
  const sorted = [...choice.choices].sort((a, b) => Number(b === choice.nearest) - Number(a === choice.nearest));
  for (const name of sorted) menu.append(element("option", { value: name }, app.i18n.t("files.missing.use", { name })));
  menu.disabled = sorted.length === 0;
  menu.value = choice.nearest ?? "";
  picked.set(choice, menu.value);
  menu.addEventListener("change", () => picked.set(choice, menu.value));
  return menu;
}
