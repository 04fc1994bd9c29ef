/**
 * Wires and far-off node boxes of one region, gathered by colour into one Path2D each, so that
 * drawing a frame makes no objects: it strokes and fills what is there.
 */

/** @import { Rect } from "../core/types.js" */
/** @import { Scene } from "./scene.js" */
/** @import { LinkStyle } from "./link_geometry.js" */
/** @import { Lift } from "./lift.js" */

import { containsRect } from "../core/geometry.js";
import { traceLink } from "./link_geometry.js";

/** @typedef {{ token: string, quiet: boolean, path: Path2D, count: number }} LinkBatch */

export class LinkBatches {
  constructor() {
    /** @type {Map<string, LinkBatch>} */
    this.batches = new Map();
    /** @type {Rect | null} */
    this.region = null;
    this.version = -1;
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {LinkStyle | null} */
    this.style = null;
    /** @type {Lift | null} */
    this.lift = null;
    /** How often paths were gathered anew, and how many wires that took: counters for tests. */
    this.gathered = 0;
    this.traced = 0;
  }

  /**
   * Gathers anew only when something changed or the view left the region gathered last.
   * @param {Scene} scene
   * @param {Rect} view
   * @param {LinkStyle} style
   * @param {Lift | null} lift Its wires are left out.
   */
  update(scene, view, style, lift) {
    const current = this.scene === scene && this.version === scene.version && this.style === style && this.lift === lift;
    if (current && this.region && containsRect(this.region, view)) return;
    this.version = scene.version;
    this.scene = scene;
    this.style = style;
    this.lift = lift;
    this.region = around(view);
    this.gathered += 1;
    this.batches.clear();
    for (const id of scene.linkGrid.query(this.region)) {
      const link = scene.links.get(id);
      if (!link || lift?.links.has(id)) continue;
      const batch = this.#batch(link.token, link.quiet);
      traceLink(batch.path, link.points, style);
      batch.count += 1;
      this.traced += 1;
    }
  }

  /** @param {string} token @param {boolean} quiet */
  #batch(token, quiet) {
    const key = quiet ? `${token} quiet` : token;
    let batch = this.batches.get(key);
    if (!batch) {
      batch = { token, quiet, path: new Path2D(), count: 0 };
      this.batches.set(key, batch);
    }
    return batch;
  }
}

/** Half a view more on every side: panning gathers anew only now and then. @param {Rect} view */
function around({ x, y, width, height }) {
  return { x: x - width / 2, y: y - height / 2, width: 2 * width, height: 2 * height };
}
