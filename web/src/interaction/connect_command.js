/** Connecting without a pointer: choose a port, then where it goes, in menus. */

/** @import { App, MenuItem } from "../app_types.js" */
/** @import { NodeId } from "../core/types.js" */
/** @import { CanvasView } from "../render/view.js" */
/** @import { End } from "./linking.js" */
/** @import { Work } from "./operations.js" */

import { centerOf } from "../core/geometry.js";
import { titleOf } from "../render/titles.js";
import { connectEnds, portAt, verdictOn } from "./linking.js";

const MOST_OFFERED = 30;

/** @param {App} app @param {Work} work of one node @param {NodeId} [id] */
export function offerPorts(app, work, id = work.nodes[0] ?? "") {
  const { scene } = work.view.shown ?? {};
  const shape = scene?.nodes.get(id);
  if (!scene || !shape) return;
  const items = portItems(app, work, id);
  if (items.some((item) => "title" in item && !item.disabled)) void app.ui.menu(placeOf(work.view, id), items);
  else app.ui.toast("info", app.i18n.t("canvas.connect.none", { node: titleOf({ app, tab: work.tab, scene }, shape) }));
}

/** @param {CanvasView} view @param {NodeId} id */
function placeOf(view, id) {
  const rect = view.shown?.scene.nodes.get(id)?.rect ?? { x: 0, y: 0, width: 0, height: 0 };
  return view.toClient({ x: rect.x + rect.width, y: rect.y });
}

/** @param {App} app @param {Work} work @param {NodeId} id @returns {MenuItem[]} */
function portItems(app, work, id) {
  const node = work.graph.nodes.get(id);
  /** @param {"in" | "out"} side @param {string} key @param {string} label @returns {MenuItem} */
  const item = (side, key, label) => {
    const items = targetItems(app, work, { id, key, side });
    return { title: `${side === "out" ? "→" : "←"} ${label}`, items, disabled: items.length === 0 };
  };
  return [
    ...node?.outputs.map((port) => item("out", port.key, port.label ?? port.name)) ?? [],
    ...node?.inputs.map((port) => item("in", port.key, port.label ?? port.name)) ?? [],
  ];
}

/** Ports this one may be linked to, the nearest nodes first. @param {App} app @param {Work} work @param {End} held @returns {MenuItem[]} */
function targetItems(app, { tab, graph, view }, held) {
  const scene = view.shown?.scene;
  if (!scene || !portAt(graph, held)) return [];
  const side = held.side === "out" ? "in" : "out";
  const own = scene.nodes.get(held.id);
  const others = [...scene.nodes.values()].filter(({ record }) => record.id !== held.id);
  const from = own ? centerOf(own.rect) : { x: 0, y: 0 };
  const distance = (/** @type {import("../render/scene.js").NodeShape} */ { rect }) =>
    Math.hypot(centerOf(rect).x - from.x, centerOf(rect).y - from.y);
  return others.sort((a, b) => distance(a) - distance(b)).flatMap((shape) => {
    const ports = side === "in" ? shape.record.inputs : shape.record.outputs;
    return ports.map((port) => ({ id: shape.record.id, key: port.key, side, label: port.label ?? port.name, shape }))
      .filter((aim) => verdictOn(scene, held, /** @type {End} */ (aim)).ok)
      .map(({ label, ...aim }) => ({
        title: `${titleOf({ app, tab, scene }, aim.shape)} · ${label}`,
        run: () => void tab.edit("edit.connect", (tx) => connectEnds(tx, scene, held, /** @type {End} */ (aim))),
      }));
  }).slice(0, MOST_OFFERED);
}
