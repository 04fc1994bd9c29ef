/** @import { Json, NodeRecord, NodeType, Point, PortRecord, SeedControl, Size } from "./types.d.ts" */

import { defaultValue, isControlled, portKeys, SUBGRAPH_MODULE } from "./catalogue.js";
import { layoutNode } from "./node_layout.js";

/** Pixels at zoom 1. */
const LEAST_WIDTH = 220;
const TEXT_WIDTH = 340;
const CHARACTER_WIDTH = 7;
const TEXT_HEIGHT = 90;
const PICTURE_HEIGHT = 220;

/**
 * Return a new node of a type: all ports, default values, seeds that are rolled for each run.
 *
 * @param {NodeType} type
 * @param {Point} at its top left
 * @returns {Omit<NodeRecord, "id" | "z">}
 */
export function createNode(type, at) {
  /** @type {{ [name: string]: Json }} */
  const values = {};
  /** @type {{ [name: string]: SeedControl }} */
  const controls = {};
  for (const input of type.inputs) {
    const value = input.widget ? defaultValue(input) : undefined;
    if (value !== undefined) values[input.name] = value;
    if (input.widget && isControlled(input)) controls[input.name] = newControl(input.options);
  }
  const ports = { inputs: inputPorts(type), outputs: outputPorts(type) };
  const place = { x: at.x, y: at.y };
  const properties = { [SEARCH_NAME]: type.name };
  const record = { type: type.name, ...place, ...ports, values, properties, mode: NORMAL };
  const version = type.version === undefined ? {} : { version: type.version };
  const held = { ...version, ...(Object.keys(controls).length ? { controls } : {}) };
  return { ...record, ...held, ...naturalSize({ ...record, id: "", z: 0, width: 0, height: 0 }, type) };
}

/** Property by which `%Node.widget%` in file names finds a node. */
export const SEARCH_NAME = "Node name for S&R";

const NORMAL = /** @type {const} */ ("normal");

/** @param {{ [key: string]: Json }} options @returns {SeedControl} */
function newControl({ control_after_generate: given }) {
  return typeof given === "string" && CONTROLS.has(given) ? /** @type {SeedControl} */ (given) : "randomize";
}

/** @type {ReadonlySet<unknown>} */
export const CONTROLS = new Set(["fixed", "increment", "decrement", "randomize", "increment-wrap"]);

/**
 * Return the input ports of a type: sockets first, then one for each widget; those of a subgraph
 * in its own order.
 *
 * @param {NodeType} type
 * @returns {PortRecord[]}
 */
export function inputPorts(type) {
  const shown = type.inputs.filter((input) => !input.options.socketless || !input.widget);
  const sorted = [...shown.filter((i) => !i.widget), ...shown.filter((i) => i.widget)];
  const order = type.module === SUBGRAPH_MODULE ? shown : sorted;
  const keys = portKeys(order.map((input) => input.name));
  return order.map(({ name, type: kind, widget, required, options }, index) => {
    const label = typeof options.display_name === "string" ? { label: options.display_name } : {};
    const extra = required || widget ? {} : { extra: { shape: OPTIONAL_SHAPE } };
    const port = { key: /** @type {string} */ (keys[index]), name, type: kind, ...label, ...extra };
    return widget ? { ...port, widget: name } : port;
  });
}

/** How files mark a socket that may stay empty, and one that gives a list. */
const OPTIONAL_SHAPE = 7;
const LIST_SHAPE = 6;

/**
 * @param {NodeType} type
 * @returns {PortRecord[]}
 */
export function outputPorts(type) {
  return type.outputs.map(({ key, name, type: kind, isList }) => {
    const port = { key, name, type: kind };
    return isList ? { ...port, extra: { shape: LIST_SHAPE } } : port;
  });
}

/**
 * Return a size in which a node shows all it has.
 *
 * @param {NodeRecord} record
 * @param {NodeType} type
 * @returns {Size}
 */
function naturalSize(record, type) {
  const longest = (/** @type {readonly { label?: string, name: string }[]} */ ports) =>
    Math.max(0, ...ports.map((port) => (port.label ?? port.name).length));
  const sockets = record.inputs.filter((port) => !port.widget);
  const characters = longest(sockets) + longest(record.outputs) + 6;
  const texts = type.inputs.filter((input) => input.widget === "multiline").length;
  const pictures = type.isOutput || type.inputs.some((input) => input.widget === "image_upload");
  const width = Math.max(texts ? TEXT_WIDTH : LEAST_WIDTH, characters * CHARACTER_WIDTH);
  const { minHeight } = layoutNode(record, type);
  return { width, height: minHeight + texts * TEXT_HEIGHT + (pictures ? PICTURE_HEIGHT : 0) };
}
