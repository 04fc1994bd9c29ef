/**
 * Puts in place what scripts written for ComfyUI import by address (`/scripts/app.js`, …). Those
 * files only look here: a script may load them under another address than ours.
 */

import { ComfyApi } from "./api.js";
import { ComfyApp } from "./app.js";
import { MULTILINE } from "./controls.js";
import { LegacyNode } from "./nodes.js";
import { $el, ComfyDialog } from "./ui.js";

/** @typedef {import("../host.js").ExtensionHost} ExtensionHost */

export const PLACE = Symbol.for("tessera.comfyui");

/**
 * @param {ExtensionHost} host
 * @returns {ComfyApp} call `start()` when the scripts are loaded
 */
export function installComfy(host) {
  const app = new ComfyApp(host.app, host);
  const api = new ComfyApi(host.app);
  const place = Object.freeze({ app, api, $el, ComfyDialog, ComfyWidgets: comfyWidgets() });
  Object.defineProperty(globalThis, PLACE, { value: place, configurable: true });
  Object.assign(globalThis, { app, LGraphNode: LegacyNode, LiteGraph: LITEGRAPH, LGraphCanvas: class {} });
  return app;
}

/** The constants that scripts read from the global `LiteGraph`. */
const LITEGRAPH = Object.freeze({
  INPUT: 1, OUTPUT: 2, ALWAYS: 0, ON_EVENT: 1, NEVER: 2, ON_TRIGGER: 3,
  NODE_TITLE_HEIGHT: 30, NODE_SLOT_HEIGHT: 20, NODE_WIDGET_HEIGHT: 20,
});

/** @type {{ [type: string]: unknown }} What widgets hold whose declaration names no default. */
const EMPTY = { number: 0, text: "", toggle: false };

/** `ComfyWidgets.STRING(node, name, data, app)` and its like: they add a widget to the node. */
function comfyWidgets() {
  /** @param {string} type */
  const factory = (type) => (/** @type {LegacyNode} */ node, /** @type {string} */ name, /** @type {any} */ data) => {
    const options = data?.[1] ?? {};
    const first = Array.isArray(data?.[0]) ? data[0][0] : undefined;
    const values = Array.isArray(data?.[0]) ? { values: data[0] } : {};
    const kind = type === "text" && options.multiline ? MULTILINE : type;
    return { widget: node.addWidget(kind, name, options.default ?? first ?? EMPTY[type], undefined, { ...options, ...values }) };
  };
  return {
    INT: factory("number"), FLOAT: factory("number"), STRING: factory("text"),
    BOOLEAN: factory("toggle"), COMBO: factory("combo"),
  };
}
