/** What clicks and double clicks do. */

/** @import { App } from "../app_types.js" */
/** @import { Hit } from "./hit.js" */
/** @import { At, PointerController } from "./pointer.js" */

import { openSubgraph } from "./subgraph_path.js";
import { renameGroup, renameNode } from "./rename.js";

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
  const { view, tab, shown } = controller;
  switch (hit.kind) {
    case "empty":
      return app.ui.openPalette({ at: client });
    case "link":
      return void tab.edit("edit.addDot", (tx) => tx.addReroute(shown.scene.graphId, [hit.id], graph, hit.segment));
    case "group":
      return renameGroup(view, tab, hit.id);
    case "node":
      if (hit.part === "content" || hit.part === "resize" || hit.part === "collapse") return;
      if (openSubgraph(tab, hit.id)) return;
      if (view.isFar) return view.flyTo([hit.id]);
      if (hit.part === "header") renameNode(view, tab, hit.id);
  }
}
