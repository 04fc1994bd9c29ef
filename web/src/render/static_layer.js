/**
 * The canvas under the nodes: ground, groups, wires, dots, and boxes for nodes that are far away.
 * It is larger than the view by a margin; panning within the margin moves it and paints nothing.
 */

/** @import { GroupRecord, NodeId, Rect } from "../core/types.js" */
/** @import { Camera } from "./camera.js" */
/** @import { Colors } from "./colors.js" */
/** @import { Lift } from "./lift.js" */
/** @import { LinkStyle } from "./link_geometry.js" */
/** @import { NodeShape, Scene } from "./scene.js" */
/** @import { Selection } from "../app_types.js" */

import { overlaps } from "../core/geometry.js";
import { BoxBatches } from "./box_batches.js";
import { paintHeat, paintThumbnails } from "./far_pictures.js";
import { Ground } from "./ground.js";
import { LinkBatches } from "./link_batches.js";
import { traceLink } from "./link_geometry.js";
import { linkWidth, paintBoxes, paintDot, paintGroup, paintHeads, paintLinks, paintTitles } from "./painting.js";
import { typeStyle } from "./type_style.js";

/** Of the view's size, on each side. */
const MARGIN = 0.2;
/** Beyond this many, wires of selected nodes are not drawn once more on top. */
const MAX_EMPHASISED = 400;

/** What a frame shows. @typedef {object} Picture
 * @property {Scene} scene
 * @property {Camera} camera
 * @property {Selection} selection
 * @property {LinkStyle} style
 * @property {Lift | null} lift
 * @property {boolean} far Node bodies are not mounted; boxes and titles stand for them.
 * @property {(shape: NodeShape) => string} titleOf
 * @property {(id: NodeId) => string | null} outlineOf A theme variable, or null.
 * @property {(shape: NodeShape) => number} heatOf Share of the run's time, 0 to 1.
 * @property {(shape: NodeShape) => ImageBitmap | null | undefined} thumbnailOf Null: not there yet; undefined: none.
 * @property {(group: GroupRecord) => string} timeOf What the nodes of a group took; "" for nothing.
 */

export class StaticLayer {
  /** @param {HTMLCanvasElement} canvas @param {Colors} colors */
  constructor(canvas, colors) {
    this.canvas = canvas;
    this.colors = colors;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.ground = new Ground();
    this.links = new LinkBatches();
    this.boxes = new BoxBatches();
    /** Paintings so far: a counter for tests. */
    this.paints = 0;
    /** What is painted, in graph units. @type {Rect} */
    this.area = { x: 0, y: 0, width: 0, height: 0 };
    this.zoom = 0;
    this.ratio = 1;
  }

  /** @param {Camera} camera @param {number} ratio Device pixels per CSS pixel. */
  resize(camera, ratio) {
    this.ratio = ratio;
    const width = Math.ceil(camera.width * (1 + 2 * MARGIN)), height = Math.ceil(camera.height * (1 + 2 * MARGIN));
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.zoom = 0;
  }

  /** Whether the view is inside what is painted, at a scale near enough. @param {Camera} camera */
  covers(camera) {
    if (this.zoom === 0) return false;
    const { x, y, width, height } = camera.visible();
    const slack = 1 / camera.zoom;
    return x >= this.area.x - slack && y >= this.area.y - slack
      && x + width <= this.area.x + this.area.width + slack
      && y + height <= this.area.y + this.area.height + slack;
  }

