/**
 * The canvas for what is held in the air: its wires, boxes, dots and groups. It lies over the
 * static layer, covers the view, and is painted only during drags.
 */

/** @import { Colors } from "./colors.js" */
/** @import { Lift } from "./lift.js" */
/** @import { Camera } from "./camera.js" */
/** @import { Picture } from "./static_layer.js" */

import { HEADER_HEIGHT } from "../core/node_layout.js";
import { bodyFill, headerFill } from "./box_batches.js";
import { traceLink } from "./link_geometry.js";
import { fillOf, linkWidth, paintDot, paintGroup } from "./painting.js";
import { dotTypes } from "./static_layer.js";
import { typeStyle } from "./type_style.js";

export class ActiveLayer {
  /** @param {HTMLCanvasElement} canvas @param {Colors} colors */
  constructor(canvas, colors) {
    this.canvas = canvas;
    this.colors = colors;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** Paintings and wires drawn so far: counters for tests. */
    this.paints = 0;
    this.links = 0;
    canvas.hidden = true;
  }

  /**
   * @param {Picture} picture
   * @param {number} ratio Device pixels per CSS pixel.
   * @param {number} base Zoom the layer is placed for; it is stretched from there as the others are.
   */
  paint(picture, ratio, base) {
    const { lift, camera } = picture;
    this.canvas.hidden = lift === null;
    if (!lift) return;
    this.paints += 1;
    this.#clear(camera, ratio);
    const { zoom } = camera;
    this.context.setTransform(ratio * zoom, 0, 0, ratio * zoom, -camera.x * zoom * ratio, -camera.y * zoom * ratio);
    this.canvas.style.transform = `translate(${camera.x * base}px, ${camera.y * base}px) scale(${base / zoom})`;
    this.#paintGroups(picture, lift);
    this.#paintLinks(picture, lift);
    this.#paintDots(picture, lift);
    this.#paintBoxes(picture, lift);
  }

  /** @param {Camera} camera @param {number} ratio */
  #clear(camera, ratio) {
    const { canvas, context } = this;
    const width = Math.round(camera.width * ratio), height = Math.round(camera.height * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${camera.width}px`;
      canvas.style.height = `${camera.height}px`;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
  }

  /** @param {Picture} picture @param {Lift} lift */
  #paintGroups({ scene, camera, timeOf }, lift) {
    for (const id of lift.groups) {
      const group = scene.graph.groups.get(id);
      if (!group) continue;
      const rect = { ...group, x: group.x + lift.dx, y: group.y + lift.dy };
      paintGroup(this.context, group, rect, this.colors, camera.zoom, true, timeOf(group));
    }
  }

  /** @param {Picture} picture @param {Lift} lift */
  #paintLinks({ scene, camera, style }, lift) {
    this.context.lineWidth = linkWidth(camera.zoom) * 1.3;
    for (const id of lift.links) {
      const link = scene.links.get(id);
      if (!link) continue;
      this.context.strokeStyle = this.colors.get(link.token);
      this.context.beginPath();
      traceLink(this.context, lift.pointsOf(link), style);
      this.context.stroke();
      this.links += 1;
    }
  }

  /** @param {Picture} picture @param {Lift} lift */
  #paintDots({ scene }, lift) {
    if (lift.reroutes.size === 0) return;
    const types = dotTypes(scene);
    for (const id of lift.reroutes) {
      const dot = scene.graph.reroutes.get(id);
      if (!dot) continue;
      const color = this.colors.get(typeStyle(types.get(id) ?? "*").token);
      paintDot(this.context, dot.x + lift.dx, dot.y + lift.dy, color, this.colors.get("--text"));
    }
  }

  /** Boxes of held nodes, for those whose body is not mounted. @param {Picture} picture @param {Lift} lift */
  #paintBoxes({ scene, camera }, lift) {
    for (const id of lift.nodes) {
      const shape = scene.nodes.get(id);
      if (!shape) continue;
      const x = shape.rect.x + lift.dx, y = shape.rect.y + lift.dy;
      const { width, height } = shape.rect;
      this.context.fillStyle = fillOf(this.colors, bodyFill(shape.record));
      this.context.fillRect(x, y, width, height);
      this.context.fillStyle = fillOf(this.colors, headerFill(shape.record));
      this.context.fillRect(x, y, width, Math.min(HEADER_HEIGHT, height));
      this.context.strokeStyle = this.colors.get("--accent");
      this.context.lineWidth = 1.5 / camera.zoom;
      this.context.strokeRect(x, y, width, height);
    }
  }
}
