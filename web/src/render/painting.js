/**
 * Pieces both canvas layers paint: wires, boxes, dots, groups. All in graph units, on a context
 * whose transform is the camera's.
 */

/** @import { GroupRecord, Rect } from "../core/types.js" */
/** @import { BoxBatches } from "./box_batches.js" */
/** @import { Colors } from "./colors.js" */
/** @import { LinkBatches } from "./link_batches.js" */
/** @import { NodeShape } from "./scene.js" */

import { overlaps } from "../core/geometry.js";
import { HEADER_HEIGHT } from "../core/node_layout.js";

export const DOT_RADIUS = 5;
export const GROUP_TITLE_HEIGHT = 30;
const LINK_WIDTH = 2.2;
const MIN_LINK_PX = 0.9;
export const TITLE_PX = 11;
/** The title of a body, as the style sheet has it: its size, and what is left of it. */
const HEAD_PX = 13, HEAD_LEFT = 26;

/** @typedef {CanvasRenderingContext2D} Context */

/** Width of wires: they grow with the zoom, and never get too thin to see. @param {number} zoom */
export function linkWidth(zoom) {
  return Math.max(LINK_WIDTH, MIN_LINK_PX / zoom);
}

/** @param {Colors} colors @param {string} fill A theme variable or a colour of a file. */
export function fillOf(colors, fill) {
  return fill.startsWith("--") ? colors.get(fill) : fill;
}

/** @param {Context} context @param {LinkBatches} links @param {Colors} colors @param {number} zoom */
export function paintLinks(context, links, colors, zoom) {
  context.lineWidth = linkWidth(zoom);
  for (const batch of links.batches.values()) {
    context.strokeStyle = colors.get(batch.token);
    context.globalAlpha = batch.quiet ? 0.3 : 0.85;
    context.stroke(batch.path);
  }
  context.globalAlpha = 1;
}

/** @param {Context} context @param {BoxBatches} boxes @param {Colors} colors @param {number} zoom */
export function paintBoxes(context, boxes, colors, zoom) {
  for (const [fill, path] of boxes.bodies) {
    context.fillStyle = fillOf(colors, fill);
    context.fill(path);
  }
  for (const [fill, path] of boxes.headers) {
    context.fillStyle = fillOf(colors, fill);
    context.fill(path);
  }
  context.strokeStyle = colors.get("--node-border");
  context.lineWidth = Math.min(1, 0.6 / zoom);
  context.stroke(boxes.outlines);
}

/**
 * Titles on boxes, as large as they must be to be read from afar, cut where the box ends.
 * @param {Context} context
 * @param {readonly NodeShape[]} shapes
 * @param {Colors} colors
 * @param {number} zoom
 * @param {(shape: NodeShape) => string} titleOf
 */
export function paintTitles(context, shapes, colors, zoom, titleOf) {
  const size = TITLE_PX / zoom;
  context.font = `${size}px ${colors.get("--font")}`;
  context.fillStyle = colors.get("--text");
  context.textBaseline = "top";
  for (const shape of shapes) {
    const { x, y, width } = shape.rect;
    if (!showsTitle(shape.rect, zoom)) continue;
    const text = shortened(titleOf(shape), width / size);
    context.fillText(text, x + 0.35 * size, y + 0.25 * size);
  }
}

/**
 * Titles and fields of boxes near enough to be read, where the bodies that will cover them have
 * them.
 * @param {Context} context
 * @param {BoxBatches} boxes
 * @param {Rect} area What is painted.
 * @param {Colors} colors
 * @param {(shape: NodeShape) => string} titleOf
 */
export function paintHeads(context, { shapes, fields }, area, colors, titleOf) {
  context.fillStyle = colors.get("--field");
  context.fill(fields);
  context.font = `600 ${HEAD_PX}px ${colors.get("--font")}`;
  context.fillStyle = colors.get("--text");
  context.textBaseline = "middle";
  for (const shape of shapes) {
    const { x, y, width } = shape.rect;
    if (!overlaps(shape.rect, area)) continue;
    context.fillText(shortened(titleOf(shape), (width - HEAD_LEFT) / HEAD_PX), x + HEAD_LEFT, y + HEADER_HEIGHT / 2 + 1);
  }
}

