/**
 * Node boxes of one region by colour: what stands for nodes seen from afar, and under nodes that
 * are not mounted yet. Gathered like the wires.
 */

/** @import { NodeRecord, Rect } from "../core/types.js" */
/** @import { Lift } from "./lift.js" */
/** @import { NodeShape, Scene } from "./scene.js" */

import { containsRect } from "../core/geometry.js";
import { HEADER_HEIGHT } from "../core/node_layout.js";

/** What the style sheet leaves free around a value, in graph units. */
const FIELD_SIDE = 13, FIELD_GAP = 3;

export class BoxBatches {
  constructor() {
    /** Paths by fill: a theme variable ("--node") or a colour of a file ("#232"). @type {Map<string, Path2D>} */
    this.bodies = new Map();
    /** @type {Map<string, Path2D>} */
    this.headers = new Map();
    /** @type {Path2D} */
    this.outlines = new Path2D();
    /** Where values stand on nodes that are not far away. @type {Path2D} */
    this.fields = new Path2D();
    /** Nodes gathered, for titles. @type {NodeShape[]} */
    this.shapes = [];
    /** @type {Rect | null} */
    this.region = null;
    this.version = -1;
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Lift | null} */
    this.lift = null;
    this.far = false;
  }

  /**
   * @param {Scene} scene
   * @param {Rect} view
   * @param {Lift | null} lift Its nodes are left out.
   * @param {boolean} far Boxes are all that can be made out.
   */
  update(scene, view, lift, far) {
    const current = this.scene === scene && this.version === scene.version && this.lift === lift && this.far === far;
    if (current && this.region && containsRect(this.region, view)) return;
    this.version = scene.version;
    this.scene = scene;
    this.lift = lift;
    this.far = far;
    const { x, y, width, height } = view;
    this.region = { x: x - width / 4, y: y - height / 4, width: 1.5 * width, height: 1.5 * height };
    this.bodies.clear();
    this.headers.clear();
    this.outlines = new Path2D();
    this.fields = new Path2D();
    this.shapes.length = 0;
    for (const id of scene.nodeGrid.query(this.region)) {
      const shape = scene.nodes.get(id);
      if (shape && !lift?.nodes.has(id)) this.shapes.push(shape);
    }
    this.shapes.sort((a, b) => a.record.z - b.record.z);
    for (const shape of this.shapes) this.#add(shape);
  }

  /** @param {NodeShape} shape */
  #add({ record, rect, layout }) {
    const { x, y, width, height } = rect;
    pathOf(this.bodies, bodyFill(record)).rect(x, y, width, height);
    pathOf(this.headers, headerFill(record)).rect(x, y, width, Math.min(HEADER_HEIGHT, height));
    this.outlines.rect(x, y, width, height);
    if (this.far) return;
    for (const row of layout.rows) {
      if (row.kind === "widget") this.fields.rect(x + FIELD_SIDE, y + row.y + FIELD_GAP, width - 2 * FIELD_SIDE, row.height - 2 * FIELD_GAP);
    }
  }
}

/** @param {NodeRecord} record @returns {string} A theme variable or a colour. */
export function bodyFill(record) {
  return record.mode === "bypass" ? "--accent-soft" : record.bgcolor ?? "--node";
}

/** @param {NodeRecord} record @returns {string} A theme variable or a colour. */
export function headerFill(record) {
  return record.color ?? "--node-header";
}

/** @param {Map<string, Path2D>} paths @param {string} fill */
function pathOf(paths, fill) {
  let path = paths.get(fill);
  if (!path) {
    path = new Path2D();
    paths.set(fill, path);
  }
  return path;
}
