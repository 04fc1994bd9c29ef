/** Dragging a node type out of a panel onto the canvas. */

import { jsonText, parseJson } from "../core/json.js";
import { addNode } from "./add_node.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").JsonObject} JsonObject */

const KIND = "application/x-tessera-node";

/**
 * Let an element be dragged out as a node.
 * @param {HTMLElement} handle
 * @param {string} type
 * @param {JsonObject} [values] of the new node, other than the defaults
 */
export function makeDraggable(handle, type, values = {}) {
  handle.draggable = true;
  handle.addEventListener("dragstart", (event) => {
    event.dataTransfer?.setData(KIND, jsonText({ type, values }));
    if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
  });
}

/**
 * Take what is dropped on the canvas.
 * @param {App} app
 * @param {HTMLElement} canvas
 */
export function acceptNodes(app, canvas) {
  canvas.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes(KIND)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  canvas.addEventListener("drop", (event) => {
    const text = event.dataTransfer?.getData(KIND);
    if (!text) return;
    event.preventDefault();
    event.stopPropagation();
    const { type: name, values } = parseJson(text);
    const type = app.catalogue.get().get(name);
    if (type) addNode(app, type, { x: event.clientX, y: event.clientY }, values);
  });
}