/** Whether a box has room for its title. @param {Rect} rect @param {number} zoom */
export function showsTitle({ width, height }, zoom) {
  return width * zoom >= 36 && height * zoom >= TITLE_PX + 2;
}

/**
 * @param {string} text
 * @param {number} ems Room, in font sizes; a Latin letter takes about half of one.
 */
function shortened(text, ems) {
  let room = ems - 0.7;
  for (let at = 0; at < text.length; at += 1) {
    room -= widthOf(text.charCodeAt(at));
    if (room < 0) return `${text.slice(0, Math.max(at - 1, 1))}…`;
  }
  return text;
}

/** About how wide a letter is, in font sizes. @param {number} code */
function widthOf(code) {
  if (code > 0x2e80) return 1;
  return code >= 0x41 && code <= 0x5a ? 0.68 : 0.56;
}

/** Where texts are measured; made with the first. @type {CanvasRenderingContext2D | null | undefined} */
let ruler;

/**
 * How wide a text is: measured, or estimated where nothing can be drawn.
 * @param {string} text
 * @param {number} size of the font, in pixels
 * @param {number} [weight]
 * @returns {number} in pixels
 */
export function textWidth(text, size, weight = 400) {
  if (ruler === undefined && typeof document !== "undefined") ruler = document.createElement("canvas").getContext("2d");
  if (!ruler) return size * [...text].reduce((sum, letter) => sum + widthOf(letter.charCodeAt(0)), 0);
  ruler.font = `${weight} ${size}px ${fontFamily()}`;
  return ruler.measureText(text).width;
}

/** @type {string | undefined} */
let family;

function fontFamily() {
  return family ??= getComputedStyle(document.body).fontFamily;
}

/**
 * @param {Context} context
 * @param {GroupRecord} group
 * @param {Rect} rect Where it is shown; its own place unless it is dragged.
 * @param {Colors} colors
 * @param {number} zoom
 * @param {boolean} selected
 * @param {string} time What its nodes took in the last run; "" when nothing is to be said.
 */
export function paintGroup(context, group, rect, colors, zoom, selected, time) {
  const color = group.color ?? colors.get("--accent");
  context.fillStyle = color;
  context.globalAlpha = 0.1;
  context.fillRect(rect.x, rect.y, rect.width, rect.height);
  context.globalAlpha = 0.22;
  context.fillRect(rect.x, rect.y, rect.width, Math.min(GROUP_TITLE_HEIGHT, rect.height));
  context.globalAlpha = selected ? 1 : 0.55;
  context.strokeStyle = selected ? colors.get("--accent") : color;
  context.lineWidth = (selected ? 2 : 1) / Math.min(zoom, 1);
  context.strokeRect(rect.x, rect.y, rect.width, rect.height);
  context.globalAlpha = 1;
  paintGroupText(context, group, rect, colors, zoom, time);
}

/** @param {Context} context @param {GroupRecord} group @param {Rect} rect @param {Colors} colors @param {number} zoom @param {string} time */
function paintGroupText(context, group, rect, colors, zoom, time) {
  const size = Math.max(15, TITLE_PX / zoom);
  if (rect.width < 2 * size) return;
  context.fillStyle = colors.get("--text");
  context.font = `600 ${size}px ${colors.get("--font")}`;
  context.textBaseline = "middle";
  context.fillText(shortened(group.title, rect.width / size), rect.x + 10, rect.y + Math.max(GROUP_TITLE_HEIGHT, size) / 2);
  if (zoom < 0.4) return;
  context.fillStyle = colors.get("--text-dim");
  context.font = `12px ${colors.get("--font")}`;
  context.textAlign = "right";
  context.fillText(time, rect.x + rect.width - 10, rect.y + GROUP_TITLE_HEIGHT / 2);
  context.textAlign = "left";
}

/**
 * A dot on a wire.
 * @param {Context} context
 * @param {number} x @param {number} y
 * @param {string} color
 * @param {string} edge
 */
export function paintDot(context, x, y, color, edge) {
  context.beginPath();
  context.arc(x, y, DOT_RADIUS, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = edge;
  context.stroke();
}
