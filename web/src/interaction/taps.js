/** What clicks and double clicks do. */

/** @import { App } from "../app_types.js" */
/** @import { Point } from "../core/types.js" */
/** @import { Hit } from "./hit.js" */
/** @import { At, PointerController } from "./pointer.js" */
/** @import { LiveEdit } from "./live_edit.js" */
/** @typedef {Extract<Hit, { kind: "link" }>} LinkHit */

import { openSubgraph } from "./subgraph_path.js";
import { renameGroup, renameNode } from "./rename.js";
import { selectionOf } from "./selecting.js";

/** @param {PointerController} controller @param {Hit} hit */
export function tap({ tab, shown }, hit) {
  if (hit.kind !== "node" || hit.part !== "collapse") return;
  const { graphId } = shown.scene;
  tab.edit("edit.collapse", (tx) => {
    tx.updateNode(graphId, hit.id, { collapsed: tx.node(graphId, hit.id).collapsed ? undefined : true });
  });
}

/** @param {App} app @param {PointerController} controller @param {Hit} hit @param {At} at */
export function doubleTap(app, controller, hit, { client, graph }) {
  const { view, tab } = controller;
  switch (hit.kind) {
    case "empty":
      return app.ui.openPalette({ at: client });
    case "link":
      return addDot(controller, hit, graph);
    case "group":
      return hit.part === "note" ? app.commands.execute("group.notes") : renameGroup(view, tab, hit.id);
    case "node":
      if (hit.part === "content" || hit.part === "resize" || hit.part === "collapse") return;
      if (openSubgraph(tab, hit.id)) return;
      if (view.isFar) return view.flyTo([hit.id]);
      if (hit.part === "header") renameNode(view, tab, hit.id);
  }
}

/** Whether a press on a wire asks for a dot there: the middle button does, and Alt. @param {{ button: number, altKey: boolean }} press */
export function asksForDot({ button, altKey }) {
  return button === 1 || altKey;
}

/**
 * Puts a dot on a wire and selects it.
 * @param {PointerController} controller
 * @param {LinkHit} hit
 * @param {Point} point
 * @param {Pick<LiveEdit, "step">} [edit] What it becomes a step of; without, it is one of its own.
 */
export function addDot({ tab, shown }, { id, segment }, point, edit = { step: (change) => void tab.edit("edit.addDot", change) }) {
  let dot = "";
  edit.step((tx) => {
    dot = tx.addReroute(shown.scene.graphId, [id], point, segment);
  });
  tab.selection.set(selectionOf({ reroutes: [dot] }));
}
