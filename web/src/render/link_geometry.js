/**
 * The course of a wire: through its points (source, dots, target), as curves, straight lines or
 * right angles. Points are flat lists x0, y0, x1, y1, … in graph units.
 */

/** @import { LinkRecord, Rect } from "../core/types.js" */
/** @import { Scene } from "./scene.js" */

import { curveReach, MIN_REACH } from "../core/geometry.js";

/** @typedef {"curve" | "straight" | "angle"} LinkStyle */
/** What a Path2D and a drawing context have in common here.
 * @typedef {{ moveTo(x: number, y: number): void, lineTo(x: number, y: number): void,
 *   bezierCurveTo(a: number, b: number, c: number, d: number, x: number, y: number): void }} Pen */

const SAMPLES = 16;
const MARGIN = 4;

/**
 * @param {Pen} pen
 * @param {readonly number[]} points
 * @param {LinkStyle} style
 */
export function traceLink(pen, points, style) {
  pen.moveTo(num(points, 0), num(points, 1));
  for (let at = 2; at < points.length; at += 2) {
    const x0 = num(points, at - 2), y0 = num(points, at - 1);
    const x1 = num(points, at), y1 = num(points, at + 1);
    if (style === "curve") {
      const out = curveReach(x1 - x0, y1 - y0);
      pen.bezierCurveTo(x0 + out, y0, x1 - out, y1, x1, y1);
    } else {
      if (style === "angle") traceAngle(pen, x0, y0, x1, y1);
      pen.lineTo(x1, y1);
    }
  }
}

/** @param {Pen} pen @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function traceAngle(pen, x0, y0, x1, y1) {
  if (x1 - x0 >= 2 * MIN_REACH) {
    const middle = (x0 + x1) / 2;
    pen.lineTo(middle, y0);
    pen.lineTo(middle, y1);
    return;
  }
  const half = (y0 + y1) / 2;
  pen.lineTo(x0 + MIN_REACH, y0);
  pen.lineTo(x0 + MIN_REACH, half);
  pen.lineTo(x1 - MIN_REACH, half);
  pen.lineTo(x1 - MIN_REACH, y1);
}

/** A pen that keeps the corners of what it is told to draw; curves become SAMPLES chords. */
class Outline {
  constructor() {
    /** @type {number[]} */
    this.points = [];
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.points.push(x, y);
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.points.push(x, y);
  }

  /** @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} x @param {number} y */
  bezierCurveTo(ax, ay, bx, by, x, y) {
    const x0 = num(this.points, this.points.length - 2);
    const y0 = num(this.points, this.points.length - 1);
    for (let step = 1; step <= SAMPLES; step += 1) {
      const t = step / SAMPLES, s = 1 - t;
      const p = s * s * s, q = 3 * s * s * t, r = 3 * s * t * t, u = t * t * t;
      this.points.push(p * x0 + q * ax + r * bx + u * x, p * y0 + q * ay + r * by + u * y);
    }
  }
}

/**
 * The wire as a chain of straight pieces.
 * @param {readonly number[]} points
 * @param {LinkStyle} style
 * @returns {number[]}
 */
export function outline(points, style) {
  const pen = new Outline();
  traceLink(pen, points, style);
  return pen.points;
}

/**
 * How far a point is from the wire, and between which of its points it is nearest.
 * @param {readonly number[]} points
 * @param {LinkStyle} style
 * @param {number} x @param {number} y
 * @returns {{ distance: number, segment: number }} `segment` 0: between source and first dot.
 */
export function distanceToLink(points, style, x, y) {
  let best = Infinity, segment = 0;
  for (let at = 2; at < points.length; at += 2) {
    const piece = outline(points.slice(at - 2, at + 2), style);
    for (let corner = 2; corner < piece.length; corner += 2) {
      const d = distanceToPiece(piece, corner, x, y);
      if (d < best) {
        best = d;
        segment = at / 2 - 1;
      }
    }
  }
  return { distance: best, segment };
}

/** @param {readonly number[]} piece @param {number} at @param {number} x @param {number} y */
function distanceToPiece(piece, at, x, y) {
  const x0 = num(piece, at - 2), y0 = num(piece, at - 1);
  const dx = num(piece, at) - x0, dy = num(piece, at + 1) - y0;
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) / length2, 0), 1);
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}

/**
 * A rectangle that holds the wire, with a margin for its width.
 * @param {readonly number[]} points
 * @returns {Rect}
 */
export function linkBounds(points) {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (let at = 2; at < points.length; at += 2) {
    const x0 = num(points, at - 2), y0 = num(points, at - 1);
    const x1 = num(points, at), y1 = num(points, at + 1);
    const aside = Math.max(curveReach(x1 - x0, y1 - y0), MIN_REACH);
    left = Math.min(left, x0, x1 - aside);
    right = Math.max(right, x1, x0 + aside);
    top = Math.min(top, y0, y1);
    bottom = Math.max(bottom, y0, y1);
  }
  return { x: left - MARGIN, y: top - MARGIN, width: right - left + 2 * MARGIN, height: bottom - top + 2 * MARGIN };
}

/** @param {readonly number[]} list @param {number} at */
function num(list, at) {
  return /** @type {number} */ (list[at]);
}

/**
 * The points a wire goes through, in graph units.
 * @param {LinkRecord} link
 * @param {Pick<Scene, "anchor" | "graph">} scene
 * @returns {number[] | undefined} Undefined when an end is missing.
 */
export function courseOf(link, scene) {
  const from = scene.anchor(link.from, link.output, "out");
  const to = scene.anchor(link.to, link.input, "in");
  if (!from || !to) return undefined;
  const points = [from.x, from.y];
  for (const id of link.reroutes ?? []) {
    const dot = scene.graph.reroutes.get(id);
    if (dot) points.push(dot.x, dot.y);
  }
  points.push(to.x, to.y);
  return points;
}
