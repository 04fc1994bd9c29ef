/** @import { Mode, At, PointerController } from "../pointer.js" */
/** @import { NodeId, Point, Rect } from "../../core/types.js" */
/** @import { LinkRecord } from "../../core/types.js" */

import { snapped } from "../../core/geometry.js";
import { Tx } from "../../core/edits.js";
import { insertionPorts, insertOnLink } from "../../core/insertion.js";
import { HEADER_HEIGHT } from "../../core/node_layout.js";
import { INPUTS, isBoundary } from "../../render/boundary.js";
import { Lift } from "../../render/lift.js";
import { GRID_SETTING, SNAP_SETTING } from "../canvas_settings.js";
import { growGroups, regroup, regroupGroups } from "../group_membership.js";
import { linkAt } from "../hit.js";
import { LiveEdit } from "../live_edit.js";
import { selectionOf } from "../selecting.js";

/** Moves what is selected; the edit is made on the drop. With Alt a copy is moved. @implements {Mode} */
export class DragMode {
  name = "drag";
  followsEdges = true;

  /**
   * @param {PointerController} controller
   * @param {At} press
   * @param {LiveEdit} [edit] The one that made what is dragged.
   */
  constructor(controller, press, edit) {
    this.controller = controller;
    this.from = press.graph;
    const { tab } = controller;
    this.edit = edit ?? new LiveEdit(tab, press.event.altKey ? "edit.duplicate" : "edit.move");
    if (!edit && press.event.altKey) controller.duplicate(this.edit);
    this.held = heldBy(controller);
    this.lift = new Lift(controller.shown.scene, this.held);
    this.origin = this.#origin();
    /** The wire the node would be put into. @type {LinkRecord | null} */
    this.target = null;
    tab.selection.update((selection) => selectionOf({ ...selection, links: [] }));
    controller.view.setLift(this.lift);
  }

  /** What snaps to the grid: the first of what is held. @returns {Point} */
  #origin() {
    const { scene } = this.controller.shown;
    const [node] = this.held.nodes, [group] = this.held.groups, [dot] = this.held.reroutes;
    const first = (group && scene.graph.groups.get(group)) ?? (node && scene.nodes.get(node)?.rect)
      ?? (dot && scene.graph.reroutes.get(dot));
    return first || { x: 0, y: 0 };
  }

  /** @param {At} at */
  move({ event, graph }) {
    const { app, view } = this.controller;
    let dx = Math.round(graph.x - this.from.x), dy = Math.round(graph.y - this.from.y);
    if (app.settings.get(SNAP_SETTING) !== event.shiftKey) {
      const place = snapped({ x: this.origin.x + dx, y: this.origin.y + dy }, app.settings.get(GRID_SETTING));
      dx = place.x - this.origin.x;
      dy = place.y - this.origin.y;
    }
    this.lift.moveTo(dx, dy);
    this.target = event.ctrlKey || event.metaKey ? null : insertionAt(this.controller, this.held, this.lift, graph);
    const shape = this.target && this.controller.shown.scene.links.get(this.target.id);
    view.overlay.showInsertion(shape?.points ?? null, view.camera, view.linkStyle);
    view.liftMoved();
  }

  up() {
    const { view, shown } = this.controller;
    const { dx, dy } = this.lift;
    view.overlay.showInsertion(null, view.camera, view.linkStyle);
    if (dx !== 0 || dy !== 0) {
      const { graphId } = shown.scene;
      this.edit.step((tx) => this.#drop(tx, graphId, { x: dx, y: dy }));
    }
    this.edit.keep();
    view.setLift(null);
  }

  /** @param {Tx} tx @param {string} graphId @param {Point} by */
  #drop(tx, graphId, by) {
    const { scene } = this.controller.shown;
    const nodes = [...this.held.nodes].filter((id) => !isBoundary(id));
    tx.move(graphId, { nodes, reroutes: this.held.reroutes, groups: this.held.groups }, by);
    for (const id of this.held.nodes) if (isBoundary(id)) moveBoundary(tx, graphId, id, by);
    tx.raise(graphId, nodes);
    const inGroups = new Set([...this.held.groups].flatMap((id) => tx.graph(graphId).groups.get(id)?.nodes ?? []));
    /** @type {(id: NodeId) => Rect | undefined} */
    const rectOf = (id) => {
      const shape = scene.nodes.get(id), record = tx.graph(graphId).nodes.get(id);
      return shape && record && { x: record.x, y: record.y, width: shape.rect.width, height: shape.rect.height };
    };
    const loose = nodes.filter((id) => !inGroups.has(id));
    regroup(tx, graphId, new Map(loose.flatMap((id) => {
      const rect = rectOf(id);
      return rect ? [[id, rect]] : [];
    })));
    regroupGroups(tx, graphId, this.held.groups);
    growGroups(tx, graphId, rectOf);
    const [only] = nodes;
    if (this.target && only) insertOnLink(tx, graphId, only, this.target.id, scene.catalogue);
  }

  cancel() {
    const { view } = this.controller;
    view.overlay.showInsertion(null, view.camera, view.linkStyle);
    view.setLift(null);
    this.edit.drop();
  }
}

