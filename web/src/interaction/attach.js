/** Puts the canvas to use: pointer, wheel, keys, commands and menus. */

/** @import { App } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */
/** @import { CommandRegistry } from "./commands.js" */

import { Breadcrumb } from "../render/breadcrumb.js";
import { GroupNotes } from "../render/group_notes.js";
import { Minimap } from "../render/minimap.js";
import { addZoomBar } from "../render/zoom_bar.js";
import { appCommands } from "./app_commands.js";
import { listenForBars } from "./bars.js";
import { MINIMAP_SETTING } from "./canvas_settings.js";
import { clipboardCommands, duplicateSelected, listenForClipboard } from "./clipboard_commands.js";
import { graphCommands } from "./graph_commands.js";
import { hitOf } from "./hit.js";
import { isComposing, listenForCommands, listenForFieldUndo, takesText } from "./keyboard.js";
import { menuItems } from "./menus.js";
import { noteCommands } from "./note_commands.js";
import { workOf } from "./operations.js";
import { PointerController } from "./pointer.js";
import { selectionOf } from "./selecting.js";
import { listenForSpace } from "./space_key.js";
import { subgraphCommands } from "./subgraph_commands.js";
import { leaveSubgraphs } from "./subgraph_path.js";
import { doubleTap, tap } from "./taps.js";
import { viewCommands } from "./view_commands.js";
import { listenForWheel } from "./wheel.js";

/**
 * Call once, after `defineCanvasSettings` and `new CanvasView`.
 * @param {App} app
 * @param {CanvasView} view
 * @param {CommandRegistry} commands
 * @returns {() => void} Ends it.
 */
export function attachCanvas(app, view, commands) {
  const abort = new AbortController();
  const { signal } = abort;
  const controller = new PointerController(app, view, signal);
  controller.onTap = (hit) => tap(controller, hit);
  controller.onDoubleTap = (hit, at) => doubleTap(app, controller, hit, at);
  controller.onMenu = (hit, at) => showMenu(controller, hit, at.client);
  controller.duplicate = (edit) => {
    const work = workOf(view);
    if (work) duplicateSelected(work, { x: 0, y: 0 }, edit);
  };
  listenForClipboard(controller, signal);
  listenForWheel(app, view, signal);
  listenForSpace(app, controller, signal);
  listenForMenu(controller, signal);
  listenForEscape(view, signal);
  listenForBars(view.root, signal);
  for (const command of [
    ...appCommands(controller), ...graphCommands(view), ...viewCommands(controller), ...noteCommands(controller),
    ...clipboardCommands(controller), ...subgraphCommands(view),
  ]) commands.register(command);
  const isBusy = () => controller.mode !== null;
  listenForFieldUndo(commands, view.root, signal, isBusy);
  listenForCommands(app, commands, view.root, signal, isBusy);
  const minimap = new Minimap(view, app.i18n.t("canvas.minimap"));
  app.i18n.language.subscribe(() => minimap.element.setAttribute("aria-label", app.i18n.t("canvas.minimap")));
  app.settings.subscribe(MINIMAP_SETTING, (shown) => minimap.show(shown));
  new GroupNotes(view);
  new Breadcrumb(app, view, leaveSubgraphs);
  addZoomBar(app, view);
  return () => abort.abort();
}

/** @param {PointerController} controller @param {AbortSignal} signal */
function listenForMenu(controller, signal) {
  const { view } = controller;
  view.root.addEventListener("contextmenu", (event) => {
    if (takesText(event.target) || !view.shown) return;
    const client = { x: event.clientX, y: event.clientY };
    const hit = hitOf(view, event.target, client);
    if (hit.kind === "foreign") return;
    event.preventDefault();
    controller.cancel();
    showMenu(controller, hit, client);
  }, { signal });
}

/** What is pressed becomes the selection, unless it is part of it. @param {PointerController} controller @param {import("./hit.js").Hit} hit @param {import("../core/types.js").Point} client */
function showMenu(controller, hit, client) {
  const { tab } = controller;
  const selection = tab.selection.get();
  if ((hit.kind === "node" || hit.kind === "port") && !selection.nodes.has(hit.id)) tab.selection.set(selectionOf({ nodes: [hit.id] }));
  if (hit.kind === "group" && !selection.groups.has(hit.id)) tab.selection.set(selectionOf({ groups: [hit.id] }));
  if (hit.kind === "link") tab.selection.set(selectionOf({ links: [hit.id] }));
  if (hit.kind === "reroute" && !selection.reroutes.has(hit.id)) tab.selection.set(selectionOf({ reroutes: [hit.id] }));
  void controller.app.ui.menu(client, menuItems(controller, hit, client));
}

/** Esc in a field of a node gives the keys back to the canvas. @param {CanvasView} view @param {AbortSignal} signal */
function listenForEscape(view, signal) {
  view.root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || isComposing(event) || event.defaultPrevented || !takesText(event.target)) return;
    event.preventDefault();
    view.root.focus({ preventScroll: true });
  }, { signal });
}
