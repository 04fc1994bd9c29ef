/** Tells what a workflow needs that is not here, and offers what comes nearest. */

/** @import { App, Store, Tab } from "../app_types.js" */
/** @import { Missing, MissingFile } from "../state/missing.js" */

import { element } from "../controls/dom.js";
import { showMarkdown } from "../controls/markdown.js";
import { createStore } from "../core/store.js";
import { findMissing, nearest } from "../state/missing.js";

/** @param {App} app @param {Tab} tab */
export async function offerMissing(app, tab) {
  const missing = findMissing(tab.doc, app.catalogue.get());
  if (missing.types.size === 0 && missing.files.length === 0) return;
  const { t } = app.i18n;
  /** @type {Store<ReadonlyMap<MissingFile, string>>} */
  const picked = createStore(new Map());
  const body = element("div", { class: "missing-list" }, ...typeList(app, missing), ...fileList(app, missing, picked));
  const allowed = createStore(picked.get().size > 0);
  picked.subscribe((some) => allowed.set(some.size > 0));
  const actions = missing.files.every(({ choices }) => choices.length === 0)
    ? [{ title: t("shell.ok"), value: false, kind: /** @type {const} */ ("primary") }]
    : [{ title: t("files.missing.keep"), value: false }, { title: t("files.missing.apply"), value: true, kind: /** @type {const} */ ("primary"), allowed }];
  const answer = await app.ui.dialog({ title: t("files.missing.title"), body, actions, wide: true });
  if (answer) replace(tab, picked.get());
}

/**
 * Use the file that is least unlike for all that is missing, for workflows that come with the
 * program: they run with any.
 * @param {App} app
 * @param {Tab} tab
 */
export function useNearest(app, tab) {
  /** @type {Map<MissingFile, string>} */
  const found = new Map();
  for (const file of findMissing(tab.doc, app.catalogue.get()).files) {
    const name = nearest(file.value, file.choices);
    if (name !== undefined) found.set(file, name);
  }
  replace(tab, found);
  for (const [{ value }, name] of found) app.ui.toast("info", app.i18n.t("files.missing.used", { value, name }));
}

/** @param {Tab} tab @param {ReadonlyMap<MissingFile, string>} replacements */
function replace(tab, replacements) {
  if (replacements.size === 0) return;
  tab.edit("edit.replaceMissing", (tx) => {
    for (const [{ uses }, value] of replacements) {
      for (const { graph, node, input } of uses) tx.setValue(graph, node, input, value);
    }
  });
}

/** @param {App} app @param {Missing} missing */
function typeList(app, { types }) {
  if (types.size === 0) return [];
  const rows = [...types].map(([type, count]) => element("li", {}, element("span", {}, type), element("small", {}, `× ${count}`)));
  return [element("p", {}, app.i18n.t("files.missing.nodes")), element("ul", {}, ...rows)];
}

/** @param {App} app @param {Missing} missing @param {Store<ReadonlyMap<MissingFile, string>>} picked */
function fileList(app, { files }, picked) {
  if (files.length === 0) return [];
  const rows = files.map((file) => element("li", {},
    element("span", {}, file.value, element("small", {}, usersOf(app, file)), sourceOf(app, file)), fileMenu(app, file, picked)));
  return [element("p", {}, app.i18n.t("files.missing.models")), element("ul", {}, ...rows)];
}

/** Which inputs ask for a file, those of the same kind once. @param {App} app @param {MissingFile} file */
function usersOf({ i18n }, { uses }) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { type, input } of uses) {
    const label = `${i18n.nodeTitle(type)} · ${i18n.inputLabel(type, input)}`;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => (count > 1 ? `${label} × ${count}` : label)).join(", ");
}

/** What the help of the node says on such files: where they come from, where they go. @param {App} app @param {MissingFile} file */
function sourceOf({ i18n }, { uses }) {
  const place = element("div", { class: "missing-source" });
  const [use] = uses;
  if (!use) return place;
  const [, ...details] = i18n.description(use.type).split("\n\n");
  void showMarkdown(place, [i18n.tooltip(use.type, use.input), ...details].filter(Boolean).join("\n\n"));
  return place;
}

/** @param {App} app @param {MissingFile} file @param {Store<ReadonlyMap<MissingFile, string>>} picked */
function fileMenu({ i18n }, file, picked) {
  const { value, choices, suggested } = file;
  if (choices.length === 0) return element("small", { class: "missing-none" }, i18n.t("files.missing.noChoice"));
  const menu = element("select", { class: "field", "aria-label": value });
  menu.append(element("option", { value: "" }, i18n.t("files.missing.keep")));
  const sorted = [...choices].sort((a, b) => Number(b === suggested) - Number(a === suggested));
  for (const name of sorted) menu.append(element("option", { value: name }, i18n.t("files.missing.use", { name })));
  const pick = () => {
    const others = [...picked.get()].filter(([other]) => other !== file);
    picked.set(new Map(menu.value === "" ? others : [...others, [file, menu.value]]));
  };
  menu.value = suggested ?? "";
  pick();
  menu.addEventListener("change", pick);
  return menu;
}
