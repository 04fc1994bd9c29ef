/** Where new things go on the canvas: under the pointer, else in the middle of what is in view. */

/** @import { View } from "../app_types.js" */
/** @import { NodeId, Point, Size } from "../core/types.js" */

import { freePlace } from "../core/free_place.js";
import { centerOf, containsRect } from "../core/geometry.js";
import { SpatialGrid } from "../core/spatial_grid.js";

/**
 * Under the pointer when that place is free; else the nearest place where no node is covered.
 * @param {View} view
 * @param {Size} size In graph units.
 * @param {Point | null | undefined} client Where the pointer is over the canvas.
 * @returns {{ at: Point, pointed: boolean }} Its top left in graph units; whether it is under the pointer.
 */
export function placeFor(view, size, client) {
  const taken = view.shown?.scene.nodeGrid ?? new SpatialGrid();
  const wanted = client ? view.toGraph(client) : cornerInMiddle(view, size);
  if (client && taken.at(wanted).size === 0) return { at: wanted, pointed: true };
  const { x, y } = freePlace(taken, size, wanted);
  return { at: { x: Math.round(x), y: Math.round(y) }, pointed: false };
}

/** @param {View} view @param {Size} size @returns {Point} */
function cornerInMiddle({ camera }, { width, height }) {
  const { x, y } = centerOf(camera.visible());
  return { x: x - width / 2, y: y - height / 2 };
}

/** Brings what was added into view, no closer than the view is. @param {View} view @param {Iterable<NodeId>} ids */
export function showAdded(view, ids) {
  const rect = view.shown?.scene.boundsOf(ids);
  if (rect && !containsRect(view.camera.visible(), rect)) view.glideTo(view.camera.fitting(rect, view.camera.zoom));
}
