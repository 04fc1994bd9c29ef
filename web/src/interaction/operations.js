/** Edits of what is selected in the shown graph. Each is one step to undo. */

/** @import { Selection, Tab } from "../app_types.js" */
/** @import { GraphView, NodeId, NodeMode, Point, Rect } from "../core/types.js" */
/** @import { Edge } from "../core/geometry.js" */
/** @import { CanvasView } from "../render/view.js" */

import { aligned, distributed } from "../core/geometry.js";
import { detach, toggleMode } from "../core/insertion.js";
import { framed, growGroups } from "./group_membership.js";
import { renameGroup } from "./rename.js";
import { selectionOf } from "./selecting.js";

/** What commands work on. @typedef {{ tab: Tab, graphId: string, graph: GraphView, selection: Selection, nodes: NodeId[], view: CanvasView }} Work */

/** @param {CanvasView} view @returns {Work | null} Null when no document is shown. */
export function workOf(view) {
  const { shown } = view;
  if (!shown?.scene.exists) return null;
  const { tab, scene } = shown;
  const selection = tab.selection.get();
  const nodes = [...selection.nodes].filter((id) => scene.graph.nodes.has(id));
  return { tab, graphId: scene.graphId, graph: scene.graph, selection, nodes, view };
}

/** @param {Work} work */
export function removeSelected({ tab, graphId, graph, selection, nodes }) {
  tab.edit("edit.delete", (tx) => {
    for (const id of selection.links) if (graph.links.has(id)) tx.disconnect(graphId, id);
    tx.removeReroutes(graphId, [...selection.reroutes].filter((id) => graph.reroutes.has(id)));
    tx.removeNodes(graphId, nodes);
    tx.removeGroups(graphId, [...selection.groups].filter((id) => graph.groups.has(id)));
  });
}

/** @param {Work} work */
export function selectAll({ tab, graph }) {
  tab.selection.set(selectionOf({ nodes: graph.nodes.keys(), groups: graph.groups.keys(), reroutes: graph.reroutes.keys() }));
}

/** @param {Work} work @param {NodeMode} mode */
export function switchMode({ tab, graphId, nodes }, mode) {
  tab.edit(`edit.${mode}`, (tx) => toggleMode(tx, graphId, nodes, mode));
}

/** Takes nodes out of their wires; what fed them feeds what they fed. @param {Work} work */
export function detachSelected({ tab, graphId, nodes }) {
  tab.edit("edit.detach", (tx) => {
    for (const id of nodes) detach(tx, graphId, id);
  });
}

/** @param {Work} work @param {"collapsed" | "pinned"} flag */
export function toggleFlag({ tab, graphId, graph, nodes }, flag) {
  const on = nodes.some((id) => !graph.nodes.get(id)?.[flag]);
  tab.edit(`edit.${flag}`, (tx) => {
    for (const id of nodes) tx.updateNode(graphId, id, { [flag]: on ? true : undefined });
  });
}

/** @param {Work} work @param {string | undefined} color @param {string | undefined} bgcolor */
export function colorSelected({ tab, graphId, graph, nodes, selection }, color, bgcolor) {
  tab.edit("edit.color", (tx) => {
    for (const id of nodes) tx.updateNode(graphId, id, { color, bgcolor });
    for (const id of selection.groups) if (graph.groups.has(id)) tx.updateGroup(graphId, id, { color });
  });
}

/** A group around what is selected, its name open for writing; what is in a group already takes the new one along. @param {Work} work @param {string} title */
export function groupSelected({ tab, graphId, graph, nodes, selection, view }, title) {
  const groups = [...selection.groups].filter((id) => graph.groups.has(id));
  const rect = framed([...nodes.flatMap((id) => view.shown?.scene.nodes.get(id)?.rect ?? []), ...groups.flatMap((id) => graph.groups.get(id) ?? [])]);
  if (!rect) return;
  const parent = [...graph.groups.values()].find((group) =>
    nodes.every((id) => group.nodes.includes(id)) && groups.every((id) => group.groups.includes(id)));
  let id = "";
  tab.edit("edit.group", (tx) => {
    for (const group of [...graph.groups.values()]) {
      tx.updateGroup(graphId, group.id, {
        nodes: group.nodes.filter((node) => !nodes.includes(node)), groups: group.groups.filter((inner) => !groups.includes(inner)),
      });
    }
    id = tx.addGroup(graphId, { ...rect, title, nodes, groups });
    if (parent) tx.updateGroup(graphId, parent.id, { groups: [.../** @type {any} */ (graph.groups.get(parent.id)).groups, id] });
    growGroups(tx, graphId, (node) => view.shown?.scene.nodes.get(node)?.rect);
  });
  tab.selection.set(selectionOf({ groups: [id] }));
  renameGroup(view, tab, id);
}

