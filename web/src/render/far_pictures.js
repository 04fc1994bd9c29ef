/** What a run left on nodes that are seen from afar: their pictures, and how much of its time they took. */

/** @import { Rect } from "../core/types.js" */
/** @import { Colors } from "./colors.js" */
/** @import { NodeShape } from "./scene.js" */

import { overlaps } from "../core/geometry.js";
import { HEADER_HEIGHT } from "../core/node_layout.js";
import { showsTitle, TITLE_PX } from "./painting.js";
import { MOST_THUMBNAILS } from "./thumbnails.js";

const PADDING = 6;
/** A picture of fewer pixels on the screen says nothing. */
const LEAST_PX = 8;

/**
 * Pictures under the titles, as large as the nodes let them.
 * @param {CanvasRenderingContext2D} context
 * @param {readonly NodeShape[]} shapes
 * @param {Rect} area Only nodes in it are asked for pictures.
 * @param {number} zoom
 * @param {(shape: NodeShape) => ImageBitmap | null | undefined} thumbnailOf Null: it is not there yet.
 */
export function paintThumbnails(context, shapes, area, zoom, thumbnailOf) {
  let left = MOST_THUMBNAILS;
  for (const shape of shapes) {
    if (left === 0) return;
    const place = overlaps(shape.rect, area) ? farPlace(shape, zoom) : null;
    const bitmap = place ? thumbnailOf(shape) : undefined;
    if (bitmap !== undefined) left -= 1;
    if (!place || !bitmap) continue;
    const scale = Math.min(place.width / bitmap.width, place.height / bitmap.height);
    const width = bitmap.width * scale, height = bitmap.height * scale;
    context.drawImage(bitmap, place.x + (place.width - width) / 2, place.y + (place.height - height) / 2, width, height);
  }
}

/**
 * Room for a picture on a node whose rows are not painted.
 * @param {NodeShape} shape
 * @param {number} zoom
 * @returns {Rect | null} Null when it would be too small.
 */
export function farPlace({ record, rect }, zoom) {
  if (record.collapsed) return null;
  const top = showsTitle(rect, zoom) ? Math.max(HEADER_HEIGHT, 1.4 * TITLE_PX / zoom) : HEADER_HEIGHT;
  const width = rect.width - 2 * PADDING, height = rect.height - top - PADDING;
  if (Math.min(width, height) * zoom < LEAST_PX) return null;
  return { x: rect.x + PADDING, y: rect.y + top, width, height };
}

/**
 * Headers tinted by the share of the run's time.
 * @param {CanvasRenderingContext2D} context
 * @param {readonly NodeShape[]} shapes
 * @param {Colors} colors
 * @param {(shape: NodeShape) => number} heatOf 0 to 1.
 */
export function paintHeat(context, shapes, colors, heatOf) {
  context.fillStyle = colors.get("--warn");
  for (const shape of shapes) {
    const heat = heatOf(shape);
    if (heat === 0) continue;
    context.globalAlpha = heat;
    context.fillRect(shape.rect.x, shape.rect.y, shape.rect.width, Math.min(HEADER_HEIGHT, shape.rect.height));
  }
  context.globalAlpha = 1;
}
