/** What the menus of the canvas offer, by what was pressed. */

/** @import { App, MenuItem } from "../app_types.js" */
/** @import { Point } from "../core/types.js" */
/** @import { Hit } from "./hit.js" */
/** @import { PointerController } from "./pointer.js" */

import { removePort, renamePort } from "../core/subgraph_ports.js";
import { INPUTS, isBoundary } from "../render/boundary.js";
import { LINK_STYLE_SETTING } from "../render/view.js";
import { MINIMAP_SETTING, SNAP_SETTING } from "./canvas_settings.js";
import { keysText } from "./key_names.js";
import { IS_MAC } from "./keyboard.js";
import { NODE_COLORS } from "./node_colors.js";
import { addDot } from "./taps.js";

/** @type {MenuItem} */
const LINE = { separator: true };
const ALIGN = ["align.left", "align.center", "align.right", "align.top", "align.middle", "align.bottom", "distribute.x", "distribute.y", "graph.layout"];

/**
 * @param {PointerController} controller
 * @param {Hit} hit
 * @param {Point} client
 * @returns {MenuItem[]}
 */
export function menuItems(controller, hit, client) {
  const { app } = controller;
  switch (hit.kind) {
    case "port":
      return isBoundary(hit.id) ? boundaryItems(controller, hit) : nodeItems(controller, hit.id);
    case "node":
      return isBoundary(hit.id) ? [item(app, "view.fitAll")] : nodeItems(controller, hit.id);
    case "group":
      return groupItems(app);
    case "link":
      return linkItems(controller, hit, client);
    case "reroute":
      return [item(app, "edit.delete")];
    default:
      return canvasItems(app, client);
  }
}

/** A command as a menu shows it. @param {App} app @param {string} id @returns {MenuItem} */
function item(app, id) {
  const command = app.commands.list().find((candidate) => candidate.id === id);
  if (!command) throw new Error(`A menu names the command "${id}", which is not registered.`);
  const [keys] = command.nativeKeys ?? app.commands.keysOf(id);
  return {
    title: app.i18n.t(command.title),
    hint: keys === undefined ? undefined : keysText(keys, IS_MAC),
    disabled: command.when ? !command.when(app) : false,
    danger: id === "edit.delete",
    run: () => app.commands.execute(id),
  };
}

/** @param {PointerController} controller @param {string} id @returns {MenuItem[]} */
function nodeItems({ app, tab, shown }, id) {
  const ofPack = app.extensions.menuOf(tab, shown.scene.graphId, id);
  return [
    item(app, "run.toHere"), item(app, "rename"), item(app, "subgraph.open"), LINE,
    item(app, "node.mute"), item(app, "node.bypass"), item(app, "node.collapse"), item(app, "node.pin"), LINE,
    { title: app.i18n.t("canvas.menu.color"), items: colorItems(app) },
    { title: app.i18n.t("canvas.menu.arrange"), items: ALIGN.map((id) => item(app, id)) },
    item(app, "group.create"), item(app, "subgraph.convert"), item(app, "subgraph.unpack"), LINE,
    item(app, "node.connect"), item(app, "node.detach"), LINE, item(app, "edit.copy"), item(app, "edit.cut"), item(app, "edit.duplicate"), item(app, "edit.delete"), LINE,
    helpItem(app), ...(ofPack ? [LINE, ofPack] : []),
  ];
}

/** A port of the shown subgraph. @param {PointerController} controller @param {Extract<Hit, { kind: "port" }>} hit @returns {MenuItem[]} */
function boundaryItems({ app, tab, shown }, { id, key }) {
  const { graphId, graph, catalogue } = shown.scene;
  const side = id === INPUTS ? "inputs" : "outputs";
  const port = graph.record[side].find((candidate) => candidate.key === key);
  if (!port) return [];
  const rename = async () => {
    const label = await app.ui.prompt(app.i18n.t("commands.rename"), port.label ?? port.name);
    if (label) tab.edit("edit.rename", (tx) => renamePort(tx, graphId, side, key, label, catalogue));
  };
  return [
    { title: app.i18n.t("commands.rename"), run: () => void rename() },
    {
      title: app.i18n.t("commands.edit.delete"),
      danger: true,
      run: () => void tab.edit("edit.delete", (tx) => removePort(tx, graphId, side, key, catalogue)),
    },
  ];
}

/** @param {App} app @returns {MenuItem[]} */
function groupItems(app) {
  return [
    item(app, "rename"), item(app, "group.notes"), { title: app.i18n.t("canvas.menu.color"), items: colorItems(app) }, LINE,
    item(app, "group.create"), item(app, "group.remove"), LINE,
    item(app, "edit.copy"), item(app, "edit.duplicate"), item(app, "edit.delete"),
  ];
}

/** @param {PointerController} controller @param {Extract<Hit, { kind: "link" }>} hit @param {Point} client @returns {MenuItem[]} */
function linkItems(controller, hit, client) {
  const { app, view } = controller;
  const at = view.toGraph(client);
  return [
    {
      title: app.i18n.t("canvas.menu.addDot"),
      run: () => addDot(controller, hit, at),
    },
    item(app, "edit.delete"), LINE, linkStyles(app),
  ];
}

/** @param {App} app @param {Point} client @returns {MenuItem[]} */
function canvasItems(app, client) {
  return [
    { title: app.i18n.t("commands.node.add"), hint: "Tab", run: () => app.ui.openPalette({ at: client }) },
    item(app, "note.add"), item(app, "edit.paste"), LINE,
    item(app, "select.all"), item(app, "view.fitAll"), item(app, "graph.layout"), LINE,
    toggle(app, "view.snap", SNAP_SETTING), toggle(app, "view.minimap", MINIMAP_SETTING), linkStyles(app), LINE,
    item(app, "graph.undo"), item(app, "graph.redo"),
  ];
}

/** A command that turns a setting on and off, under the setting's name. @param {App} app @param {string} id @param {string} setting @returns {MenuItem} */
function toggle(app, id, setting) {
  const title = app.settings.definitions().find((definition) => definition.id === setting)?.title ?? setting;
  return { ...item(app, id), title: app.i18n.t(title), checked: app.settings.get(setting) };
}

/** @param {App} app @returns {MenuItem} */
function linkStyles({ settings, i18n }) {
  const chosen = settings.get(LINK_STYLE_SETTING);
  const choices = settings.definitions().find(({ id }) => id === LINK_STYLE_SETTING)?.choices ?? [];
  return {
    title: i18n.t("canvas.setting.linkStyle"),
    items: choices.map(({ value, title }) => ({
      title: i18n.t(title), checked: value === chosen, run: () => settings.set(LINK_STYLE_SETTING, value),
    })),
  };
}

/** The panel that explains the selected node. @param {App} app @returns {MenuItem} */
function helpItem({ i18n, ui }) {
  return { title: i18n.t("canvas.menu.help"), hint: "F1", run: () => ui.panels.open("help") };
}

/** @param {App} app @returns {MenuItem[]} */
function colorItems(app) {
  return NODE_COLORS.map(({ name }) => item(app, `color.${name}`));
}
