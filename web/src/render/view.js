/**
 * The canvas of the editor: shows one graph of one tab, and repaints only what changed. At rest it
 * asks for no frame.
 */

/** @import { App, Selection, Tab, View } from "../app_types.js" */
/** @import { NodeId, Point } from "../core/types.js" */
/** @import { Lift } from "./lift.js" */
/** @import { LinkStyle } from "./link_geometry.js" */
/** @import { NodeView } from "./node_view.js" */
/** @import { CameraState } from "./camera.js" */

/** @import { SceneChange } from "./scene.js" */

import { containsRect } from "../core/geometry.js";
import { ActiveLayer } from "./active_layer.js";
import { between, Camera } from "./camera.js";
import { buildCanvas } from "./canvas_dom.js";
import { Colors } from "./colors.js";
import { FrameScheduler } from "./frame_scheduler.js";
import { Marks } from "./marks.js";
import { NodeLayer } from "./node_layer.js";
import { Overlay } from "./overlay.js";
import { sceneOf } from "./scenes.js";
import { StaticLayer } from "./static_layer.js";
import { titleOf } from "./titles.js";

/** Below this zoom boxes stand for nodes: their text could not be read. */
export const FAR_ZOOM = 0.35;
const SETTLED_MS = 150;
const FLIGHT_MS = 260;
/** While zooming the last painting is stretched at most this much. */
const MAX_STRETCH = 1.5;
export const LINK_STYLE_SETTING = "Tessera.Canvas.LinkStyle";

/** What is shown. @typedef {{ tab: Tab, scene: import("./scene.js").Scene, marks: Marks, selection: Selection }} Shown */

/** @implements {View} */
export class CanvasView {
  /** @type {Shown | null} */
  shown = null;
  /** @type {Lift | null} */
  lift = null;
  /** @type {{ from: CameraState, to: CameraState, start: number } | null} */
  #flight = null;
  #dirty = { paint: true, lift: false };
  #paintedFar = false;
  #transformWrites = 0;
  #planeTransform = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settleTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unmountTimer;
  /** Ends the subscriptions of what is shown. */
  #leave = new AbortController();
  /** Told after each frame, and of each mounted node. @type {Set<() => void>} */
  frameListeners = new Set();

