/**
 * @import { Json, JsonObject } from "../types.d.ts"
 * @import { Problems } from "./problems.js"
 * @import { RawInput, RawNode, RawOutput } from "./raw.d.ts"
 */

import { isObject, rest, shorten } from "../json.js";
import { listOf, objectOf, point, text, wholeNumber } from "./fields.js";

const NODE_KEYS = new Set([
  ...["id", "type", "title", "pos", "size", "mode", "order", "flags", "color", "bgcolor"],
  ...["inputs", "outputs", "properties", "widgets_values"],
]);
const INPUT_KEYS = new Set(["name", "type", "link", "widget", "label", "localized_name"]);
const OUTPUT_KEYS = new Set(["name", "type", "links", "label", "localized_name", "slot_index"]);
const PORT_KEYS = new Set(["name", "type", "label", "linkIds"]);

/**
 * @param {Json} entry
 * @param {Problems} problems
 * @returns {RawNode | undefined}
 */
export function parseNode(entry, problems) {
  if (entry === null) return undefined;
  if (!isObject(entry) || typeof entry.type !== "string") {
    problems.warn("bad_node", `a node without a type is left out: ${shorten(entry)}`);
    return undefined;
  }
  const id = typeof entry.id === "string" ? entry.id : wholeNumber(entry.id)?.toString();
  if (id === undefined) problems.warn("bad_id", `a node has no usable id and gets a new one: ${shorten(entry.id)}`);
  const { x: width, y: height } = point(entry.size, { x: 200, y: 100 });
  return {
    id: id ?? "",
    type: entry.type,
    title: text(entry.title),
    ...point(entry.pos),
    width: Math.abs(width),
    height: Math.abs(height),
    mode: wholeNumber(entry.mode) ?? 0,
    inputs: listOf(entry.inputs).filter(isObject).map(parseInput),
    outputs: listOf(entry.outputs).filter(isObject).map(parseOutput),
    stored: entry.widgets_values,
    properties: objectOf(entry.properties),
    flags: objectOf(entry.flags),
    color: text(entry.color),
    bgcolor: text(entry.bgcolor),
    extra: rest(entry, NODE_KEYS),
  };
}

/**
 * @param {JsonObject} entry
 * @returns {RawInput}
 */
function parseInput(entry) {
  const widget = isObject(entry.widget) ? (text(entry.widget.name) ?? text(entry.name)) : undefined;
  return { ...parseSocket(entry, INPUT_KEYS), link: wholeNumber(entry.link) ?? null, widget };
}

/**
 * @param {JsonObject} entry
 * @returns {RawOutput}
 */
function parseOutput(entry) {
  return parseSocket(entry, OUTPUT_KEYS);
}

/**
 * Read an input or output of a subgraph definition.
 *
 * @param {Json} entry
 * @returns {RawOutput | undefined}
 */
export function parsePort(entry) {
  return isObject(entry) ? parseSocket(entry, PORT_KEYS) : undefined;
}

/**
 * @param {JsonObject} entry
 * @param {ReadonlySet<string>} known
 * @returns {RawOutput}
 */
function parseSocket(entry, known) {
  const socket = { name: text(entry.name) ?? "", type: socketType(entry.type) };
  return { ...socket, label: text(entry.label), extra: rest(entry, known) };
}

/**
 * Return a socket's type as text; files hold names, choices of a menu, or 0 for anything.
 *
 * @param {Json | undefined} type
 */
function socketType(type) {
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return "COMBO";
  return typeof type === "number" && type !== 0 ? String(type) : "*";
}
