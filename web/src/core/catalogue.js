/** @import { Catalogue, InputType, Json, JsonObject, NodeRecord, NodeType, OutputType, WidgetKind } from "./types.d.ts" */

import { isObject, own } from "./json.js";

/** Types whose inputs have a widget unless an option forbids it. */
export const WIDGET_TYPES = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);

/** Nodes that exist on the canvas only; the engine never hears of them. */
export const CANVAS_MODULE = "canvas";
/** Module of the types subgraph instances have. */
export const SUBGRAPH_MODULE = "subgraph";

/**
 * Return the node types of a server's `/object_info`, and those that exist on the canvas only.
 *
 * Entries are read as far as they make sense; what is no node type is left out.
 *
 * @param {unknown} json
 * @param {ReadonlySet<string>} [customWidgets] types for which a pack brings a widget
 * @returns {Catalogue}
 */
export function readObjectInfo(json, customWidgets = new Set()) {
  const catalogue = new Map(CANVAS_TYPES.map((type) => [type.name, type]));
  for (const [name, entry] of Object.entries(isObject(json) ? json : {})) {
    if (isObject(entry)) catalogue.set(name, readNodeType(name, entry, customWidgets));
  }
  return catalogue;
}

/**
 * @param {string} name
 * @param {JsonObject} entry
 * @param {ReadonlySet<string>} customWidgets
 * @returns {NodeType}
 */
function readNodeType(name, entry, customWidgets) {
  return {
    name,
    title: text(entry.display_name) || name,
    category: text(entry.category),
    description: text(entry.description),
    inputs: readInputs(entry, customWidgets),
    outputs: readOutputs(entry),
    isOutput: entry.output_node === true,
    deprecated: entry.deprecated === true,
    experimental: entry.experimental === true,
    module: text(entry.python_module),
    aliases: list(entry.search_aliases).filter((alias) => typeof alias === "string"),
  };
}

/**
 * @param {JsonObject} entry
 * @param {ReadonlySet<string>} customWidgets
 * @returns {InputType[]}
 */
function readInputs(entry, customWidgets) {
  /** @type {InputType[]} */
  const inputs = [];
  for (const section of ["required", "optional"]) {
    const declared = new Map(Object.entries(object(member(entry.input, section))));
    const listed = list(member(entry.input_order, section)).filter((n) => typeof n === "string");
    for (const name of new Set([...listed, ...declared.keys()])) {
      const spec = declared.get(name);
      if (spec === undefined) continue;
      const required = section === "required";
      inputs.push(readInput({ name, required, index: inputs.length }, list(spec), customWidgets));
    }
  }
  return inputs;
}

/**
 * @param {Pick<InputType, "name" | "required" | "index">} place
 * @param {readonly Json[]} spec `[type or choices, options]`
 * @param {ReadonlySet<string>} customWidgets
 * @returns {InputType}
 */
function readInput(place, [declared, given], customWidgets) {
  const options = isObject(given) ? given : {};
  const type = Array.isArray(declared) ? "COMBO" : text(declared) || "*";
  const choices = Array.isArray(declared) ? declared : options.options;
  return {
    ...place,
    type,
    hidden: options.hidden === true || undefined,
    widget: widgetKind(type, options, customWidgets),
    default: options.default,
    choices: Array.isArray(choices) ? choices : undefined,
    tooltip: text(options.tooltip) || undefined,
    options,
  };
}

/**
 * @param {string} type
 * @param {JsonObject} options
 * @param {ReadonlySet<string>} customWidgets
 * @returns {WidgetKind | undefined}
 */
function widgetKind(type, options, customWidgets) {
  if (options.forceInput) return undefined;
  if (customWidgets.has(text(options.widgetType) || type)) return "custom";
  const number = (/** @type {"int" | "float"} */ kind) =>
    options.display === "slider" || options.display === "knob" ? "slider" : kind;
  switch (type) {
    case "INT":
      return options.display === "color" ? "color" : number("int");
    case "FLOAT":
      return number("float");
    case "STRING":
      return options.multiline ? "multiline" : "text";
    case "BOOLEAN":
      return "toggle";
    case "COMBO":
      return options.image_upload ? "image_upload" : "combo";
    default:
      return undefined;
  }
}

/**
 * @param {JsonObject} entry
 * @returns {OutputType[]}
 */
