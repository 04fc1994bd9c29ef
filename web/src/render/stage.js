/**
 * The layers of the canvas and their frames: what is dirty is painted, the camera is one transform.
 * At rest no frame is asked for.
 */

/** @import { CameraState } from "./camera.js" */
/** @import { Lift } from "./lift.js" */
/** @import { NodeLayer } from "./node_layer.js" */
/** @import { Picture } from "./static_layer.js" */

import { ActiveLayer } from "./active_layer.js";
import { between, Camera } from "./camera.js";
import { buildCanvas } from "./canvas_dom.js";
import { Colors } from "./colors.js";
import { FrameScheduler } from "./frame_scheduler.js";
import { Mover } from "./mover.js";
import { Overlay } from "./overlay.js";
import { StaticLayer } from "./static_layer.js";

/** Below this zoom boxes stand for nodes: their text could not be read. */
export const FAR_ZOOM = 0.35;
const SETTLED_MS = 150;
const FLIGHT_MS = 260;
/** While zooming the last painting is stretched at most this much. */
const MAX_STRETCH = 1.5;

export class Stage {
  /** Bodies of the nodes of the shown graph. @type {NodeLayer | null} */
  nodes = null;
  /** @type {Lift | null} */
  lift = null;
  /** What is to be painted; set by whoever shows something. @type {() => Picture | null} */
  picture = () => null;
  /** The camera came to rest. */
  onSettled = () => {};
  /** Told after each frame. @type {Set<() => void>} */
  frameListeners = new Set();
  /** @type {{ from: CameraState, to: CameraState, start: number } | null} */
  #flight = null;
  /** @type {Mover} */
  #plane;
  #dirty = { paint: true, lift: false };
  #paintedFar = false;
  #transformWrites = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settleTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unmountTimer;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.elements = buildCanvas(parent);
    this.#plane = new Mover(this.elements.plane);
    this.camera = new Camera(() => this.#cameraMoved());
    this.scheduler = new FrameScheduler((now) => this.#frame(now));
    this.colors = new Colors(this.elements.root);
    this.ground = new StaticLayer(this.elements.ground, this.colors);
    this.active = new ActiveLayer(this.elements.active, this.colors);
    this.overlay = new Overlay(this.elements.root);
    new ResizeObserver(() => this.#resize()).observe(this.elements.root);
    this.#resize();
    const theme = new MutationObserver(() => this.#themeChanged());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  }

  get isFar() {
    return this.camera.zoom < FAR_ZOOM;
  }

  /** Clears the stage for another graph. @param {NodeLayer | null} layer */
  set(layer) {
    this.setLift(null);
    this.overlay.clear();
    this.#flight = null;
    this.nodes = layer;
  }

  /** @param {CameraState} state */
  glideTo(state) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.camera.set(state);
      return;
    }
    this.#flight = { from: this.camera.state, to: state, start: performance.now() };
    this.scheduler.request();
  }

  /** Ends a flight where it is: the user took over. */
  land() {
    this.#flight = null;
  }

  /** Paints the canvas layers anew in the next frame. @param {boolean} [lookAround] Nodes may have come into view. */
  repaint(lookAround = false) {
    this.#dirty.paint = true;
    if (lookAround) this.nodes?.invalidate();
    this.scheduler.request();
  }

  /** @param {Lift | null} lift */
  setLift(lift) {
    if (lift === this.lift) return;
    this.nodes?.hang(lift, this.lift);
    this.lift = lift;
    this.#dirty.lift = true;
    this.repaint();
  }

  /** What is held was moved. */
  liftMoved() {
    this.#dirty.lift = true;
    this.scheduler.request();
  }

  #cameraMoved() {
    if (this.lift) this.#dirty.lift = true;
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.#settled(), SETTLED_MS);
    this.scheduler.request();
  }

  /** Sharp again, and remembered. */
  #settled() {
    this.onSettled();
    if (this.camera.zoom !== this.ground.zoom) this.repaint();
  }

