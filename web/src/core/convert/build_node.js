/**
 * Makes the record of a node that was read.
 *
 * @import { NodeMode, NodeRecord, NodeType, PortRecord } from "../types.d.ts"
 * @import { NodeValues } from "./node_values.js"
 * @import { RawInput, RawNode, RawOutput } from "./raw.d.ts"
 */

import { CANVAS_MODULE, portKeys } from "../catalogue.js";
import { HEADER_HEIGHT } from "../node_layout.js";
import { inputPorts, outputPorts } from "../nodes.js";
import { number, objectOf } from "./fields.js";
import { NAMES_KEY } from "./widget_slots.js";

/** @type {ReadonlyMap<number, NodeMode>} */
const MODES = new Map(
  /** @type {[number, NodeMode][]} */ ([
    [0, "normal"],
    [1, "event"],
    [2, "mute"],
    [3, "trigger"],
    [4, "bypass"],
  ]),
);

/** Numbers of modes in files. */
export const MODE_NUMBERS = new Map([...MODES].map(([number, mode]) => [mode, number]));

/** Sockets drawn for a node of unknown type, whatever number a link claims. */
const MOST_OUTPUTS = 256;

/** @typedef {PortRecord & { link: number | null }} LinkedPort */

/**
 * Return the input ports of a node, with the numbers of their links.
 *
 * Those the type declares come first, matched by name; others the file has stay behind them.
 *
 * @param {RawNode} node
 * @param {NodeType | undefined} type
 * @param {ReadonlyMap<string, unknown>} values tells which inputs of a pack's type are widgets
 * @returns {LinkedPort[]}
 */
export function buildInputs(node, type, values) {
  const keys = portKeys(node.inputs.map((input) => (type && input.widget) || input.name));
  const saved = new Map(node.inputs.map((input, index) => [keys[index] ?? "", input]));
  if (!type || type.module === CANVAS_MODULE) {
    const own = type && saved.size === 0 ? inputPorts(type).map((port) => ({ ...port, link: null })) : [];
    return [...own, ...[...saved].map(([key, input]) => ofFile(key, input))];
  }
  const declared = inputPorts(type).map((port) => {
    const input = saved.get(port.key);
    saved.delete(port.key);
    const isWidget = !port.widget && values.has(port.name) && (!input || input.widget !== undefined);
    const marked = isWidget ? { ...port, widget: port.name } : port;
    return { ...withLook(marked, input), link: input?.link ?? null };
  });
  const isUsed = (/** @type {RawInput} */ input) => input.link !== null || input.widget === undefined;
  const others = [...saved].filter(([, input]) => isUsed(input));
  return [...declared, ...others.map(([key, input]) => ofFile(key, input))];
}

/**
 * @param {string} key
 * @param {RawInput} input
 * @returns {LinkedPort}
 */
function ofFile(key, input) {
  const port = { key, name: input.name, type: input.type };
  return { ...withLook(input.widget ? { ...port, widget: input.widget } : port, input), link: input.link };
}

/**
 * Return the output ports of a node, matched by number, at least up to `used`.
 *
 * @param {RawNode} node
 * @param {NodeType | undefined} type
 * @param {number} used highest number a link leaves from, -1 for none
 * @returns {PortRecord[]}
 */
export function buildOutputs(node, type, used) {
  const declared = type && type.module !== CANVAS_MODULE ? outputPorts(type) : [];
  const own = type && node.outputs.length === 0 && declared.length === 0 ? outputPorts(type) : declared;
  const count = Math.max(own.length, node.outputs.length, Math.min(used + 1, MOST_OUTPUTS));
  const ports = Array.from({ length: count }, (_, index) => {
    const { name, type: kind } = own[index] ?? node.outputs[index] ?? { name: "", type: "*" };
    return withLook({ name, type: kind, ...extraOf(own[index]) }, node.outputs[index]);
  });
  const keys = portKeys(ports.map((port) => port.name));
  return ports.map((port, index) => ({ ...port, key: keys[index] ?? "" }));
}

/** @param {PortRecord | undefined} port */
function extraOf(port) {
  return port?.extra ? { extra: port.extra } : {};
}

/**
 * Add what a file says about a port's look.
 *
 * @template {{ name: string, type: string, label?: string, extra?: PortRecord["extra"] }} T
 * @param {T} port
 * @param {RawOutput | undefined} saved
 * @returns {T}
 */
function withLook(port, saved) {
  const label = saved?.label ?? port.label;
  const extra = saved?.extra ?? port.extra;
  return { ...port, ...(label === undefined ? {} : { label }), ...(extra ? { extra } : {}) };
}

/**
 * @param {RawNode} node
 * @param {string} id
 * @param {number} z
 * @param {{ inputs: readonly LinkedPort[], outputs: readonly PortRecord[] }} ports
 * @param {NodeValues} found
 * @returns {NodeRecord}
 */
export function buildNode(node, id, z, ports, found) {
  const { collapsed, pinned, ...flags } = node.flags;
  const { [NAMES_KEY]: told, ...properties } = node.properties;
  const { version } = objectOf(told);
  const extra = { ...node.extra, ...(Object.keys(flags).length ? { flags } : {}) };
  return {
    id,
    type: node.type,
    x: node.x,
    y: number(node.y - HEADER_HEIGHT, 0),
    width: node.width,
    height: number(node.height + HEADER_HEIGHT, 0),
    z,
    mode: MODES.get(node.mode) ?? "normal",
    inputs: ports.inputs.map(({ link: _link, ...port }) => port),
    outputs: ports.outputs,
    values: Object.fromEntries(found.values),
    properties,
    ...(typeof version === "number" && version > 1 ? { version } : {}),
    ...(node.title === undefined ? {} : { title: node.title }),
    ...(collapsed ? { collapsed: true } : {}),
    ...(pinned ? { pinned: true } : {}),
    ...(node.color === undefined ? {} : { color: node.color }),
    ...(node.bgcolor === undefined ? {} : { bgcolor: node.bgcolor }),
    ...(found.controls.size ? { controls: Object.fromEntries(found.controls) } : {}),
    ...(Object.keys(found.kept).length ? { kept: found.kept } : {}),
    ...(Object.keys(extra).length ? { extra } : {}),
  };
}