function readOutputs(entry) {
  const [names, tooltips] = [list(entry.output_name), list(entry.output_tooltips)];
  const lists = list(entry.output_is_list);
  const types = list(entry.output).map((type) => (Array.isArray(type) ? "COMBO" : text(type) || "*"));
  const keys = portKeys(types.map((type, index) => text(names[index]) || type));
  return types.map((type, index) => ({
    name: text(names[index]) || type,
    key: /** @type {string} */ (keys[index]),
    type,
    isList: lists[index] === true,
    tooltip: text(tooltips[index]) || undefined,
  }));
}

/**
 * Return a key for each name: the name, or "name#2" for the second port of that name, and so on.
 *
 * @param {readonly string[]} names
 * @returns {string[]}
 */
export function portKeys(names) {
  const taken = new Set();
  const counts = new Map();
  return names.map((name) => {
    let count = (counts.get(name) ?? 0) + 1;
    let key = count === 1 ? name : `${name}#${count}`;
    while (taken.has(key)) key = `${name}#${(count += 1)}`;
    counts.set(name, count);
    taken.add(key);
    return key;
  });
}

/**
 * Return the value the widget of an input starts with; undefined when it has no widget's value.
 *
 * @param {InputType} input
 * @returns {Json | undefined}
 */
export function defaultValue(input) {
  if (input.default !== undefined) return input.default;
  if (input.type === "COMBO") return input.choices?.[0] ?? null;
  return BASIC_DEFAULTS.get(input.type);
}

/**
 * Return what an input's widget holds: the node's own value, or else the one that runs in its
 * place; for a port of a subgraph that is the value inside.
 *
 * @param {NodeRecord["values"] | undefined} values
 * @param {InputType} input
 * @returns {Json}
 */
export function currentValue(values, input) {
  const held = own(values, input.name);
  return held !== undefined ? held : defaultValue(input) ?? null;
}

/** @type {Map<string, Json>} */
const BASIC_DEFAULTS = new Map(
  /** @type {[string, Json][]} */ ([["INT", 0], ["FLOAT", 0], ["STRING", ""], ["BOOLEAN", false]]),
);

/**
 * Tell whether an input of one of the basic types has a widget.
 *
 * @param {InputType} input
 */
export function ownsWidget(input) {
  return WIDGET_TYPES.has(input.type) && !input.options.forceInput;
}

/**
 * Tell whether a control ("randomize", …) stands beside an input's widget.
 *
 * @param {InputType} input
 */
export function isControlled(input) {
  if ("control_after_generate" in input.options) return Boolean(input.options.control_after_generate);
  return input.type === "INT" && (input.name === "seed" || input.name === "noise_seed");
}

/** @param {string} name @param {WidgetKind} widget @returns {InputType} */
function textInput(name, widget) {
  const options = { multiline: widget === "multiline" };
  return { name, type: "STRING", required: true, index: 0, widget, default: "", options };
}

/**
 * @param {Pick<NodeType, "name" | "title" | "inputs" | "outputs"> & { description: string }} type
 * @returns {NodeType}
 */
function canvasType(type) {
  const flags = { isOutput: false, deprecated: false, experimental: false, aliases: [] };
  return { ...type, ...flags, category: "utils", module: CANVAS_MODULE };
}

const ANY_OUTPUT = { name: "", key: "", type: "*", isList: false };

const CANVAS_TYPES = [
  canvasType({
    name: "Note",
    title: "Note",
    description: "A text on the canvas. It does nothing when the workflow runs.",
    inputs: [textInput("text", "multiline")],
    outputs: [],
  }),
  canvasType({
    name: "MarkdownNote",
    title: "Markdown Note",
    description: "A formatted text on the canvas. It does nothing when the workflow runs.",
    inputs: [textInput("text", "multiline")],
    outputs: [],
  }),
  canvasType({
    name: "PrimitiveNode",
    title: "Primitive",
    description: "One value for all the inputs it is connected to.",
    inputs: [],
    outputs: [{ ...ANY_OUTPUT, name: "value", key: "value" }],
  }),
  canvasType({
    name: "Reroute",
    title: "Reroute",
    description: "Passes on what it is given; it only bends a wire.",
    inputs: [{ name: "", type: "*", required: false, index: 0, options: {} }],
    outputs: [ANY_OUTPUT],
  }),
];

/**
 * @param {Json | undefined} value
 * @returns {string}
 */
function text(value) {
  return typeof value === "string" ? value : "";
}

/**
 * @param {Json | undefined} value
 * @returns {Json[]}
 */
function list(value) {
  return Array.isArray(value) ? value : [];
}

/**
 * @param {Json | undefined} value
 * @returns {JsonObject}
 */
function object(value) {
  return isObject(value) ? value : {};
}

/**
 * @param {Json | undefined} value
 * @param {string} key
 */
function member(value, key) {
  return object(value)[key];
}
