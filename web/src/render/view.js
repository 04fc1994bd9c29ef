/**
 * The canvas of the editor: shows one graph of one tab.
 */

/** @import { App, Selection, Tab, View } from "../app_types.js" */
/** @import { NodeId, Point } from "../core/types.js" */
/** @import { Lift } from "./lift.js" */
/** @import { LinkStyle } from "./link_geometry.js" */
/** @import { NodeView } from "./node_view.js" */
/** @import { CameraState } from "./camera.js" */
/** @import { Scene, SceneChange } from "./scene.js" */

import { containsRect } from "../core/geometry.js";
import { KeptLayers } from "./kept_layers.js";
import { Marks } from "./marks.js";
import { SMALL } from "./node_preview.js";
import { pictureOf } from "./picture.js";
import { sceneOf } from "./scenes.js";
import { Stage } from "./stage.js";
import { Thumbnails } from "./thumbnails.js";

export const LINK_STYLE_SETTING = "Tessera.Canvas.LinkStyle";

/** What is shown. @typedef {{ tab: Tab, scene: Scene, marks: Marks, selection: Selection }} Shown */

/** @implements {View} */
export class CanvasView {
  /** @type {Shown | null} */
  shown = null;
  /** Ends the subscriptions of what is shown. */
  #leave = new AbortController();
  /** Ends the subscription to the path of the tab. */
  #leaveTab = () => {};

  /** @param {App} app @param {HTMLElement} element */
  constructor(app, element) {
    this.app = app;
    this.stage = new Stage(element);
    this.stage.picture = () => pictureOf(this);
    this.stage.onSettled = () => this.#keepCamera();
    this.layers = new KeptLayers(this.stage.elements.world);
    this.thumbnails = new Thumbnails((file) => app.api.viewUrl(file, SMALL), () => this.isFar && this.repaint());
    app.catalogue.subscribe((catalogue) => this.shown?.scene.setCatalogue(catalogue));
    app.settings.subscribe(LINK_STYLE_SETTING, () => this.repaint());
    app.tabs.list.subscribe((open) => this.layers.retain(open));
    app.i18n.language.subscribe(() => {
      this.layers.retain([]);
      this.#show();
    });
  }

  get root() {
    return this.stage.elements.root;
  }

  focus() {
    this.root.focus({ preventScroll: true });
  }

  get camera() {
    return this.stage.camera;
  }

  get overlay() {
    return this.stage.overlay;
  }

  /** Bodies of nodes in the page; null while nothing is shown. */
  get nodes() {
    return this.stage.nodes;
  }

  get isFar() {
    return this.stage.isFar;
  }

  /** @returns {LinkStyle} */
  get linkStyle() {
    return this.app.settings.get(LINK_STYLE_SETTING);
  }

  /** @param {Tab | null} tab */
  setTab(tab) {
    this.#leaveTab();
    this.#leaveGraph(true);
    if (!tab) return;
    this.#leaveTab = tab.graphPath.subscribe(() => {
      // The same ids mean other nodes in another graph.
      tab.selection.set({ nodes: new Set(), groups: new Set(), reroutes: new Set(), links: new Set() });
      this.#show(tab);
    });
    this.#show(tab);
  }

  /** Shows the graph the tab's path leads to. @param {Tab} [tab] */
  #show(tab = this.shown?.tab) {
    if (!tab) return;
    this.#leaveGraph();
    this.root.setAttribute("aria-label", this.app.i18n.t("canvas.label"));
    const scene = sceneOf(tab.doc, tab.graphId(), this.app.catalogue.get());
    scene.setFittings((/** @type {NodeId} */ id) => this.app.extensions.fittingOf(tab, scene.graphId, id));
    this.shown = { tab, scene, marks: new Marks(tab), selection: tab.selection.get() };
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    this.stage.set(this.layers.of({ app: this.app, tab, scene }));
    if (this.nodes) this.nodes.onMount = (view) => this.#mounted(view);
    scene.onChange = (/** @type {SceneChange} */ change) => {
      this.nodes?.refresh(change.nodes, change.geometry);
      if (change.geometry) this.repaint(true);
    };
    for (const stop of [
      tab.selection.subscribe((selection) => this.#select(selection)),
      tab.problems.subscribe(() => this.#showProblems()),
      tab.run.subscribeAll((ids) => this.#runChanged(ids)),
      this.app.extensions.onFitting((of, graphId, id) => { if (of === tab && graphId === scene.graphId) scene.refit(id); }),
    ]) signal.addEventListener("abort", stop);
    this.camera.set(this.#startingCamera(tab, scene));
    this.root.dispatchEvent(new CustomEvent("graphshown"));
    this.repaint(true);
  }

  /** Where the camera was left; for a graph that was never looked at, all of it. @param {Tab} tab @param {Scene} scene */
  #startingCamera(tab, scene) {
    const kept = tab.camera(scene.graphId).get();
    const bounds = kept.x === 0 && kept.y === 0 && kept.zoom === 1 ? scene.bounds() : undefined;
    return bounds ? this.camera.keepWhole(bounds) : kept;
  }

  /** @param {boolean} [keep] Its nodes are shown again, as they are. */
  #leaveGraph(keep = false) {
    this.#leave.abort();
    const { shown, nodes } = this;
    if (!shown || !nodes) return;
    this.#keepCamera();
    shown.scene.onChange = () => {};
    this.stage.set(null);
    this.shown = null;
    if (keep) this.layers.keep(nodes);
    else nodes.clear();
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
    const { lift } = this.stage;
    if (lift?.nodes.has(id)) view.hang(lift);
    this.#showProblem(id, view);
    view.showHeat(shown.marks.seconds);
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
    const painted = this.isFar || (this.shown?.scene.graph.groups.size ?? 0) > 0;
    if (!this.shown?.marks.readRuns(ids)) return;
    for (const view of this.nodes?.views.values() ?? []) view.showHeat(this.shown.marks.seconds);
    if (painted) this.repaint();
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
    if (rect) this.glideTo(this.camera.keepWhole(rect));
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
    this.stage.glideTo(state);
  }

  /** Ends a flight where it is: the user took over. */
  land() {
    this.stage.land();
  }

  /** @param {NodeId} id */
  nodeElement(id) {
    return this.nodes?.views.get(id)?.element;
  }

  /* ------------------------------------------------------------------------------------ frames */

  requestFrame() {
    this.stage.scheduler.request();
  }

  /** Paints the canvas layers anew in the next frame. @param {boolean} [lookAround] Nodes may have come into view. */
  repaint(lookAround = false) {
    this.stage.repaint(lookAround);
  }

  /** @param {Lift | null} lift */
  setLift(lift) {
    this.stage.setLift(lift);
  }

  /** What is held was moved. */
  liftMoved() {
    this.stage.liftMoved();
  }

  /** @param {() => void} listener Told after each frame. */
  onFrame(listener) {
    this.stage.frameListeners.add(listener);
  }

  /** Counters for tests: all but `mounted` grow only. */
  stats() {
    return { ...this.stage.stats(), layouts: this.shown?.scene.layouts ?? 0 };
  }
}