  /** @param {App} app @param {HTMLElement} element */
  constructor(app, element) {
    this.app = app;
    this.elements = buildCanvas(element);
    this.camera = new Camera(() => this.#cameraMoved());
    this.scheduler = new FrameScheduler((now) => this.#frame(now));
    this.colors = new Colors(this.elements.root);
    this.ground = new StaticLayer(this.elements.ground, this.colors);
    this.active = new ActiveLayer(this.elements.active, this.colors);
    this.overlay = new Overlay(this.elements.root);
    /** @type {NodeLayer | null} */
    this.nodes = null;
    new ResizeObserver(() => this.#resize()).observe(this.elements.root);
    this.#resize();
    app.catalogue.subscribe((catalogue) => this.shown?.scene.setCatalogue(catalogue));
    app.settings.subscribe(LINK_STYLE_SETTING, () => this.repaint());
    app.i18n.language.subscribe(() => this.#show());
    const theme = new MutationObserver(() => this.#themeChanged());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  }

  get root() {
    return this.elements.root;
  }

  /** @returns {LinkStyle} */
  get linkStyle() {
    return this.app.settings.get(LINK_STYLE_SETTING);
  }

  get isFar() {
    return this.camera.zoom < FAR_ZOOM;
  }

  /** @param {Tab | null} tab */
  setTab(tab) {
    this.#leaveTab();
    this.tabListeners?.abort();
    if (!tab) return;
    this.tabListeners = new AbortController();
    const stop = tab.graphPath.subscribe(() => this.#show(tab));
    this.tabListeners.signal.addEventListener("abort", stop);
    this.#show(tab);
  }

  /** Shows the graph the tab's path leads to. @param {Tab} [tab] */
  #show(tab = this.shown?.tab) {
    if (!tab) return;
    this.#leaveTab();
    const scene = sceneOf(tab.doc, tab.graphId(), this.app.catalogue.get());
    const shown = { tab, scene, marks: new Marks(tab), selection: tab.selection.get() };
    this.shown = shown;
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    this.nodes = new NodeLayer(this.elements.world, { app: this.app, tab, scene });
    this.nodes.onMount = (view) => this.#mounted(view);
    scene.onChange = (/** @type {SceneChange} */ change) => {
      this.nodes?.refresh(change.nodes);
      if (change.geometry) this.repaint(true);
    };
    for (const stop of [
      tab.selection.subscribe((selection) => this.#select(selection)),
      tab.problems.subscribe(() => this.#showProblems()),
      tab.run.subscribeAll((ids) => this.#runChanged(ids)),
    ]) signal.addEventListener("abort", stop);
    this.camera.set(tab.camera(scene.graphId).get());
    this.root.dispatchEvent(new CustomEvent("graphshown"));
    this.repaint(true);
  }

  #leaveTab() {
    this.setLift(null);
    this.overlay.clear();
    this.#leave.abort();
    this.#flight = null;
    if (!this.shown) return;
    this.#keepCamera();
    this.shown.scene.onChange = () => {};
    this.nodes?.clear();
    this.nodes = null;
    this.shown = null;
  }

  #keepCamera() {
    if (!this.shown?.scene.exists) return;
    const { tab, scene } = this.shown;
    const kept = tab.camera(scene.graphId), { x, y, zoom } = kept.get();
    const now = this.camera.state;
    if (x !== now.x || y !== now.y || zoom !== now.zoom) kept.set(now);
  }

  /** @param {NodeView} view */
  #mounted(view) {
    const { shown } = this;
    if (!shown) return;
    const id = view.shape.record.id;
    view.select(shown.selection.nodes.has(id));
    if (this.lift?.nodes.has(id)) view.hang(this.lift);
    this.#showProblem(id, view);
  }

  /** @param {Selection} selection */
  #select(selection) {
    if (!this.shown) return;
    this.nodes?.select(selection, this.shown.selection);
    this.shown.selection = selection;
    this.repaint();
  }

  #showProblems() {
    for (const id of this.shown?.marks.readProblems() ?? []) {
      const view = this.nodes?.views.get(id);
      if (view) this.#showProblem(id, view);
    }
    this.repaint();
  }

  /** @param {NodeId} id @param {NodeView} view */
  #showProblem(id, view) {
    const problem = this.shown?.marks.problems.get(id);
    view.showProblem(problem?.severity, problem?.message ?? "");
  }

  /** @param {ReadonlySet<string>} ids */
  #runChanged(ids) {
    if (this.shown?.marks.readPhases(ids) && this.isFar) this.repaint();
  }

  /* ------------------------------------------------------------------------------ moving about */

  /** @param {Point} point In client pixels. @returns {Point} In graph units. */
  toGraph(point) {
    return this.camera.toGraph(this.toView(point));
  }

  /** @param {Point} point In client pixels. @returns {Point} In view pixels. */
  toView({ x, y }) {
    const { left, top } = this.root.getBoundingClientRect();
    return { x: x - left, y: y - top };
  }

  /** @param {Point} point In graph units. @returns {Point} In client pixels. */
  toClient(point) {
    const { left, top } = this.root.getBoundingClientRect();
    const { x, y } = this.camera.toView(point);
    return { x: x + left, y: y + top };
  }

  /** Shows the selection whole, or all when nothing is selected. */
  fit() {
    const { shown } = this;
    const rect = shown && (shown.scene.boundsOf(shown.selection.nodes) ?? shown.scene.bounds());
    if (rect) this.glideTo(this.camera.fitting(rect));
  }

  /** @param {string | readonly NodeId[]} target An execution id ("57:3"), or nodes of the shown graph. */
  flyTo(target) {
    const tab = this.shown?.tab;
    if (!tab) return;
    let ids = typeof target === "string" ? [target] : target;
    if (typeof target === "string") {
      const path = target.split(":");
      ids = path.splice(-1);
      if (path.join(":") !== tab.graphPath.get().join(":")) tab.graphPath.set(path);
    }
    const rect = this.shown?.scene.boundsOf(ids);
    if (!rect) return;
    tab.selection.set({ nodes: new Set(ids), groups: new Set(), reroutes: new Set(), links: new Set() });
    this.glideTo(this.camera.fitting(rect, Math.max(this.camera.zoom, 0.8)));
  }

  /** Brings a node into view when it is not, at the zoom there is. @param {NodeId} id */
  reveal(id) {
    const rect = this.shown?.scene.nodes.get(id)?.rect;
    if (!rect || containsRect(this.camera.visible(), rect)) return;
    const { width, height, zoom } = this.camera;
    this.glideTo({
      x: rect.x + rect.width / 2 - width / 2 / zoom, y: rect.y + rect.height / 2 - height / 2 / zoom, zoom,
    });
  }

  /** @param {CameraState} state */
  glideTo(state) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.camera.set(state);
      return;
    }
    this.#flight = { from: this.camera.state, to: state, start: performance.now() };
    this.requestFrame();
  }

