/**
 * Where a node shows its pictures: in the room below its rows; else hanging below it, as far as
 * the next node lets it; else small, in its header. Pictures never cover what belongs to others.
 */

/** @import { NodeShape, Scene } from "./scene.js" */

/** @typedef {{ where: "inside" | "below" | "header", y: number, height: number }} PreviewPlace `y` and `height` in graph units from the node's top. */

/** Less room than this is no place for a picture. */
const LEAST = 60;
const HANGING = 160;
/** Between a node and what hangs below it, and between that and the next node. */
const GAP = 4;

/**
 * @param {Pick<Scene, "nodeGrid">} scene
 * @param {NodeShape} shape
 * @param {number} [taken] Pixels that something else takes at the top of the room.
 * @returns {PreviewPlace}
 */
export function previewPlace(scene, shape, taken = 0) {
  const { rest, height } = shape.layout;
  if (rest.height - taken >= LEAST) return { where: "inside", y: rest.y + taken, height: rest.height - taken };
  const room = Math.min(roomBelow(scene, shape) - 2 * GAP, HANGING);
  if (room >= LEAST) return { where: "below", y: height + GAP, height: room };
  return { where: "header", y: 0, height: 0 };
}

/** How far down nothing stands in the way, as far as it matters. @param {Pick<Scene, "nodeGrid">} scene @param {NodeShape} shape */
function roomBelow({ nodeGrid }, { record, rect }) {
  const bottom = rect.y + rect.height, most = HANGING + 2 * GAP;
  let free = most;
  for (const id of nodeGrid.query({ x: rect.x, y: bottom, width: rect.width, height: most })) {
    const other = nodeGrid.get(id);
    if (other && id !== record.id) free = Math.min(free, Math.max(0, other.y - bottom));
  }
  return free;
}
