/**
 * Turns pointer events on the canvas into calls of the current mode. A mode is one way to use the
 * pointer, from press to release: pointing, panning, dragging, connecting, …
 */

/** @import { App, Tab } from "../app_types.js" */
/** @import { Point } from "../core/types.js" */
/** @import { CanvasView, Shown } from "../render/view.js" */
/** @import { Hit } from "./hit.js" */
/** @import { LiveEdit } from "./live_edit.js" */

import { createAnnouncer, Hint } from "./hint.js";
import { hitOf } from "./hit.js";
import { PinchMode } from "./modes/pinch.js";
import { PointingMode } from "./modes/pointing.js";
import { selectionOf } from "./selecting.js";

/** Where the pointer is. @typedef {{ event: PointerEvent, client: Point, graph: Point }} At */
/** @typedef {{ readonly name: string, readonly followsEdges?: boolean, move(at: At): void, up(at: At): void, cancel(): void }} Mode */

const DOUBLE_TAP_MS = 400;
const DOUBLE_TAP_PX = 8;
const EDGE_PX = 28;
const EDGE_SPEED_PX = 14;

export class PointerController {
  /** @type {Mode | null} Null: idle. */
  mode = null;
  /** Space is held: drags pan. */
  spaceHeld = false;
  /** A drag panned since Space went down, so that it was no tap. */
  spaceUsed = false;
  /** Where the pointer is in the page, in client pixels; null before it was seen. @type {Point | null} */
  #pointer = null;
  /** @type {Map<number, PointerEvent>} Fingers on the canvas. */
  #touches = new Map();
  /** @type {PointerEvent | null} */
  #lastMove = null;
  /** @type {{ key: string, time: number, client: Point }} */
  #lastTap = { key: "", time: -Infinity, client: { x: 0, y: 0 } };
  /** What taps do; set by whoever puts the canvas together. @type {(hit: Hit, at: At) => void} */
  onTap = () => {};
  /** @type {(hit: Hit, at: At) => void} */
  onDoubleTap = () => {};
  /** @type {(hit: Hit, at: At) => void} */
  onMenu = () => {};
  /** Puts copies of what is selected in its place and selects them. @type {(edit: LiveEdit) => void} */
  duplicate = () => {};

