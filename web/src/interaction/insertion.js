/** Finds the wire a dragged node would be put into. */

/** @import { LinkRecord, NodeId, Point } from "../core/types.js" */
/** @import { Lift } from "../render/lift.js" */
/** @import { PointerController } from "./pointer.js" */

import { insertionPorts } from "../core/insertion.js";
import { HEADER_HEIGHT } from "../core/node_layout.js";
import { isBoundary } from "../render/boundary.js";
import { linkAt } from "./hit.js";

/**
 * The wire a single held node without wires of its own would be inserted into: the one under its
 * header's middle or under the pointer.
 * @param {PointerController} controller
 * @param {{ nodes: ReadonlySet<NodeId>, groups: ReadonlySet<string> }} held
 * @param {Lift} lift
 * @param {Point} pointer In graph units.
 * @returns {LinkRecord | null}
 */
export function insertionAt({ view, shown }, held, lift, pointer) {
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
