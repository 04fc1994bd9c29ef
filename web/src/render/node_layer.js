/**
 * Mounts the bodies of nodes near the view and takes away those that left it. Only a few a frame,
 * and none while the view rushes: until then the boxes of the static layer stand in their places.
 */

/** @import { Selection } from "../app_types.js" */
/** @import { NodeId, Rect } from "../core/types.js" */
/** @import { Camera } from "./camera.js" */
/** @import { Lift } from "./lift.js" */
/** @import { NodeEnvironment } from "./node_rows.js" */
/** @import { PaceName } from "./pace.js" */
/** @import { NodeShape } from "./scene.js" */

import { containsRect, overlaps } from "../core/geometry.js";
import { NodeView } from "./node_view.js";
import { Pace } from "./pace.js";

/** Of the view's size, on each side; in graph units at most MAX_OVERSCAN. */
const OVERSCAN = 0.25;
const MAX_OVERSCAN = 600;
/**
 * How many nodes are mounted in a frame, and after what time no further one is begun. The browser's
 * work after any change is about as much again whether one node came or ten: a few full frames cost
 * less than many with one node, and where nothing moves nobody sees a long one.
 * @type {Readonly<Record<Exclude<PaceName, "rushing">, { most: number, ms: number }>>}
 */
const MOUNTS = { moving: { most: 16, ms: 16 }, still: { most: 40, ms: 25 } };
/** What is mounted at once when a graph is opened. */
const FIRST_MOUNTS = 30;
/** Share of the overscan that is used up before the next look around. */
const USED = 0.75;
const UNMOUNT_AFTER_MS = 250;
/** Mounted nodes beyond what is near, as a share: more are pruned at once. */
const SLACK = 1.5;

export class NodeLayer {
  /** @param {HTMLElement} world @param {NodeEnvironment} environment */
  constructor(world, environment) {
    this.world = world;
    this.environment = environment;
    this.path = environment.tab.graphPath.get();
    /** @type {Map<NodeId, NodeView>} */
    this.views = new Map();
    /** Taken out of the page when the tab was left, to be put back as they are. @type {Map<NodeId, NodeView>} */
    this.parked = new Map();
    this.parkedVersion = -1;
    /** Nodes that stay whatever the camera does. @type {Set<NodeId>} */
    this.pins = new Set();
    /** @type {Map<NodeId, number>} When each left the surroundings, in ms. */
    this.leaving = new Map();
    /** What the mounted set was made for. @type {Rect | null} */
    this.near = null;
    this.pace = new Pace();
    this.first = true;
    this.mounts = 0;
    /** Bodies made, of those mounted. */
    this.built = 0;
    this.unmounts = 0;
    this.moves = 0;
    /** @type {(view: NodeView) => void} */
    this.onMount = () => {};
  }

  /** Makes the next update look around again. */
  invalidate() {
    this.near = null;
  }

  /**
   * @param {Camera} camera
   * @param {boolean} far Nothing is mounted but what is in use.
   * @param {number} now ms
   * @returns {boolean} Whether more is to be mounted in a further frame.
   */
  update(camera, far, now) {
    const visible = camera.visible();
    const pace = this.pace.next(camera.state, now);
    if (!far && this.near && containsRect(this.near, visible) && this.near.width < 2 * visible.width) {
      // While the view moves, leaving nodes wait for the next look around.
      if (pace === "still") this.#prune(now, 0);
      return false;
    }
    if (pace === "rushing" && !far && !this.first) return true;
    const near = far ? null : overscanned(visible);
    const wanted = near ? this.environment.scene.nodeGrid.query(near) : new Set();
    for (const id of this.#pinned()) wanted.add(id);
    const room = this.#mount(wanted, visible, pace === "still" ? MOUNTS.still : MOUNTS.moving);
    this.#schedule(wanted, now);
    this.#prune(now, far ? 0 : wanted.size * SLACK + 20, far);
    this.first = false;
    // Most of the overscan may be used up before looking around again: then more come at once.
    this.near = room ? near && shrunk(near, visible) : null;
    return !room;
  }

  /**
   * @param {Set<NodeId>} wanted
   * @param {Rect} visible
   * @param {{ most: number, ms: number }} budget
   * @returns {boolean} Whether all are mounted.
   */
  #mount(wanted, visible, budget) {
    const { nodes } = this.environment.scene;
    const missing = [...wanted].filter((id) => !this.views.has(id) && nodes.has(id));
    const limit = this.first ? FIRST_MOUNTS : budget.most;
    if (missing.length > limit) {
      const seen = (/** @type {NodeId} */ id) => Number(overlaps(/** @type {any} */ (nodes.get(id)).rect, visible));
      missing.sort((a, b) => seen(b) - seen(a));
    }
    const start = performance.now();
    let mounted = 0;
    for (const id of missing.slice(0, limit)) {
      if (!this.first && mounted > 0 && performance.now() - start > budget.ms) break;
      this.#mountOne(id);
      mounted += 1;
    }
    return mounted === missing.length;
  }

  /** A node that is to be written in has its body at once. @param {NodeId} id @returns {NodeView | undefined} */
  mountNow(id) {
    if (!this.views.has(id)) this.#mountOne(id);
    return this.views.get(id);
  }

