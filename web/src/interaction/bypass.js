/** Bypassing nodes, and a word on what does not get past them. */

/** @import { App } from "../app_types.js" */
/** @import { NodeId } from "../core/types.js" */
/** @import { Work } from "./operations.js" */

import { bypassGaps } from "../core/insertion.js";
import { titleOf } from "../render/titles.js";
import { switchMode } from "./operations.js";

/** Switches the selected nodes, and warns of outputs that give nothing now. @param {Work} work @param {App} app */
export function bypassSelected(work, app) {
  switchMode(work, "bypass");
  for (const id of work.nodes) {
    if (work.graph.nodes.get(id)?.mode === "bypass") warnOfGaps(work, app, id);
  }
}

/** @param {Work} work @param {App} app @param {NodeId} id */
function warnOfGaps({ tab, graphId, view }, app, id) {
  const scene = view.shown?.scene;
  const shape = scene?.nodes.get(id);
  const gaps = bypassGaps(tab.doc, graphId, id);
  if (!scene || !shape || gaps.length === 0) return;
  const { record, type } = shape;
  const outputs = gaps.map((key) => {
    const port = record.outputs.find((output) => output.key === key);
    return port?.label ?? (type ? app.i18n.outputLabel(type, key) : port?.name ?? key);
  });
  app.ui.toast("warn", app.i18n.t("canvas.bypass.gaps", { node: titleOf({ app, tab, scene }, shape), outputs: outputs.join(", ") }));
}
