/**
 * What is held in the air during a drag: nodes, dots and groups, shown moved while the document
 * stays as it is. The edit is made once, on the drop.
 */

/** @import { GroupId, LinkId, NodeId, RerouteId } from "../core/types.js" */
/** @import { LinkShape, Scene } from "./scene.js" */

export class Lift {
  /**
   * @param {Scene} scene
   * @param {{ nodes: Iterable<NodeId>, groups?: Iterable<GroupId>, reroutes?: Iterable<RerouteId> }} held
   */
  constructor(scene, { nodes, groups = [], reroutes = [] }) {
    this.nodes = new Set(nodes);
    this.groups = new Set(groups);
    this.reroutes = new Set(reroutes);
    this.dx = 0;
    this.dy = 0;
    /** Wires that touch what is held, and so are drawn apart. @type {Set<LinkId>} */
    this.links = new Set();
    for (const id of this.nodes) {
      for (const link of scene.graph.linksOf(id)) this.links.add(link.id);
    }
    if (this.reroutes.size > 0) this.#addLinksThroughDots(scene);
  }

  /** @param {Scene} scene */
  #addLinksThroughDots(scene) {
    for (const link of scene.graph.links.values()) {
      if (link.reroutes?.some((id) => this.reroutes.has(id))) this.links.add(link.id);
    }
  }

  /** @param {number} dx In graph units, from where the drag began. @param {number} dy */
  moveTo(dx, dy) {
    this.dx = dx;
    this.dy = dy;
  }

  /**
   * The course of one of `links` as it hangs now.
   * @param {LinkShape} link
   * @returns {number[]}
   */
  pointsOf({ record, points }) {
    const moved = points.slice();
    if (this.nodes.has(record.from)) this.#shift(moved, 0);
    if (this.nodes.has(record.to)) this.#shift(moved, moved.length - 2);
    const dots = record.reroutes ?? [];
    for (let at = 0; at < dots.length; at += 1) {
      if (this.reroutes.has(/** @type {string} */ (dots[at]))) this.#shift(moved, 2 * at + 2);
    }
    return moved;
  }

  /** @param {number[]} points @param {number} at */
  #shift(points, at) {
    points[at] = /** @type {number} */ (points[at]) + this.dx;
    points[at + 1] = /** @type {number} */ (points[at + 1]) + this.dy;
  }
}
