/**
 * The whole graph, small. Its picture is painted when the graph changes; while the camera moves
 * only the frame of the view is placed anew.
 */

/** @import { Rect } from "../core/types.js" */
/** @import { CanvasView } from "./view.js" */

import { boundsOf } from "../core/geometry.js";
import { bodyFill, headerFill } from "./box_batches.js";
import { make } from "./dom.js";
import { Mover } from "./mover.js";
import { fillOf } from "./painting.js";

const WIDTH = 208;
const HEIGHT = 140;
const PADDING = 8;
const REPAINT_MS = 120;
/** The map's own border, both sides of it. */
const EDGE = 2;
/** How wide the lines of the frame are; the style sheet says the same. */
const LINE = 2;
/** So small a frame can still be seen. */
const LEAST_FRAME = 4;
/** In a smaller view, in pixels, it would lie on what it shows. */
const LEAST_VIEW = { width: 560, height: 360 };

export class Minimap {
  /** @param {CanvasView} view @param {string} label */
  constructor(view, label) {
    this.view = view;
    this.element = make("div", "canvas-minimap");
    this.element.hidden = true;
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", label);
    this.canvas = make("canvas", "");
    const edges = ["across", "across", "down", "down"].map((way) => make("div", `canvas-minimap-edge ${way}`));
    this.element.append(this.canvas, ...edges);
    view.root.append(this.element);
    this.isWanted = true;
    /** Paintings so far: a counter for tests. */
    this.paints = 0;
    const nothing = /** @type {object | null} */ (null);
    this.painted = { scene: nothing, version: -1, selection: nothing, colors: nothing };
    this.map = { x: 0, y: 0, scale: 1 };
    /** Of the frame's edges: top, bottom, left, right. They are stretched, for a new size would be laid out. */
    this.movers = edges.map((edge) => new Mover(edge));
    this.timer = 0;
    this.element.addEventListener("pointerdown", (event) => this.#press(event));
    view.onFrame(() => this.#frame());
  }

  /** @param {boolean} shown */
  show(shown) {
    this.isWanted = shown;
    this.painted.version = -1;
    this.view.requestFrame();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0) return;
    event.stopPropagation();
    const go = (/** @type {PointerEvent} */ at) => this.#centreOn(at);
    const { signal, end } = stopper();
    this.element.setPointerCapture(event.pointerId);
    this.element.addEventListener("pointermove", go, { signal });
    this.element.addEventListener("pointerup", end, { signal });
    this.element.addEventListener("pointercancel", end, { signal });
    go(event);
  }

  /** @param {PointerEvent} event */
  #centreOn(event) {
    const { left, top } = this.element.getBoundingClientRect();
    const { camera } = this.view;
    const x = (event.clientX - left) / this.map.scale + this.map.x;
    const y = (event.clientY - top) / this.map.scale + this.map.y;
    this.view.land();
    camera.set({ x: x - camera.width / camera.zoom / 2, y: y - camera.height / camera.zoom / 2, zoom: camera.zoom });
  }

  /** Shown when it is wanted and there is room; what lies beside the canvas may have to know. */
  #makeRoom() {
    const { camera: { width, height }, root } = this.view;
    const isShown = this.isWanted && width >= LEAST_VIEW.width && height >= LEAST_VIEW.height;
    if (this.element.hidden !== isShown) return;
    this.element.hidden = !isShown;
    root.parentElement?.classList.toggle("with-minimap", isShown);
  }

  #frame() {
    this.#makeRoom();
    const { shown, stage: { colors } } = this.view;
    if (this.element.hidden || !shown) return;
    const { scene, selection } = shown;
    const { painted } = this;
    if (painted.scene !== scene || painted.colors !== colors.values) this.#paint();
    else if ((painted.version !== scene.version || painted.selection !== selection) && this.timer === 0) this.timer = window.setTimeout(() => this.#paint(), REPAINT_MS);
    this.#placeFrame();
  }

  #paint() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { shown, stage: { colors } } = this.view;
    if (!shown?.scene.exists) return;
    const { scene, selection } = shown;
    this.painted = { scene, version: scene.version, selection, colors: colors.values };
    this.paints += 1;
    const ratio = devicePixelRatio;
    this.canvas.width = WIDTH * ratio;
    this.canvas.height = HEIGHT * ratio;
    this.canvas.style.width = `${WIDTH}px`;
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.map = mapping(scene.bounds() ?? this.view.camera.visible());
    const { x, y, scale } = this.map;
    context.setTransform(ratio * scale, 0, 0, ratio * scale, -x * scale * ratio, -y * scale * ratio);
    for (const group of scene.graph.groups.values()) {
      context.globalAlpha = 0.25;
      context.fillStyle = group.color ?? colors.get("--accent");
      context.fillRect(group.x, group.y, group.width, group.height);
    }
    context.globalAlpha = 1;
    for (const { record, rect } of scene.nodes.values()) {
      const fill = record.color === undefined && record.bgcolor === undefined ? "--node-border" : record.color ? headerFill(record) : bodyFill(record);
      context.fillStyle = fillOf(colors, selection.nodes.has(record.id) ? "--accent" : fill);
      context.fillRect(rect.x, rect.y, Math.max(rect.width, 1.5 / scale), Math.max(rect.height, 1.5 / scale));
    }
    this.#placeFrame();
  }

  #placeFrame() {
    const view = this.view.camera.visible();
    const { x, y, scale } = this.map;
    const [left, across] = onMap((view.x - x) * scale, view.width * scale, WIDTH - EDGE);
    const [top, down] = onMap((view.y - y) * scale, view.height * scale, HEIGHT - EDGE);
    const wide = `scale(${across / (WIDTH - EDGE)}, 1)`, high = `scale(1, ${down / (HEIGHT - EDGE)})`;
    const places = [
      `translate(${left}px, ${top}px) ${wide}`, `translate(${left}px, ${top + down - LINE}px) ${wide}`,
      `translate(${left}px, ${top}px) ${high}`, `translate(${left + across - LINE}px, ${top}px) ${high}`,
    ];
    this.movers.forEach((mover, index) => mover.write(places[index] ?? "none"));
  }
}

/** How graph units become pixels of the map. @param {Rect | undefined} bounds */
function mapping(bounds) {
  const all = /** @type {Rect} */ (boundsOf([bounds ?? { x: 0, y: 0, width: 1000, height: 700 }]));
  const scale = Math.min((WIDTH - 2 * PADDING) / all.width, (HEIGHT - 2 * PADDING) / all.height, 0.2);
  return {
    x: all.x + all.width / 2 - WIDTH / 2 / scale,
    y: all.y + all.height / 2 - HEIGHT / 2 / scale,
    scale,
  };
}

/**
 * The part of a line that is on the map, so that its frame is closed also where it leaves it.
 * @param {number} from
 * @param {number} length
 * @param {number} room
 * @returns {[number, number]} where it begins and how long it is, in whole pixels
 */
export function onMap(from, length, room) {
  const start = Math.min(Math.max(Math.round(from), 0), room - LEAST_FRAME);
  const end = Math.max(Math.min(Math.round(from + length), room), start + LEAST_FRAME);
  return [start, end - start];
}

function stopper() {
  const abort = new AbortController();
  return { signal: abort.signal, end: () => abort.abort() };
}