  /** @param {App} app @param {CanvasView} view @param {AbortSignal} signal */
  constructor(app, view, signal) {
    this.app = app;
    this.view = view;
    this.hint = new Hint(view);
    this.announce = createAnnouncer(app, view);
    const { root } = view;
    for (const kind of /** @type {const} */ (["pointermove", "pointerdown"])) {
      document.addEventListener(kind, ({ clientX: x, clientY: y }) => void (this.#pointer = { x, y }), { signal, capture: true, passive: true });
    }
    root.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    root.addEventListener("pointermove", (event) => this.#move(event), { signal });
    root.addEventListener("pointerup", (event) => this.#up(event), { signal });
    root.addEventListener("pointercancel", (event) => this.#gone(event), { signal });
    root.addEventListener("lostpointercapture", (event) => this.#lost(event), { signal });
    view.onFrame(() => this.#followEdge());
  }

  /** What is shown. @returns {Shown} */
  get shown() {
    const { shown } = this.view;
    if (!shown) throw new Error("No document is shown; open one before using the pointer.");
    return shown;
  }

  /** Where the pointer is over the canvas, in client pixels, for keys that act there. @returns {Point | null} */
  get pointed() {
    const at = this.#pointer;
    const under = at && document.elementFromPoint(at.x, at.y);
    return this.view.root.contains(under) ? at : null;
  }

  /** @returns {Tab} */
  get tab() {
    return this.shown.tab;
  }

  /** @param {Iterable<string>} nodes */
  select(nodes) {
    this.tab.selection.set(selectionOf({ nodes }));
  }

  /** @param {Mode | null} mode */
  set(mode) {
    this.mode = mode;
    const { classList } = this.view.root;
    classList.toggle("panning", mode?.name === "pan");
    classList.toggle("connecting", mode?.name === "connect");
    this.view.root.dataset["mode"] = mode?.name ?? "idle";
  }

  /** Breaks off what is going on, as Esc does. @returns {boolean} Whether there was anything. */
  cancel() {
    const { mode } = this;
    if (!mode) return false;
    this.set(null);
    mode.cancel();
    return true;
  }

  /** @param {PointerEvent} event @returns {At} */
  at(event) {
    const client = { x: event.clientX, y: event.clientY };
    return { event, client, graph: this.view.toGraph(client) };
  }

  /** Whether this tap makes a double tap of the one before. @param {Hit} hit @param {At} at */
  isSecondTap(hit, { event, client }) {
    const { key, time, client: before } = this.#lastTap;
    const now = { key: JSON.stringify(hit), time: event.timeStamp, client };
    const second = now.key === key && now.time - time < DOUBLE_TAP_MS
      && Math.hypot(client.x - before.x, client.y - before.y) < DOUBLE_TAP_PX;
    // A third tap begins anew.
    this.#lastTap = second ? { ...now, time: -Infinity } : now;
    return second;
  }

  /** Keeps getting the pointer's events outside the canvas. @param {PointerEvent} event */
  capture(event) {
    this.view.root.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!this.view.shown) return;
    if (event.pointerType === "touch") {
      this.#touches.set(event.pointerId, event);
      if (this.#touches.size === 2) return this.#pinch();
    }
    if (this.mode || (event.button !== 0 && event.button !== 1)) return;
    const hit = hitOf(this.view, event.target, { x: event.clientX, y: event.clientY });
    if (hit.kind === "foreign") return;
    this.view.land();
    if (event.button === 1) event.preventDefault();
    this.#takeFocus(event, hit);
    this.set(new PointingMode(this, this.at(event), hit));
  }

  /** Presses on the canvas give it the keys; those inside a field stay there. @param {PointerEvent} event @param {Hit} hit */
  #takeFocus(event, hit) {
    const inField = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    if (hit.kind === "node" && hit.part === "content" && inField) return;
    this.view.root.focus({ preventScroll: true });
  }

  #pinch() {
    this.cancel();
    const [first, second] = [...this.#touches.values()];
    if (first && second) this.set(new PinchMode(this.view, first, second));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#touches.has(event.pointerId)) this.#touches.set(event.pointerId, event);
    if (!this.mode) return;
    this.#lastMove = event;
    this.mode.move(this.at(event));
    if (this.#edgePush(event)) this.view.requestFrame();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#touches.delete(event.pointerId);
    const { mode } = this;
    if (!mode) return;
    this.set(null);
    mode.up(this.at(event));
  }

  /** @param {PointerEvent} event */
  #gone(event) {
    this.#touches.delete(event.pointerId);
    this.cancel();
  }

  /** The browser took the pointer away in the middle of a drag. @param {PointerEvent} event */
  #lost(event) {
    if (event.buttons !== 0 && this.mode?.name !== "pinch") this.cancel();
  }

  /** Pans on while something is held at the edge of the view. */
  #followEdge() {
    const event = this.#lastMove;
    const push = event && this.mode && this.#edgePush(event);
    if (!push || !this.mode) return;
    this.view.camera.panBy(push.x, push.y);
    this.mode.move(this.at(event));
  }

  /** @param {PointerEvent} event @returns {Point | null} */
  #edgePush(event) {
    if (!this.mode?.followsEdges) return null;
    const { left, top, right, bottom } = this.view.root.getBoundingClientRect();
    const x = edge(event.clientX - left) - edge(right - event.clientX);
    const y = edge(event.clientY - top) - edge(bottom - event.clientY);
    return x === 0 && y === 0 ? null : { x, y };
  }
}

/** @param {number} distance From an edge, in pixels. @returns {number} Pixels per frame. */
function edge(distance) {
  return distance >= EDGE_PX ? 0 : EDGE_SPEED_PX * Math.min(1, (EDGE_PX - distance) / EDGE_PX);
}