  /** Ends a flight where it is: the user took over. */
  land() {
    this.#flight = null;
  }

  /** @param {NodeId} id */
  nodeElement(id) {
    return this.nodes?.views.get(id)?.element;
  }

  /* ------------------------------------------------------------------------------------ frames */

  requestFrame() {
    this.scheduler.request();
  }

  /** Paints the canvas layers anew in the next frame. @param {boolean} [lookAround] Nodes may have come into view. */
  repaint(lookAround = false) {
    this.#dirty.paint = true;
    if (lookAround) this.nodes?.invalidate();
    this.requestFrame();
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
    this.requestFrame();
  }

  #cameraMoved() {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.#settled(), SETTLED_MS);
    this.requestFrame();
  }

  /** The camera came to rest: sharp again, and remembered. */
  #settled() {
    this.#keepCamera();
    if (this.camera.zoom !== this.ground.zoom) this.repaint();
  }

  #resize() {
    const { width, height } = this.root.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    this.camera.resize(width, height);
    this.ground.resize(this.camera, devicePixelRatio);
    this.repaint(true);
  }

  #themeChanged() {
    this.colors.read();
    this.repaint();
  }

  /** @param {number} now @returns {boolean} */
  #frame(now) {
    const flying = this.#fly(now);
    const { nodes, camera, shown } = this;
    if (!shown || !nodes || !shown.scene.exists) return false;
    const more = nodes.update(camera, this.isFar, now);
    this.#unmountLater(now);
    if (this.#needsPaint()) this.#paint(shown);
    if (this.#dirty.lift) {
      nodes.hang(this.lift, null);
      this.active.paint(this.#picture(shown), this.ground);
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

  /** @param {Shown} shown */
  #paint(shown) {
    const scaled = this.camera.zoom !== this.ground.zoom;
    this.ground.paint(this.#picture(shown));
    this.#dirty.paint = false;
    this.#dirty.lift ||= this.lift !== null || !this.elements.active.hidden;
    this.#paintedFar = this.isFar;
    const { area, zoom } = this.ground;
    const place = `translate(${area.x * zoom}px, ${area.y * zoom}px)`;
    this.elements.ground.style.transform = place;
    this.elements.active.style.transform = place;
    if (scaled) this.elements.world.style.transform = `scale(${zoom})`;
  }

  /** @param {Shown} shown @returns {import("./static_layer.js").Picture} */
  #picture({ tab, scene, marks, selection }) {
    return {
      scene,
      camera: this.camera,
      selection,
      style: this.linkStyle,
      lift: this.lift,
      far: this.isFar,
      titleOf: (shape) => titleOf({ app: this.app, tab, scene }, shape),
      outlineOf: (id) => marks.outlineOf(id, selection),
    };
  }

  /** The one transform a frame of panning or zooming writes. */
  #placePlane() {
    const { camera, ground } = this;
    const scale = camera.zoom / ground.zoom, ratio = ground.ratio;
    const x = Math.round(-camera.x * camera.zoom * ratio) / ratio;
    const y = Math.round(-camera.y * camera.zoom * ratio) / ratio;
    const transform = scale === 1 ? `translate(${x}px, ${y}px)` : `translate(${x}px, ${y}px) scale(${scale})`;
    if (transform === this.#planeTransform) return;
    this.#planeTransform = transform;
    this.elements.plane.style.transform = transform;
    this.#transformWrites += 1;
  }

  /** @param {number} now */
  #unmountLater(now) {
    clearTimeout(this.#unmountTimer);
    const delay = this.nodes?.nextUnmount(now);
    if (delay !== undefined) this.#unmountTimer = setTimeout(() => this.requestFrame(), delay);
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
      layouts: this.shown?.scene.layouts ?? 0,
      mounted: this.nodes?.views.size ?? 0,
      mounts: this.nodes?.mounts ?? 0,
      unmounts: this.nodes?.unmounts ?? 0,
      nodeMoves: this.nodes?.moves ?? 0,
    };
  }
}
