/**
 * The view onto a graph: which graph point stands at the view's top left, and how many CSS pixels
 * a graph unit takes. Not reactive: whoever moves it asks for a frame through `onMove`.
 */

/** @import { Point, Rect } from "../core/types.js" */

export const MIN_ZOOM = 0.02;
export const MAX_ZOOM = 8;
const FIT_PADDING_PX = 48;

/** @typedef {{ readonly x: number, readonly y: number, readonly zoom: number }} CameraState */

export class Camera {
  /** What is to stay whole in view, and where the camera stands for it. @type {{ rect: Rect, state: CameraState } | null} */
  #whole = null;

  /** @param {() => void} [onMove] */
  constructor(onMove = () => {}) {
    this.onMove = onMove;
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
    /** Size of the view in CSS pixels. */
    this.width = 1;
    this.height = 1;
  }

  /** @returns {CameraState} */
  get state() {
    return { x: this.x, y: this.y, zoom: this.zoom };
  }

  /** @param {CameraState} state */
  set({ x, y, zoom }) {
    this.x = x;
    this.y = y;
    this.zoom = clamp(zoom, MIN_ZOOM, MAX_ZOOM);
    this.onMove();
  }

  /**
   * What was fitted is fitted again, as long as nobody moved the camera since: a panel that opens
   * must not cut it off.
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    if (this.#whole && this.#standsAt(this.#whole.state)) this.set(this.keepWhole(this.#whole.rect));
    else this.onMove();
  }

  /** @param {CameraState} state */
  #standsAt({ x, y, zoom }) {
    return this.x === x && this.y === y && this.zoom === zoom;
  }

  /** @param {Point} point In view pixels. @returns {Point} */
  toGraph(point) {
    return { x: this.x + point.x / this.zoom, y: this.y + point.y / this.zoom };
  }

  /** @param {Point} point In graph units. @returns {Point} */
  toView(point) {
    return { x: (point.x - this.x) * this.zoom, y: (point.y - this.y) * this.zoom };
  }

  /** The part of the graph in view. @returns {Rect} */
  visible() {
    return { x: this.x, y: this.y, width: this.width / this.zoom, height: this.height / this.zoom };
  }

  /** @param {number} dx In pixels; the content follows. @param {number} dy */
  panBy(dx, dy) {
    this.set({ x: this.x - dx / this.zoom, y: this.y - dy / this.zoom, zoom: this.zoom });
  }

  /** @param {Point} point The view point that stays where it is. @param {number} zoom */
  zoomTo(point, zoom) {
    const fixed = this.toGraph(point);
    const next = clamp(zoom, MIN_ZOOM, MAX_ZOOM);
    this.set({ x: fixed.x - point.x / next, y: fixed.y - point.y / next, zoom: next });
  }

  /**
   * The state that shows a whole rectangle.
   * @param {Rect} rect
   * @param {number} [maxZoom]
   * @returns {CameraState}
   */
  fitting(rect, maxZoom = 1) {
    const across = (this.width - 2 * FIT_PADDING_PX) / Math.max(rect.width, 1);
    const down = (this.height - 2 * FIT_PADDING_PX) / Math.max(rect.height, 1);
    const zoom = clamp(Math.min(across, down), MIN_ZOOM, maxZoom);
    return {
      x: rect.x + rect.width / 2 - this.width / (2 * zoom),
      y: rect.y + rect.height / 2 - this.height / (2 * zoom),
      zoom,
    };
  }

  /**
   * The state that shows a whole rectangle, and goes on doing so when the view gets another size.
   * @param {Rect} rect
   * @returns {CameraState}
   */
  keepWhole(rect) {
    const state = this.fitting(rect);
    this.#whole = { rect, state };
    return state;
  }
}

/**
 * A camera between two others: position and the logarithm of the zoom run along one line, so that
 * the picture grows evenly.
 * @param {CameraState} from
 * @param {CameraState} to
 * @param {number} t In [0, 1].
 * @returns {CameraState}
 */
export function between(from, to, t) {
  if (t >= 1) return to;
  const eased = 1 - (1 - t) ** 3;
  const zoom = from.zoom * (to.zoom / from.zoom) ** eased;
  // Where zoom has gone by this share of its way in 1/zoom, the seen centre moves in step with it.
  const share = Math.abs(to.zoom - from.zoom) < 1e-9
    ? eased
    : (1 / zoom - 1 / from.zoom) / (1 / to.zoom - 1 / from.zoom);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, zoom };
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
