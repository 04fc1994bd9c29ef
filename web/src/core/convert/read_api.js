/**
 * Reads an API prompt, what the engine is sent: ids, types and inputs, without any places.
 *
 * @import { Doc } from "../document.js"
 * @import { Catalogue, Json, JsonObject, NodeRecord, PortRecord } from "../types.d.ts"
 * @import { Problems } from "./problems.js"
 */

import { portKeys } from "../catalogue.js";
import { ROOT } from "../document.js";
import { edit } from "../edits.js";
import { isObject, shorten } from "../json.js";
import { inColumns } from "../columns.js";
import { layoutNode } from "../node_layout.js";
import { createNode } from "../nodes.js";
import { objectOf, text } from "./fields.js";

/** Sockets drawn for a node of unknown type, whatever number a link claims. */
const MOST_OUTPUTS = 256;
/** Ids that mean something else in a graph. */
export const RESERVED = new Set(["", "@inputs", "@outputs"]);
/** What a literal list is wrapped in; a bare list is a link. */
export const WRAPPER = "__value__";

/**
 * Tell whether a decoded file is an API prompt: every value has a class type.
 *
 * @param {JsonObject} json
 */
export function isApiPrompt(json) {
  const entries = Object.values(json);
  return entries.length > 0 && entries.every((entry) => isObject(entry) && "class_type" in entry);
}

/**
 * Add the nodes of a prompt to a document and lay them out.
 *
 * @param {Doc} doc empty
 * @param {JsonObject} json
 * @param {Catalogue} catalogue
 * @param {Problems} problems
 */
export function readApi(doc, json, catalogue, problems) {
  const named = Object.entries(json).filter(([id]) => !RESERVED.has(id));
  for (const id of Object.keys(json)) {
    if (RESERVED.has(id)) problems.warn("bad_id", `no node can have the id "${id}"; it is left out`);
  }
  const entries = new Map(named.map(([id, entry]) => [id, objectOf(entry)]));
  const used = usedOutputs(entries);
  edit(doc, "edit.open", (tx) => {
    for (const [id, entry] of entries) {
      const type = text(entry.class_type);
      if (type !== undefined) tx.addNode(ROOT, buildNode(id, type, entry, catalogue, used));
      else problems.warn("bad_node", `node ${id} has no usable type: ${shorten(entry.class_type)}`);
      if (type !== undefined && !catalogue.has(type)) {
        const message = `node ${id}: its type "${type}" is not installed; all it holds is kept`;
        problems.warn("unknown_type", message, { executionId: id });
      }
    }
    for (const [id, entry] of entries) {
      for (const [input, value] of Object.entries(objectOf(entry.inputs))) {
        const source = linkSource(value);
        const output = source && doc.root.nodes.get(source.id)?.outputs[source.slot];
        if (source && output && doc.root.nodes.has(id)) {
          tx.connect(ROOT, { from: source.id, output: output.key, to: id, input });
        } else if (source) {
          const message = `node ${id}, input "${input}": its link ${shorten(value)} leads nowhere`;
          problems.warn("missing_link", message, { executionId: id, input });
        }
      }
    }
    arrange(doc, catalogue, (id, at) => tx.updateNode(ROOT, id, at));
  });
}

/**
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @param {(id: string, at: { x: number, y: number }) => void} place
 */
function arrange(doc, catalogue, place) {
  const shapes = new Map([...doc.root.nodes.values()].map((node) => [node.id, layoutNode(node, catalogue.get(node.type))]));
  const nodes = [...shapes].map(([id, { width, height }]) => ({ id, rect: { x: 0, y: 0, width, height } }));
  const links = [...doc.root.links.values()].map(({ from, output, to, input }) =>
    ({ from, to, fromY: shapes.get(from)?.anchor(output, "out")?.y, toY: shapes.get(to)?.anchor(input, "in")?.y }));
  for (const [id, at] of inColumns(nodes, links)) place(id, at);
}

/**
 * @param {string} id
 * @param {string} typeName
 * @param {JsonObject} entry
 * @param {Catalogue} catalogue
 * @param {ReadonlyMap<string, number>} used
 * @returns {Omit<NodeRecord, "z">}
 */
function buildNode(id, typeName, entry, catalogue, used) {
  const type = catalogue.get(typeName);
  const inputs = Object.entries(objectOf(entry.inputs));
  const record = type ? createNode(type, { x: 0, y: 0 }) : placeholder(typeName);
  const present = new Set(record.inputs.map((port) => port.key));
  const linked = inputs.filter(([name, value]) => linkSource(value) && !present.has(name));
  const others = linked.map(([name]) => ({ key: name, name, type: "*" }));
  const given = inputs.filter(([, value]) => !linkSource(value)).map(([name, value]) => [name, unwrap(value)]);
  const title = text(objectOf(entry._meta).title);
  const controls = Object.keys(record.controls ?? {}).map((name) => [name, "fixed"]);
  return {
    ...record,
    id,
    inputs: [...record.inputs, ...others],
    outputs: withOutputs(record.outputs, used.get(id) ?? -1),
    values: { ...record.values, ...Object.fromEntries(given) },
    ...(title === undefined || title === (type?.title ?? typeName) ? {} : { title }),
    ...(controls.length ? { controls: Object.fromEntries(controls) } : {}),
  };
}

/**
 * @param {string} type
 * @returns {Omit<NodeRecord, "id" | "z">}
 */
function placeholder(type) {
  const place = { x: 0, y: 0, width: 220, height: 100 };
  return { type, ...place, mode: "normal", inputs: [], outputs: [], values: {}, properties: {} };
}

/**
 * @param {readonly PortRecord[]} outputs
 * @param {number} last number of the last output a link leaves from
 * @returns {PortRecord[]}
 */
function withOutputs(outputs, last) {
  const missing = Math.min(last + 1, MOST_OUTPUTS) - outputs.length;
  const names = [...outputs.map((port) => port.name), ...Array(Math.max(0, missing)).fill("")];
  return portKeys(names).map((key, i) => outputs[i] ?? { key, name: "", type: "*" });
}

/** @param {ReadonlyMap<string, JsonObject>} entries */
function usedOutputs(entries) {
  /** @type {Map<string, number>} */
  const used = new Map();
  for (const entry of entries.values()) {
    for (const value of Object.values(objectOf(entry.inputs))) {
      const source = linkSource(value);
      if (source) used.set(source.id, Math.max(used.get(source.id) ?? -1, source.slot));
    }
  }
  return used;
}

/**
 * @param {Json} value
 * @returns {{ id: string, slot: number } | undefined} undefined for a literal
 */
function linkSource(value) {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [id, slot] = value;
  return typeof id === "string" && typeof slot === "number" ? { id, slot } : undefined;
}

/** @param {Json} value */
function unwrap(value) {
  return isObject(value) && Array.isArray(value[WRAPPER]) ? value[WRAPPER] : value;
}

