/** The elements the canvas is made of, from back to front. */

import { make } from "./dom.js";

/**
 * @typedef {object} CanvasElements
 * @property {HTMLElement} root Takes the pointer; clips.
 * @property {HTMLElement} plane Carries the camera: the only element whose transform a pan writes.
 * @property {HTMLCanvasElement} ground Static layer.
 * @property {HTMLCanvasElement} active Layer of what is held; shown during drags only.
 * @property {HTMLElement} world Node bodies, in graph units times the scale of the last painting.
 */

/**
 * @param {HTMLElement} parent
 * @returns {CanvasElements}
 */
export function buildCanvas(parent) {
  const root = make("div", "canvas-root");
  root.tabIndex = 0;
  root.setAttribute("role", "application");
  const plane = make("div", "canvas-plane");
  const ground = make("canvas", "canvas-ground");
  const active = make("canvas", "canvas-active");
  const world = make("div", "canvas-world");
  plane.append(ground, active, world);
  root.append(plane);
  parent.append(root);
  return { root, plane, ground, active, world };
}
