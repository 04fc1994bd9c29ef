/** What lies under the pointer. Mounted nodes say it themselves; all else is asked of the scene. */

/** @import { Point } from "../core/types.js" */
/** @import { CanvasView } from "../render/view.js" */

import { containsPoint } from "../core/geometry.js";
import { distanceToLink } from "../render/link_geometry.js";
import { notesHeight } from "../render/group_notes.js";
import { DOT_RADIUS, GROUP_TITLE_HEIGHT } from "../render/painting.js";

/**
 * @typedef {{ kind: "empty" }
 *   | { kind: "foreign" }
 *   | { kind: "node", id: string, part: "body" | "header" | "collapse" | "resize" | "content" }
 *   | { kind: "port", id: string, key: string, side: "in" | "out" }
 *   | { kind: "link", id: string, segment: number }
 *   | { kind: "reroute", id: string }
 *   | { kind: "group", id: string, part: "title" | "note" | "resize" }} Hit
 */

const LINK_REACH_PX = 8;
const DOT_REACH_PX = 9;
const CORNER_PX = 16;

/**
 * @param {CanvasView} view
 * @param {EventTarget | null} target
 * @param {Point} client
 * @returns {Hit}
 */
export function hitOf(view, target, client) {
  if (!(target instanceof Element) || !view.root.contains(target)) return { kind: "foreign" };
  const node = /** @type {HTMLElement | null} */ (target.closest(".node"));
  if (node) return nodeHit(node, target);
  if (target !== view.root && !view.stage.elements.plane.contains(target)) return { kind: "foreign" };
  return canvasHit(view, view.toGraph(client));
}

/** @param {HTMLElement} node @param {Element} target @returns {Hit} */
function nodeHit(node, target) {
  const id = node.dataset["node"] ?? "";
  const socket = /** @type {HTMLElement | null} */ (target.closest(".socket"));
  if (socket) {
    return { kind: "port", id, key: socket.dataset["port"] ?? "", side: socket.dataset["side"] === "out" ? "out" : "in" };
  }
  const part = /** @type {HTMLElement | null} */ (target.closest("[data-part]"))?.dataset["part"];
  if (part === "collapse" || part === "resize") return { kind: "node", id, part };
  if (target.closest(".node-header")) return { kind: "node", id, part: "header" };
  const content = target.closest(".node-note, .node-note-field, .widget-slot, .node-extras, .node-preview");
  return { kind: "node", id, part: content ? "content" : "body" };
}

/**
 * @param {CanvasView} view
 * @param {Point} point In graph units.
 * @returns {Hit}
 */
export function canvasHit(view, point) {
  const scene = view.shown?.scene;
  if (!scene) return { kind: "empty" };
  const dot = dotAt(view, point);
  if (dot) return { kind: "reroute", id: dot };
  const node = nodeAt(view, point);
  if (node) return { kind: "node", id: node, part: "body" };
  return linkAt(view, point) ?? groupAt(view, point) ?? { kind: "empty" };
}

/** @param {CanvasView} view @param {Point} point @returns {string | undefined} */
function dotAt(view, { x, y }) {
  const reach = Math.max(DOT_RADIUS, DOT_REACH_PX / view.camera.zoom);
  for (const dot of view.shown?.scene.graph.reroutes.values() ?? []) {
    if (Math.hypot(dot.x - x, dot.y - y) <= reach) return dot.id;
  }
  return undefined;
}

/** The frontmost node there. @param {CanvasView} view @param {Point} point @returns {string | undefined} */
export function nodeAt(view, point) {
  const scene = view.shown?.scene;
  let best, top = -Infinity;
  for (const id of scene?.nodeGrid.at(point) ?? []) {
    const z = scene?.nodes.get(id)?.record.z ?? 0;
    if (z >= top) {
      top = z;
      best = id;
    }
  }
  return best;
}

/**
 * The wire nearest to a point.
 * @param {CanvasView} view
 * @param {Point} point
 * @param {(id: string) => boolean} [counts]
 * @returns {Extract<Hit, { kind: "link" }> | undefined}
 */
export function linkAt(view, { x, y }, counts = () => true) {
  const scene = view.shown?.scene;
  const reach = LINK_REACH_PX / view.camera.zoom;
  const area = { x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach };
  /** @type {Extract<Hit, { kind: "link" }> | undefined} */
  let best;
  let nearest = reach;
  for (const id of scene?.linkGrid.query(area) ?? []) {
    const link = scene?.links.get(id);
    if (!link || !counts(id)) continue;
    const { distance, segment } = distanceToLink(link.points, view.linkStyle, x, y);
    if (distance < nearest) {
      nearest = distance;
      best = { kind: "link", id, segment };
    }
  }
  return best;
}

/** The smallest group whose title bar, text or corner is there. @param {CanvasView} view @param {Point} point
 * @returns {Extract<Hit, { kind: "group" }> | undefined} */
function groupAt(view, point) {
  const corner = CORNER_PX / Math.min(view.camera.zoom, 1);
  const title = Math.max(GROUP_TITLE_HEIGHT, 14 / view.camera.zoom);
  const groups = [...view.shown?.scene.graph.groups.values() ?? []].sort((a, b) => a.width * a.height - b.width * b.height);
  for (const group of groups) {
    if (!containsPoint(group, point)) continue;
    const atCorner = point.x > group.x + group.width - corner && point.y > group.y + group.height - corner;
    if (atCorner) return { kind: "group", id: group.id, part: "resize" };
    if (point.y <= group.y + title) return { kind: "group", id: group.id, part: "title" };
    if (!view.isFar && point.y <= group.y + GROUP_TITLE_HEIGHT + notesHeight(group)) return { kind: "group", id: group.id, part: "note" };
  }
  return undefined;
}
