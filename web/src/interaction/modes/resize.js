/** @import { Mode, At, PointerController } from "../pointer.js" */

import { MIN_WIDTH } from "../../core/node_layout.js";
import { snapped } from "../../core/geometry.js";
import { GRID_SETTING, SNAP_SETTING } from "../canvas_settings.js";
import { framed, growGroups } from "../group_membership.js";
import { LiveEdit } from "../live_edit.js";

const LEAST_GROUP = 80;

/** Pulls the lower right corner of a node. @implements {Mode} */
export class ResizeNodeMode {
  name = "resize";

  /** @param {PointerController} controller @param {At} press @param {string} id */
  constructor(controller, press, id) {
    this.controller = controller;
    this.from = press.graph;
    this.id = id;
    const shape = controller.shown.scene.nodes.get(id);
    this.start = shape?.rect ?? { x: 0, y: 0, width: MIN_WIDTH, height: 0 };
    this.minHeight = shape?.layout.minHeight ?? 0;
    this.edit = new LiveEdit(controller.tab, "edit.resize");
  }

  /** @param {At} at */
  move(at) {
    const { shown } = this.controller;
    const size = pulled(this.controller, this.start, this.from, at);
    const width = Math.max(size.width, MIN_WIDTH), height = Math.max(size.height, this.minHeight);
    const record = shown.scene.graph.nodes.get(this.id);
    if (!record || (record.width === width && record.height === height)) return;
    this.edit.step((tx) => tx.resize(shown.scene.graphId, this.id, { width, height }));
  }

  up() {
    keepGrown(this.controller, this.edit);
  }

  cancel() {
    this.edit.drop();
  }
}

/** Pulls the lower right corner of a group, as far as its members let it. @implements {Mode} */
export class ResizeGroupMode {
  name = "resize";

  /** @param {PointerController} controller @param {At} press @param {string} id */
  constructor(controller, press, id) {
    this.controller = controller;
    this.from = press.graph;
    this.id = id;
    const { scene } = controller.shown;
    const group = scene.graph.groups.get(id);
    this.start = group ?? { x: 0, y: 0, width: LEAST_GROUP, height: LEAST_GROUP };
    this.least = framed([
      ...group?.nodes.flatMap((node) => scene.nodes.get(node)?.rect ?? []) ?? [],
      ...group?.groups.flatMap((inner) => scene.graph.groups.get(inner) ?? []) ?? [],
    ]);
    this.edit = new LiveEdit(controller.tab, "edit.resize");
  }

  /** @param {At} at */
  move(at) {
    const { shown } = this.controller;
    const size = pulled(this.controller, this.start, this.from, at);
    const { start, least } = this;
    const width = Math.max(size.width, LEAST_GROUP, least ? least.x + least.width - start.x : 0);
    const height = Math.max(size.height, LEAST_GROUP, least ? least.y + least.height - start.y : 0);
    this.edit.step((tx) => tx.updateGroup(shown.scene.graphId, this.id, { width, height }));
  }

  up() {
    keepGrown(this.controller, this.edit);
  }

  cancel() {
    this.edit.drop();
  }
}

/** Groups grow for what was pulled larger, in the same step. @param {PointerController} controller @param {LiveEdit} edit */
function keepGrown({ shown: { scene } }, edit) {
  edit.step((tx) => growGroups(tx, scene.graphId, (id) => scene.nodes.get(id)?.rect));
  edit.keep();
}

/**
 * @param {PointerController} controller
 * @param {import("../../core/types.js").Rect} start
 * @param {import("../../core/types.js").Point} from
 * @param {At} at
 */
function pulled({ app }, start, from, { event, graph }) {
  const corner = { x: start.x + start.width + graph.x - from.x, y: start.y + start.height + graph.y - from.y };
  const snaps = app.settings.get(SNAP_SETTING) !== event.shiftKey;
  const { x, y } = snaps ? snapped(corner, app.settings.get(GRID_SETTING)) : corner;
  return { width: Math.round(x - start.x), height: Math.round(y - start.y) };
}