/** @param {Work} work */
export function ungroupSelected({ tab, graphId, graph, selection }) {
  tab.edit("edit.ungroup", (tx) => tx.removeGroups(graphId, [...selection.groups].filter((id) => graph.groups.has(id))));
}

/** @param {Work} work @param {Point} by */
export function nudge({ tab, graphId, graph, nodes, selection }, by) {
  const reroutes = [...selection.reroutes].filter((id) => graph.reroutes.has(id));
  const groups = [...selection.groups].filter((id) => graph.groups.has(id));
  const mergeKey = `nudge ${[...nodes, ...groups, ...reroutes].join(" ")}`;
  tab.edit("edit.move", (tx) => tx.move(graphId, { nodes, reroutes, groups }, by), { mergeKey });
}

/** Rectangles of what can be lined up: nodes as they look, and groups. @param {Work} work @returns {Map<string, Rect>} */
function rectsOf({ nodes, selection, graph, view }) {
  /** @type {Map<string, Rect>} */
  const rects = new Map();
  for (const id of nodes) {
    const rect = view.shown?.scene.nodes.get(id)?.rect;
    if (rect) rects.set(`node ${id}`, rect);
  }
  for (const id of selection.groups) {
    const group = graph.groups.get(id);
    if (group) rects.set(`group ${id}`, group);
  }
  return rects;
}

/** @param {Work} work @param {Edge} edge */
export function alignSelected(work, edge) {
  const rects = rectsOf(work);
  place(work, rects, aligned(rects, edge), "edit.align");
}

/** @param {Work} work @param {"x" | "y"} axis */
export function distributeSelected(work, axis) {
  const rects = rectsOf(work);
  place(work, rects, distributed(rects, axis), "edit.distribute");
}

/** @param {Work} work @param {Map<string, Rect>} rects @param {Map<string, Point>} places @param {string} label */
function place({ tab, graphId }, rects, places, label) {
  tab.edit(label, (tx) => {
    for (const [key, to] of places) {
      const from = /** @type {Rect} */ (rects.get(key));
      const [kind, id] = /** @type {[string, string]} */ (key.split(" "));
      tx.move(graphId, kind === "node" ? { nodes: [id] } : { groups: [id] }, { x: to.x - from.x, y: to.y - from.y });
    }
  });
}

/** Orders the selected nodes, or all when fewer than two are selected, along their wires. @param {Work} work */
export async function layOut({ tab, graphId, graph, nodes, view }) {
  const chosen = nodes.length >= 2 ? nodes : [...graph.nodes.keys()];
  const scene = view.shown?.scene;
  if (!scene) return;
  const among = new Set(chosen);
  const wires = [...graph.links.values()].filter((link) => among.has(link.from) && among.has(link.to));
  const { layoutInWorker, partsOf } = await import("./layout_client.js");
  const { nodes: boxes, links } = partsOf(scene, chosen);
  const places = await layoutInWorker(boxes, links);
  tab.edit("edit.layout", (tx) => {
    for (const { id } of boxes) {
      const to = places.get(id);
      // The document may have gone on while the worker was at it.
      if (to && tx.graph(graphId).nodes.has(id)) tx.updateNode(graphId, id, { x: to.x, y: to.y });
    }
    const dots = new Set(wires.flatMap((link) => link.reroutes ?? []).filter((id) => graph.reroutes.has(id)));
    tx.removeReroutes(graphId, dots);
    growGroups(tx, graphId, (id) => {
      const rect = view.shown?.scene.nodes.get(id)?.rect, record = tx.graph(graphId).nodes.get(id);
      return rect && record && { ...rect, x: record.x, y: record.y };
    });
  });
}
