/** The dotted ground. */

/** @import { Colors } from "./colors.js" */

/** Pixels between dots: in graph units near by, and at least on the screen. */
const STEP = 20, LEAST = 22;

export class Ground {
  /** One row of dots: to copy it for each row takes a tenth of what thousands of dots take. */
  #row = new OffscreenCanvas(1, 1);

  /**
   * Dots thin out from afar, so that their number stays bounded.
   * @param {CanvasRenderingContext2D} context Painted over; its transform is undone.
   * @param {{ x: number, y: number, zoom: number }} camera
   * @param {Colors} colors
   * @param {number} ratio Device pixels per CSS pixel.
   */
  paint(context, { x, y, zoom }, colors, ratio) {
    const { width, height } = context.canvas;
    let step = STEP * zoom;
    while (step < LEAST) step *= 2;
    const size = Math.max(1, Math.round(ratio));
    const row = this.#rowOf(width, { size, step: step * ratio, left: mod(-x * zoom, step) * ratio, color: colors.get("--grid-strong") });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colors.get("--canvas");
    context.fillRect(0, 0, width, height);
    for (let top = mod(-y * zoom, step) * ratio; top < height; top += step * ratio) context.drawImage(row, 0, Math.round(top));
  }

  /** @param {number} width @param {{ size: number, step: number, left: number, color: string }} dots All in device pixels. */
  #rowOf(width, { size, step, left, color }) {
    const row = this.#row;
    row.width = width; // clears it, too
    row.height = size;
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (row.getContext("2d"));
    context.fillStyle = color;
    for (let at = left; at < width; at += step) context.fillRect(Math.round(at), 0, size, size);
    return row;
  }
}

/** @param {number} value @param {number} by */
function mod(value, by) {
  return ((value % by) + by) % by;
}
