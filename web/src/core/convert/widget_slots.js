/**
 * Which value of `widgets_values` belongs to which input.
 *
 * The list holds one value per widget, in the order widgets are made: required, then optional
 * inputs that own a widget, with extra values for seed controls and upload buttons. Versions of
 * the format differ in the extras, so several layouts are tried, the likeliest first, until one
 * fits. Our own files name the entries (`properties.tessera.widgets`) and need no guess.
 *
 * @import { InputType, Json, JsonObject } from "../types.d.ts"
 */

import { isControlled, WIDGET_TYPES } from "../catalogue.js";
import { isObject } from "../json.js";
import { CONTROLS } from "../nodes.js";

/** Key of `properties` under which our files name the entries of `widgets_values`. */
export const NAMES_KEY = "tessera";

/**
 * One entry of `widgets_values`: "value" is what the input takes, the others never run.
 *
 * @typedef {{ name: string, kind: "value" | "control" | "filter" | "upload" | "dummy" }} Slot
 */

/**
 * What differs between files of different versions.
 *
 * @typedef {object} Layout
 * @property {number} menuExtras Values after a menu with a control: control and filter, or fewer.
 * @property {boolean} dummies `forceInput` inputs hold a value too.
 * @property {boolean} controls Seeds are followed by their control.
 * @property {boolean} uploads Upload buttons hold a value.
 * @property {boolean} custom Unlisted inputs of a pack's own type are widgets.
 */

/** @type {Layout} the one files are written in */
export const CURRENT_LAYOUT = {
  menuExtras: 2,
  dummies: false,
  controls: true,
  uploads: true,
  custom: true,
};

const LAYOUTS = [...allLayouts()];

/** @returns {Generator<Layout>} */
function* allLayouts() {
  for (const dummies of [false, true])
    for (const uploads of [true, false])
      for (const controls of [true, false])
        for (const menuExtras of [2, 0, 1])
          // Both readings of a type of a pack's own before a seed's control is doubted: a socket
          // that came after the file is as unlisted as a widget.
          for (const custom of [true, false]) yield { menuExtras, dummies, controls, uploads, custom };
}

/**
 * Match stored values with inputs.
 *
 * @param {readonly InputType[]} declared
 * @param {ReadonlySet<string>} sockets inputs known to be plain sockets
 * @param {readonly Json[]} stored
 * @returns {Slot[]} for the first entries of `stored`; the rest belongs to no input
 */
export function matchSlots(declared, sockets, stored) {
  for (const layout of LAYOUTS) {
    const slots = widgetSlots(declared, sockets, layout);
    if (slots.length === stored.length && slots.every((slot, i) => accepts(slot, stored[i]))) {
      return slots;
    }
  }
  return consume(widgetSlots(declared, sockets, CURRENT_LAYOUT), stored);
}

/**
 * Return the names our files tell beside the values, when they still fit them.
 *
 * @param {JsonObject} properties
 * @param {Json | undefined} stored `widgets_values`
 * @returns {(string | null)[] | undefined}
 */
export function storedNames(properties, stored) {
  const record = properties[NAMES_KEY];
  const names = isObject(record) ? record.widgets : undefined;
  if (!Array.isArray(names) || !Array.isArray(stored) || names.length !== stored.length) return undefined;
  const isName = (/** @type {Json} */ name) => name === null || typeof name === "string";
  return names.every(isName) ? /** @type {(string | null)[]} */ (names) : undefined;
}

/**
 * List the entries of `widgets_values` of a node.
 *
 * @param {readonly InputType[]} declared
 * @param {ReadonlySet<string>} sockets inputs known to be plain sockets; they decide about types
 *   packs define
 * @param {Layout} layout
 * @returns {Slot[]}
 */
export function widgetSlots(declared, sockets, layout) {
  /** @type {Slot[]} */
  const slots = [];
  let uploads = 0;
  for (const input of declared) {
    if (!input.required) for (; uploads > 0; uploads -= 1) slots.push(UPLOAD);
    slots.push(...slotsOf(input, sockets, layout));
    const hasButton = Object.keys(input.options).some((key) => key.endsWith("_upload"));
    if (layout.uploads && hasButton) uploads = 1;
  }
  if (uploads > 0) slots.push(UPLOAD);
  return slots;
}

/** @type {Slot} */
const UPLOAD = { name: "upload", kind: "upload" };

/**
 * @param {InputType} input
 * @param {ReadonlySet<string>} sockets
 * @param {Layout} layout
 * @returns {Slot[]}
 */
function slotsOf(input, sockets, layout) {
  const { name, type } = input;
  const forced = Boolean(input.options.forceInput);
  if (!WIDGET_TYPES.has(type)) {
    return layout.custom && !sockets.has(name) && !forced ? [{ name, kind: "value" }] : [];
  }
  if (forced && !layout.dummies) return [];
  /** @type {Slot[]} */
  const slots = [{ name, kind: forced ? "dummy" : "value" }];
  if (!isControlled(input)) return slots;
  if (type === "INT" && layout.controls) slots.push({ name, kind: "control" });
  if (type === "COMBO" && layout.menuExtras > 0) slots.push({ name, kind: "control" });
  if (type === "COMBO" && layout.menuExtras > 1) slots.push({ name, kind: "filter" });
  return slots;
}

/**
 * @param {Slot} slot
 * @param {Json | undefined} value
 */
function accepts({ kind }, value) {
  if (kind === "control") return value === null || typeof value === "boolean" || CONTROLS.has(value);
  if (kind === "filter" || kind === "upload") return value === null || typeof value === "string";
  return true;
}

/**
 * Hand out values in order where no layout fits: the node type changed since the file.
 *
 * @param {readonly Slot[]} slots
 * @param {readonly Json[]} stored
 */
function consume(slots, stored) {
  /** @type {Slot[]} */
  const used = [];
  for (const slot of slots) {
    if (used.length === stored.length) break;
    const value = stored[used.length];
    if (slot.kind === "value" || (accepts(slot, value) && typeof value !== "boolean")) used.push(slot);
  }
  return used;
}