  /** @param {Picture} picture */
  paint(picture) {
    const { camera, scene, lift } = picture;
    const { zoom } = camera;
    const width = this.canvas.width / this.ratio, height = this.canvas.height / this.ratio;
    // Whole device pixels, so that wires stay sharp however the layer is placed.
    const x = Math.round((camera.x * zoom - camera.width * MARGIN) * this.ratio) / this.ratio / zoom;
    const y = Math.round((camera.y * zoom - camera.height * MARGIN) * this.ratio) / this.ratio / zoom;
    this.area = { x, y, width: width / zoom, height: height / zoom };
    this.zoom = zoom;
    this.paints += 1;
    this.links.update(scene, this.area, picture.style, lift);
    this.boxes.update(scene, this.area, lift, picture.far);
    const { context, ratio } = this;
    this.ground.paint(context, { x, y, zoom }, this.colors, ratio);
    context.setTransform(ratio * zoom, 0, 0, ratio * zoom, -x * zoom * ratio, -y * zoom * ratio);
    this.#paintGroups(picture);
    paintLinks(context, this.links, this.colors, zoom);
    this.#emphasise(picture);
    this.#paintDots(picture);
    paintBoxes(context, this.boxes, this.colors, zoom);
    if (!picture.far) {
      paintHeads(context, this.boxes, this.area, this.colors, picture.titleOf);
      return;
    }
    paintHeat(context, this.boxes.shapes, this.colors, picture.heatOf);
    paintThumbnails(context, this.boxes.shapes, this.area, zoom, picture.thumbnailOf);
    this.#outline(picture);
    paintTitles(context, this.boxes.shapes, this.colors, zoom, picture.titleOf);
  }

  /** Larger groups first, so that those inside are seen. @param {Picture} picture */
  #paintGroups({ scene, selection, lift, camera, timeOf }) {
    const groups = [...scene.graph.groups.values()]
      .filter((group) => !lift?.groups.has(group.id) && overlaps(group, this.area))
      .sort((a, b) => b.width * b.height - a.width * a.height);
    for (const group of groups) {
      paintGroup(this.context, group, group, this.colors, camera.zoom, selection.groups.has(group.id), timeOf(group));
    }
  }

  /** Draws the wires of what is selected once more, wider. @param {Picture} picture */
  #emphasise({ scene, selection, lift, style, camera }) {
    const ids = new Set(selection.links);
    for (const node of selection.nodes) {
      for (const link of scene.graph.linksOf(node)) ids.add(link.id);
      if (ids.size > MAX_EMPHASISED) return;
    }
    this.context.lineWidth = linkWidth(camera.zoom) * 1.7;
    for (const id of ids) {
      const link = scene.links.get(id);
      if (!link || lift?.links.has(id)) continue;
      this.context.strokeStyle = this.colors.get(selection.links.has(id) ? "--accent" : link.token);
      this.context.beginPath();
      traceLink(this.context, link.points, style);
      this.context.stroke();
    }
  }

  /** @param {Picture} picture */
  #paintDots({ scene, selection, lift, camera }) {
    if (camera.zoom < 0.15) return;
    const types = dotTypes(scene);
    for (const dot of scene.graph.reroutes.values()) {
      if (lift?.reroutes.has(dot.id)) continue;
      const color = this.colors.get(typeStyle(types.get(dot.id) ?? "*").token);
      const edge = this.colors.get(selection.reroutes.has(dot.id) ? "--text" : "--canvas");
      paintDot(this.context, dot.x, dot.y, color, edge);
    }
  }

  /** Frames of boxes that are selected, running or failed. @param {Picture} picture */
  #outline({ outlineOf, camera }) {
    const width = 2 / camera.zoom;
    this.context.lineWidth = width;
    for (const { record, rect } of this.boxes.shapes) {
      const token = outlineOf(record.id);
      if (!token) continue;
      this.context.strokeStyle = this.colors.get(token);
      this.context.strokeRect(rect.x - width / 2, rect.y - width / 2, rect.width + width, rect.height + width);
    }
  }
}

/** Type of the wire through each dot. @param {Scene} scene @returns {Map<string, string>} */
export function dotTypes(scene) {
  const types = new Map();
  if (scene.graph.reroutes.size === 0) return types;
  for (const link of scene.graph.links.values()) {
    for (const id of link.reroutes ?? []) types.set(id, link.type);
  }
  return types;
}
