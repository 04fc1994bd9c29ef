/** @import { Mode, At, PointerController } from "../pointer.js" */
/** @import { Selection } from "../../app_types.js" */

import { containsPoint, containsRect, rectBetween } from "../../core/geometry.js";
import { combined, marqueeMode } from "../selecting.js";

/** Draws a frame; what it touches is selected, groups only when they are wholly inside. @implements {Mode} */
export class MarqueeMode {
  name = "marquee";
  followsEdges = true;

  /** @param {PointerController} controller @param {At} press */
  constructor(controller, press) {
    this.controller = controller;
    this.from = press.graph;
    /** @type {Selection} */
    this.before = controller.tab.selection.get();
  }

  /** @param {At} at */
  move({ event, graph }) {
    const { view, tab, shown } = this.controller;
    const rect = rectBetween(this.from, graph);
    const corner = view.camera.toView(rect), { zoom } = view.camera;
    view.overlay.showMarquee({ ...corner, width: rect.width * zoom, height: rect.height * zoom });
    const { reroutes, groups } = shown.scene.graph;
    const inside = {
      nodes: shown.scene.nodeGrid.query(rect),
      reroutes: [...reroutes.values()].filter((dot) => containsPoint(rect, dot)).map(({ id }) => id),
      groups: [...groups.values()].filter((group) => containsRect(rect, group)).map(({ id }) => id),
    };
    tab.selection.set(combined(this.before, inside, marqueeMode(event)));
  }

  up() {
    this.controller.view.overlay.showMarquee(null);
  }

  cancel() {
    this.controller.view.overlay.showMarquee(null);
    this.controller.tab.selection.set(this.before);
  }
}
