/**
 * Finds the value of each input of a node a file holds.
 *
 * @import { InputType, Json, KeptValues, NodeType, SeedControl } from "../types.d.ts"
 * @import { RawNode } from "./raw.d.ts"
 */

import { defaultValue, isControlled, ownsWidget } from "../catalogue.js";
import { isObject } from "../json.js";
import { PRIMITIVE } from "../node_types.js";
import { CONTROLS } from "../nodes.js";
import { objectOf } from "./fields.js";
import { matchSlots, NAMES_KEY, storedNames } from "./widget_slots.js";

/**
 * @typedef {object} NodeValues
 * @property {Map<string, Json>} values
 * @property {Map<string, SeedControl>} controls
 * @property {KeptValues} kept
 * @property {string[]} defaulted Inputs whose value was not saved.
 * @property {number} unplaced How many values belong to no input that is known.
 */

/**
 * @param {RawNode} node
 * @param {NodeType | undefined} type undefined when it is not installed, or for an instance
 * @returns {NodeValues}
 */
export function readValues(node, type) {
  const found = node.type === PRIMITIVE ? ofPrimitive(node.stored) : ofNode(node, type);
  const set = objectOf(objectOf(node.properties[NAMES_KEY]).values); // by a replacement of its type
  for (const [name, value] of Object.entries(set)) found.values.set(name, value);
  for (const [name, value] of node.given ?? []) found.values.set(name, value);
  for (const [name, value] of node.controls ?? []) setControl(found, name, value);
  for (const input of type?.inputs ?? []) {
    if (found.values.has(input.name) || !ownsWidget(input)) continue;
    found.values.set(input.name, defaultValue(input) ?? null);
    found.defaulted.push(input.name);
  }
  const sampler = found.values.get("sampler_name");
  if (SAMPLERS.has(node.type) && typeof sampler === "string") {
    found.values.set("sampler_name", sampler.replace(/^sample_/, ""));
  }
  return found;
}

/** Node types whose menus listed names with a prefix before. */
const SAMPLERS = new Set(["KSampler", "KSamplerAdvanced"]);

/** @returns {NodeValues} */
function nothing() {
  return { values: new Map(), controls: new Map(), kept: {}, defaulted: [], unplaced: 0 };
}

/**
 * @param {Json | undefined} stored value, control, filter
 * @returns {NodeValues}
 */
function ofPrimitive(stored) {
  const found = nothing();
  if (!Array.isArray(stored)) return found;
  const [value = null, ...rest] = stored;
  if (stored.length) found.values.set("value", value);
  setControl(found, "value", rest[0] ?? null);
  const unplaced = found.controls.has("value") ? rest.slice(1) : rest;
  if (unplaced.length) found.kept = { unplaced };
  return found;
}

/**
 * @param {RawNode} node
 * @param {NodeType | undefined} type
 * @returns {NodeValues}
 */
function ofNode(node, type) {
  const { stored } = node;
  const found = nothing();
  if (isObject(stored)) {
    return { ...found, values: new Map(Object.entries(stored)), kept: { asObject: true } };
  }
  if (!Array.isArray(stored)) return found;
  const names = storedNames(node.properties, stored);
  if (names) return byNames(node, type, stored, names);
  if (!type) return { ...found, kept: { list: stored }, unplaced: stored.length };
  return byPlaces(node, type, stored);
}

/**
 * @param {RawNode} node
 * @param {NodeType | undefined} type
 * @param {Json[]} stored
 * @param {readonly (string | null)[]} names
 * @returns {NodeValues}
 */
function byNames(node, type, stored, names) {
  const found = nothing();
  const count = objectOf(node.properties[NAMES_KEY]).unplaced;
  const inputs = new Map(type?.inputs.map((input) => [input.name, input]));
  let last = "";
  for (const [index, name] of names.entries()) {
    const value = stored[index] ?? null;
    if (name !== null) found.values.set((last = name), value);
    else if (holdsControl(inputs.get(last)) && !found.controls.has(last)) setControl(found, last, value);
    else if (inputs.get(last)?.type === "COMBO" && found.controls.has(last) && value) {
      found.kept = { ...found.kept, filters: { ...found.kept.filters, [last]: value } };
    }
  }
  if (!type) found.kept = { list: stored, names };
  else if (typeof count === "number" && count > 0) {
    found.kept = { ...found.kept, unplaced: stored.slice(-count) };
  }
  return found;
}

/** @param {InputType | undefined} input */
function holdsControl(input) {
  return input !== undefined && isControlled(input);
}

/**
 * @param {RawNode} node
 * @param {NodeType} type
 * @param {Json[]} stored
 * @returns {NodeValues}
 */
function byPlaces(node, type, stored) {
  const found = nothing();
  const sockets = new Set(node.inputs.filter((i) => i.widget === undefined).map((i) => i.name));
  const slots = matchSlots(type.inputs, sockets, stored);
  for (const [place, { name, kind }] of slots.entries()) {
    const value = stored[place] ?? null;
    if (kind === "value" && value !== null) found.values.set(name, value);
    if (kind === "control") setControl(found, name, value);
    if (kind === "filter" && value) {
      found.kept = { ...found.kept, filters: { ...found.kept.filters, [name]: value } };
    }
  }
  const unplaced = stored.slice(slots.length);
  if (unplaced.length) found.kept = { ...found.kept, unplaced };
  found.unplaced = unplaced.filter((value) => value !== null).length;
  return found;
}

/**
 * @param {NodeValues} found
 * @param {string} name
 * @param {Json} value old files hold true for "randomize" and false for "fixed"
 */
function setControl(found, name, value) {
  const control = typeof value === "boolean" ? (value ? "randomize" : "fixed") : value;
  if (CONTROLS.has(control)) found.controls.set(name, /** @type {SeedControl} */ (control));
}
