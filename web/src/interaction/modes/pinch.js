/** @import { Mode, At } from "../pointer.js" */
/** @import { Point } from "../../core/types.js" */
/** @import { CanvasView } from "../../render/view.js" */

/** Two fingers: what was between them stays between them. @implements {Mode} */
export class PinchMode {
  name = "pinch";

  /** @param {CanvasView} view @param {PointerEvent} first @param {PointerEvent} second */
  constructor(view, first, second) {
    this.view = view;
    /** @type {Map<number, Point>} */
    this.fingers = new Map([first, second].map((event) => [event.pointerId, { x: event.clientX, y: event.clientY }]));
  }

  /** @param {At} at */
  move({ event, client }) {
    if (!this.fingers.has(event.pointerId)) return;
    const before = this.#span();
    this.fingers.set(event.pointerId, client);
    const after = this.#span();
    const { camera } = this.view;
    camera.panBy(after.middle.x - before.middle.x, after.middle.y - before.middle.y);
    camera.zoomTo(this.view.toView(after.middle), camera.zoom * (after.length / Math.max(before.length, 1)));
  }

  #span() {
    const [a, b] = /** @type {[Point, Point]} */ ([...this.fingers.values()]);
    return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, length: Math.hypot(a.x - b.x, a.y - b.y) };
  }

  up() {}

  cancel() {}
}
