/** The menus of the program and of one document. */

/** @import { App, MenuItem, Tab } from "../app_types.js" */

import { command } from "./run_controls.js";

/** @type {readonly (readonly string[])[]} Commands by group. */
const GROUPS = [
  ["file.new", "file.open", "file.browse"],
  ["file.save", "file.saveAs", "file.download", "file.downloadApi"],
  ["file.recover"],
  ["graph.undo", "graph.redo"],
  ["view.theme", "view.language"],
  ["panel.settings", "panel.shortcuts", "app.switchUser"],
];

/** @param {App} app @param {HTMLElement} button */
export async function showMainMenu(app, button) {
  const box = button.getBoundingClientRect();
  await app.ui.menu({ x: box.left, y: box.bottom + 4 }, grouped(app, GROUPS));
}

/** @param {App} app @param {Tab} tab */
export async function showTabMenu(app, tab) {
  const others = app.tabs.list.get().filter((one) => one !== tab);
  const at = document.querySelector(".tab.active")?.getBoundingClientRect();
  await app.ui.menu({ x: at?.left ?? 0, y: at?.bottom ?? 0 }, [
    ...grouped(app, [["file.rename", "file.duplicate"], ["file.save", "file.saveAs", "file.download"], ["file.close"]]),
    {
      title: app.i18n.t("shell.closeOthers"),
      disabled: others.length === 0,
      run: () => void closeAll(app, others),
    },
  ]);
}

/** @param {App} app @param {readonly Tab[]} tabs */
async function closeAll(app, tabs) {
  for (const tab of tabs) if (!(await app.tabs.close(tab))) return;
}

/** Only what is there: parts of the editor bring their own commands. @param {App} app @param {readonly (readonly string[])[]} groups */
function grouped(app, groups) {
  const known = new Set(app.commands.list().map(({ id }) => id));
  /** @type {MenuItem[]} */
  const items = [];
  for (const group of groups) {
    const present = group.filter((id) => known.has(id));
    if (items.length > 0 && present.length > 0) items.push({ separator: true });
    items.push(...present.map((id) => command(app, id)));
  }
  return items;
}
