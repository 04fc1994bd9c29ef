/** Commands that put words on the canvas. */

/** @import { App, Command } from "../app_types.js" */
/** @import { Work } from "./operations.js" */
/** @import { PointerController } from "./pointer.js" */

import { createNode } from "../core/nodes.js";
import { make } from "../render/dom.js";
import { onWork } from "./graph_commands.js";
import { adopt, growGroups } from "./group_membership.js";
import { isComposing } from "./keyboard.js";
import { placeFor, showAdded } from "./placing.js";

const NOTE = "MarkdownNote";
const NOTE_SIZE = { width: 320, height: 180 };

/** @param {PointerController} controller @returns {Command[]} */
export function noteCommands(controller) {
  const { view } = controller;
  return [
    onWork(view, "note.add", ["N"], () => true, ({ tab, graphId }, app) => {
      const type = app.catalogue.get().get(NOTE);
      if (!type) throw new Error(`The catalogue has no type "${NOTE}"; notes need it.`);
      let id = "";
      const { at, pointed } = placeFor(view, NOTE_SIZE, controller.pointed);
      tab.edit("edit.addNode", (tx) => {
        id = tx.addNode(graphId, { ...createNode(type, at), ...NOTE_SIZE });
        adopt(tx, graphId, id, at, app.catalogue.get());
      });
      controller.select([id]);
      if (!pointed) showAdded(view, [id]);
      view.nodes?.mountNow(id)?.rows.focusFirst();
    }),
    onWork(view, "group.notes", [], ({ selection }) => selection.groups.size === 1, writeGroupNotes),
  ];
}

/** @param {Work} work @param {App} app */
async function writeGroupNotes({ tab, graphId, graph, selection, view }, app) {
  const [id] = selection.groups;
  const group = id === undefined ? undefined : graph.groups.get(id);
  if (!group) return;
  const notes = await askText(app, group.title, group.notes ?? "");
  if (notes === undefined || notes === (group.notes ?? "")) return;
  tab.edit("edit.note", (tx) => {
    tx.updateGroup(graphId, group.id, { notes: notes || undefined });
    growGroups(tx, graphId, (node) => view.shown?.scene.nodes.get(node)?.rect);
  });
}

/** @param {App} app @param {string} title @param {string} text @returns {Promise<string | undefined>} */
async function askText(app, title, text) {
  const field = make("textarea", "canvas-notes-field");
  field.value = text;
  field.rows = 6;
  field.autofocus = true;
  field.placeholder = app.i18n.t("canvas.note.text");
  field.setAttribute("aria-label", field.placeholder);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !isComposing(event)) field.form?.requestSubmit();
  });
  const kept = await app.ui.dialog({
    title, body: field, actions: [{ title: app.i18n.t("canvas.keep"), value: true, kind: "primary" }],
  });
  return kept ? field.value : undefined;
}