/**
 * What moves with the selection: members of groups, and dots between two nodes that move.
 * @param {PointerController} controller
 */
function heldBy({ tab, shown }) {
  const { nodes, groups, reroutes } = tab.selection.get();
  const { graph, graphId } = shown.scene;
  const held = new Tx(tab.doc).withMembers(graphId, { nodes: [...nodes].filter((id) => !isBoundary(id)), groups, reroutes });
  for (const id of held.nodes) {
    const record = graph.nodes.get(id);
    if (record?.pinned) held.nodes.delete(id);
  }
  for (const id of nodes) if (isBoundary(id)) held.nodes.add(id);
  for (const id of held.nodes) {
    for (const link of graph.linksOf(id)) {
      if (!held.nodes.has(link.from) || !held.nodes.has(link.to)) continue;
      for (const dot of link.reroutes ?? []) held.reroutes.add(dot);
    }
  }
  return held;
}

/** @param {Tx} tx @param {string} graphId @param {NodeId} id @param {Point} by */
function moveBoundary(tx, graphId, id, by) {
  const { record } = tx.graph(graphId);
  const key = id === INPUTS ? "inputsAt" : "outputsAt";
  const at = record[key] ?? (id === INPUTS ? { x: -300, y: 0 } : { x: 600, y: 0 });
  tx.updateGraph(graphId, { [key]: { x: at.x + by.x, y: at.y + by.y } });
}

/**
 * The wire a single held node without wires of its own would be inserted into: the one under its
 * header's middle or under the pointer.
 * @param {PointerController} controller
 * @param {{ nodes: ReadonlySet<NodeId>, groups: ReadonlySet<string> }} held
 * @param {Lift} lift
 * @param {Point} pointer In graph units.
 * @returns {LinkRecord | null}
 */
function insertionAt({ view, shown }, held, lift, pointer) {
  const { scene } = shown;
  const [id] = held.nodes;
  if (held.nodes.size !== 1 || held.groups.size > 0 || id === undefined || isBoundary(id)) return null;
  const shape = scene.nodes.get(id);
  if (!shape || lift.links.size > 0) return null;
  const header = { x: shape.rect.x + lift.dx + shape.rect.width / 2, y: shape.rect.y + lift.dy + HEADER_HEIGHT / 2 };
  const fits = (/** @type {string} */ link) => insertionPorts(scene.doc, scene.graphId, id, link) !== undefined;
  const hit = linkAt(view, header, fits) ?? linkAt(view, pointer, fits);
  return (hit && scene.graph.links.get(hit.id)) ?? null;
}
