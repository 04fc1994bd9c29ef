/** A picture that is zoomed by the wheel, two fingers or keys, and dragged. */

import { element } from "../controls/dom.js";

const MOST = 32;
const WHEEL_SPEED = 0.0016;

export class ZoomImage {
  #zoom = 1;
  #x = 0;
  #y = 0;
  #fits = true;
  /** @type {Map<number, { x: number, y: number }>} Pressed pointers. */
  #pointers = new Map();

  constructor() {
    this.image = element("img", { class: "zoom-picture", draggable: "false" });
    this.element = element("div", { class: "zoom-area", tabindex: 0 }, this.image);
    this.image.addEventListener("load", () => this.fit());
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * WHEEL_SPEED), event.clientX, event.clientY);
    }, { passive: false });
    this.element.addEventListener("dblclick", (event) => this.toggle(event.clientX, event.clientY));
    this.#listenForPointers();
    new ResizeObserver(() => {
      if (this.#fits) this.fit();
    }).observe(this.element);
  }

  /** @param {string} url @param {string} name */
  show(url, name) {
    this.image.alt = name;
    this.image.src = url;
  }

  /** Show all of it as large as there is room; twice its size and more by whole numbers, which keep its pixels even. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const { naturalWidth, naturalHeight } = this.image;
    if (naturalWidth === 0) return;
    const zoom = Math.min(MOST, width / naturalWidth, height / naturalHeight);
    this.#zoom = zoom < 2 ? zoom : Math.floor(zoom);
    this.#x = (width - naturalWidth * this.#zoom) / 2;
    this.#y = (height - naturalHeight * this.#zoom) / 2;
    this.#fits = true;
    this.#paint();
  }

  /** Between all of it and one pixel for one. @param {number} [x] client pixels @param {number} [y] */
  toggle(x, y) {
    if (this.#fits) this.zoomBy(this.#zoom === 1 ? 2 : 1 / this.#zoom, x, y);
    else this.fit();
  }

  /** @param {number} factor @param {number} [clientX] what stays where it is; the middle without it @param {number} [clientY] */
  zoomBy(factor, clientX, clientY) {
    const box = this.element.getBoundingClientRect();
    const x = clientX === undefined ? box.width / 2 : clientX - box.left;
    const y = clientY === undefined ? box.height / 2 : clientY - box.top;
    const least = Math.min(1, box.width / this.image.naturalWidth, box.height / this.image.naturalHeight) / 4;
    const zoom = Math.max(least, Math.min(MOST, this.#zoom * factor));
    this.#x = x - ((x - this.#x) * zoom) / this.#zoom;
    this.#y = y - ((y - this.#y) * zoom) / this.#zoom;
    this.#zoom = zoom;
    this.#fits = false;
    this.#paint();
  }

  #paint() {
    const { clientWidth, clientHeight } = this.element;
    const { style, naturalWidth, naturalHeight } = this.image;
    this.#x = kept(this.#x, clientWidth - naturalWidth * this.#zoom);
    this.#y = kept(this.#y, clientHeight - naturalHeight * this.#zoom);
    style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#zoom})`;
    style.imageRendering = this.#zoom > 2 ? "pixelated" : "auto";
  }

  #listenForPointers() {
    const area = this.element;
    area.addEventListener("pointerdown", (event) => {
      if (event.button > 1) return;
      area.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    area.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
      area.addEventListener(type, (event) => this.#pointers.delete(event.pointerId));
    }
  }

  /** @param {PointerEvent} event */
  #move({ pointerId, clientX, clientY }) {
    const before = this.#pointers.get(pointerId);
    if (!before) return;
    const other = [...this.#pointers].find(([id]) => id !== pointerId)?.[1];
    this.#pointers.set(pointerId, { x: clientX, y: clientY });
    if (other) {
      const spread = (/** @type {number} */ x, /** @type {number} */ y) => Math.hypot(x - other.x, y - other.y) || 1;
      this.zoomBy(spread(clientX, clientY) / spread(before.x, before.y), other.x, other.y);
      return;
    }
    this.#x += clientX - before.x;
    this.#y += clientY - before.y;
    this.#fits = false;
    this.#paint();
  }
}

/**
 * A small picture stays whole in the area, a large one fills it.
 * @param {number} at where the picture begins, in pixels of the area
 * @param {number} room what it leaves free of the area; below 0 it is larger
 */
function kept(at, room) {
  return Math.min(Math.max(at, Math.min(0, room)), Math.max(0, room));
}