  #resize() {
    const { width, height } = this.elements.root.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    // Where it flies was chosen for the old size: it arrives, and what was fitted is fitted again.
    if (this.#flight) this.camera.set(this.#flight.to);
    this.#flight = null;
    this.camera.resize(width, height);
    this.ground.resize(this.camera, devicePixelRatio);
    this.repaint(true);
  }

  #themeChanged() {
    this.colors.read();
    this.repaint();
  }

  /** @param {number} now @returns {boolean} Whether a further frame is needed. */
  #frame(now) {
    const flying = this.#fly(now);
    const picture = this.picture();
    const { nodes, camera } = this;
    if (!picture || !nodes) return false;
    const more = nodes.update(camera, this.isFar, now);
    this.#unmountLater(now);
    if (this.#needsPaint()) this.#paint(picture);
    if (this.#dirty.lift) {
      if (this.lift) nodes.sway(this.lift);
      this.active.paint(picture, this.ground.ratio, this.ground.zoom);
      this.#dirty.lift = false;
    }
    this.#placePlane();
    for (const listener of this.frameListeners) listener();
    return more || flying;
  }

  /** @param {number} now @returns {boolean} Whether the flight goes on. */
  #fly(now) {
    if (!this.#flight) return false;
    const { from, to, start } = this.#flight;
    const t = Math.min(Math.max((now - start) / FLIGHT_MS, 0), 1);
    this.camera.set(between(from, to, t));
    if (t >= 1) this.#flight = null;
    return t < 1;
  }

  #needsPaint() {
    const stretch = this.camera.zoom / this.ground.zoom;
    return this.#dirty.paint || !this.ground.covers(this.camera) || this.isFar !== this.#paintedFar
      || stretch > MAX_STRETCH || stretch < 1 / MAX_STRETCH;
  }

  /** @param {Picture} picture */
  #paint(picture) {
    const scaled = this.camera.zoom !== this.ground.zoom;
    this.ground.paint(picture);
    this.#dirty.paint = false;
    this.#dirty.lift ||= this.lift !== null || !this.elements.active.hidden;
    this.#paintedFar = this.isFar;
    const { area, zoom } = this.ground;
    this.elements.ground.style.transform = `translate(${area.x * zoom}px, ${area.y * zoom}px)`;
    if (scaled) this.elements.world.style.transform = `scale(${zoom})`;
  }

  /** The one transform a frame of panning or zooming writes. */
  #placePlane() {
    const { camera, ground } = this;
    const scale = camera.zoom / ground.zoom, ratio = ground.ratio;
    const x = Math.round(-camera.x * camera.zoom * ratio) / ratio;
    const y = Math.round(-camera.y * camera.zoom * ratio) / ratio;
    const transform = scale === 1 ? `translate(${x}px, ${y}px)` : `translate(${x}px, ${y}px) scale(${scale})`;
    if (this.#plane.write(transform)) this.#transformWrites += 1;
  }

  /** @param {number} now */
  #unmountLater(now) {
    clearTimeout(this.#unmountTimer);
    const delay = this.nodes?.nextUnmount(now);
    if (delay !== undefined) this.#unmountTimer = setTimeout(() => this.scheduler.request(), delay);
  }

  /** Counters for tests: all grow only. */
  stats() {
    return {
      frames: this.scheduler.frames,
      transformWrites: this.#transformWrites,
      paints: this.ground.paints,
      linksGathered: this.ground.links.gathered,
      linksTraced: this.ground.links.traced,
      activePaints: this.active.paints,
      activeLinks: this.active.links,
      mounted: this.nodes?.views.size ?? 0,
      mounts: this.nodes?.mounts ?? 0,
      built: this.nodes?.built ?? 0,
      unmounts: this.nodes?.unmounts ?? 0,
      nodeMoves: this.nodes?.moves ?? 0,
    };
  }
}