  /** @param {NodeId} id */
  #mountOne(id) {
    const shape = this.environment.scene.nodes.get(id);
    if (!shape) return;
    const view = this.#unpark(shape) ?? this.#build(shape);
    this.views.set(id, view);
    this.world.append(view.element);
    this.mounts += 1;
    this.onMount(view);
  }

  /** @param {NodeShape} shape */
  #build(shape) {
    this.built += 1;
    return new NodeView(this.environment, shape);
  }

  /** The body a node had when its tab was left, as the node is now. @param {NodeShape} shape */
  #unpark(shape) {
    const { id } = shape.record;
    const view = this.parked.get(id);
    this.parked.delete(id);
    if (view && (view.shape !== shape || this.environment.scene.version !== this.parkedVersion)) view.update(shape);
    return view;
  }

  /** @param {Set<NodeId>} wanted @param {number} now */
  #schedule(wanted, now) {
    for (const id of this.views.keys()) {
      if (wanted.has(id)) this.leaving.delete(id);
      else if (!this.leaving.has(id)) this.leaving.set(id, now);
    }
  }

  /**
   * @param {number} now
   * @param {number} most Beyond this many views those leaving go at once; 0: only those due.
   * @param {boolean} [all] Whatever is leaving goes.
   */
  #prune(now, most, all = false) {
    const crowded = all || (most > 0 && this.views.size > most);
    for (const [id, since] of this.leaving) {
      if (crowded || now - since >= UNMOUNT_AFTER_MS) this.unmount(id);
    }
  }

  /** When the next view is due to go, in ms from `now`; undefined when none is. @param {number} now */
  nextUnmount(now) {
    const since = this.leaving.values().next().value;
    return since === undefined ? undefined : Math.max(0, since + UNMOUNT_AFTER_MS - now) + 1;
  }

  /** @param {NodeId} id */
  unmount(id) {
    this.leaving.delete(id);
    const view = this.views.get(id);
    if (!view) return;
    this.views.delete(id);
    view.dispose();
    this.unmounts += 1;
  }

  /** @returns {Set<NodeId>} */
  #pinned() {
    const pinned = new Set(this.pins);
    for (const [id, view] of this.views) if (view.isInUse) pinned.add(id);
    return pinned;
  }

  /** Writes changed records into what is mounted. @param {ReadonlySet<NodeId>} ids @param {boolean} moved Nodes may have got or lost room. */
  refresh(ids, moved) {
    const { nodes } = this.environment.scene;
    for (const id of ids) {
      this.#forget(id);
      const view = this.views.get(id);
      const shape = nodes.get(id);
      if (!view) continue;
      if (!shape || shape.record.type !== view.shape.record.type) this.unmount(id);
      else view.update(shape);
    }
    if (!moved) return;
    for (const view of this.views.values()) if (!view.preview.element.hidden) view.placePreview();
  }

  /** @param {Lift | null} lift @param {Lift | null} before */
  hang(lift, before) {
    for (const id of new Set([...(lift?.nodes ?? []), ...(before?.nodes ?? [])])) {
      const view = this.views.get(id);
      if (!view) continue;
      view.hang(lift);
      this.moves += 1;
    }
  }

  /** What is held was moved. @param {Lift} lift */
  sway(lift) {
    for (const id of lift.nodes) {
      const view = this.views.get(id);
      if (!view) continue;
      view.sway(lift);
      this.moves += 1;
    }
  }

  /** @param {Selection} selection @param {Selection} before */
  select(selection, before) {
    for (const id of before.nodes) if (!selection.nodes.has(id)) this.views.get(id)?.select(false);
    for (const id of selection.nodes) if (!before.nodes.has(id)) this.views.get(id)?.select(true);
  }

  /** Leaves the page for a while: what is used there ends, such as a video or what is being typed. */
  park() {
    for (const [id, view] of this.views) {
      if (view.isInUse || view.hasMedia) continue;
      view.element.remove();
      this.parked.set(id, view);
      this.views.delete(id);
    }
    this.parkedVersion = this.environment.scene.version;
    this.#leave();
  }

  /** Whether what is parked is what would be made. @param {NodeEnvironment} environment */
  isOf({ tab, scene }) {
    return tab === this.environment.tab && tab.graphPath.get() === this.path
      && scene === this.environment.scene && scene.version === this.parkedVersion;
  }

  clear() {
    for (const id of [...this.parked.keys()]) this.#forget(id);
    this.#leave();
  }

  #leave() {
    for (const id of [...this.views.keys()]) this.unmount(id);
    this.leaving.clear();
    this.pins.clear();
    this.first = true;
    this.near = null;
  }

  /** @param {NodeId} id */
  #forget(id) {
    this.parked.get(id)?.dispose();
    this.parked.delete(id);
  }
}

/** @param {Rect} visible @returns {Rect} */
function overscanned({ x, y, width, height }) {
  const dx = Math.min(width * OVERSCAN, MAX_OVERSCAN), dy = Math.min(height * OVERSCAN, MAX_OVERSCAN);
  return { x: x - dx, y: y - dy, width: width + 2 * dx, height: height + 2 * dy };
}

/** The rectangle USED of the way from the inner to the outer. @param {Rect} outer @param {Rect} inner @returns {Rect} */
function shrunk(outer, inner) {
  /** @param {"x" | "y" | "width" | "height"} side */
  const at = (side) => inner[side] + USED * (outer[side] - inner[side]);
  return { x: at("x"), y: at("y"), width: at("width"), height: at("height") };
}
