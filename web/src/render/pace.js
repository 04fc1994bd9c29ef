/**
 * How fast the view goes over the graph. While it rushes, what passes cannot be read: boxes stand
 * for the nodes that come in, and frames stay short.
 */

/** @import { CameraState } from "./camera.js" */

/** Pixels of the view per millisecond: about half a screen in a second. */
const RUSH = 1;
/** Change of the zoom per millisecond, as a share: a turn of the wheel, not a slow pinch. */
const ZOOM_RUSH = 0.001;
/**
 * A frame took no longer, in ms: after a pause or a long frame it is the step that is seen which
 * counts, and where frames are long it does not help to make them longer.
 */
const LONGEST = 20;

/** @typedef {"still" | "moving" | "rushing"} PaceName */

export class Pace {
  /** @type {CameraState | null} */
  #seen = null;
  #at = 0;

  /**
   * @param {CameraState} camera What the frame shows.
   * @param {number} now ms
   * @returns {PaceName} since the frame before
   */
  next({ x, y, zoom }, now) {
    const before = this.#seen, elapsed = Math.min(Math.max(now - this.#at, 1), LONGEST);
    this.#seen = { x, y, zoom };
    this.#at = now;
    if (!before) return "still";
    const way = Math.hypot(x - before.x, y - before.y) * zoom;
    const stretch = Math.abs(zoom / before.zoom - 1);
    if (stretch > ZOOM_RUSH * elapsed) return "rushing";
    // Zooming moves the corner as well: only the pan counts as a way.
    if (stretch === 0 && way > RUSH * elapsed) return "rushing";
    return way > 0 || stretch > 0 ? "moving" : "still";
  }
}
