/**
 * Makes the records of one graph that was read.
 *
 * @import { Catalogue, Change, GroupRecord, LinkRecord, NodeRecord, NodeType, PortRecord, RerouteRecord } from "../types.d.ts"
 * @import { LinkedPort } from "./build_node.js"
 * @import { Problems } from "./problems.js"
 * @import { RawGraph, RawLink, RawNode, RawReroute } from "./raw.d.ts"
 */

import { portKeys } from "../catalogue.js";
import { ROOT } from "../document.js";
import { jsonText } from "../json.js";
import { buildGroups } from "./build_groups.js";
import { buildInputs, buildNode, buildOutputs } from "./build_node.js";
import { listOf, number, objectOf } from "./fields.js";
import { readValues } from "./node_values.js";
import { RESERVED } from "./read_api.js";
import { isVirtual } from "./virtual.js";

/**
 * @param {RawGraph} raw
 * @param {(node: RawNode) => NodeType | undefined} typeOf also of instances
 * @param {Catalogue} catalogue
 * @param {Problems} problems
 * @returns {Change[]}
 */
export function buildGraph(raw, typeOf, catalogue, problems) {
  return new GraphBuilder(raw, typeOf, catalogue, problems).build();
}

class GraphBuilder {
  /** @type {Map<string, NodeRecord>} */
  nodes = new Map();
  /** @type {Map<string, readonly LinkedPort[]>} */
  inputs = new Map();
  /** @type {Map<string, LinkRecord>} */
  links = new Map();

  /**
   * @param {RawGraph} raw
   * @param {(node: RawNode) => NodeType | undefined} typeOf
   * @param {Catalogue} catalogue
   * @param {Problems} problems
   */
  constructor(raw, typeOf, catalogue, problems) {
    this.raw = raw;
    this.typeOf = typeOf;
    this.catalogue = catalogue;
    this.problems = problems;
    /** @type {Map<string, number>} highest output a link leaves from, by node */
    this.used = new Map();
    for (const { from, slot } of raw.links.values()) {
      this.used.set(from, Math.max(this.used.get(from) ?? -1, slot));
    }
    this.reroutes = new Map(raw.reroutes.map((reroute) => [reroute.id, reroute]));
    this.boundary = { inputs: ports(raw.inputs), outputs: ports(raw.outputs) };
  }

  /** @returns {Change[]} */
  build() {
    for (const [index, { id, node }] of this.#withIds().entries()) this.#addNode(node, id, index + 1);
    for (const [id, inputs] of this.inputs) for (const port of inputs) this.#linkPort(id, port);
    for (const link of this.raw.links.values()) if (link.to === "@outputs") this.#linkOutput(link);
    const groups = buildGroups(this.raw.groups, this.nodes);
    return [...this.#graphChange(), ...this.#added("node", this.nodes), ...this.#added("link", this.links),
      ...this.#added("reroute", this.#rerouteRecords()), ...this.#added("group", groups)];
  }

  /** Give every node an id of its own; links mean the first of those that share one. */
  #withIds() {
    const taken = new Set(RESERVED);
    let last = 0;
    for (const { id } of this.raw.nodes) if (Number.isSafeInteger(Number(id))) last = Math.max(last, Number(id));
    return this.raw.nodes.map((node) => {
      let id = node.id;
      if (taken.has(id)) {
        id = String((last += 1));
        if (node.id) this.#warn("duplicate_id", `its id is used twice; it is node ${id} now`, node.id);
      }
      taken.add(id);
      return { id, node };
    });
  }

  /**
   * @param {RawNode} node
   * @param {string} id
   * @param {number} z
   */
  #addNode(node, id, z) {
    const type = this.typeOf(node);
    const found = readValues(node, this.catalogue.has(node.type) ? type : undefined);
    const inputs = buildInputs(node, type, found.values);
    const outputs = buildOutputs(node, type, this.used.get(node.id) ?? -1);
    this.nodes.set(id, buildNode(node, id, z, { inputs, outputs }, found));
    this.inputs.set(id, inputs);
    if (!type && !isVirtual(node.type, this.catalogue)) {
      this.#warn("unknown_type", `its type "${node.type}" is not installed; all it holds is kept`, id);
      return;
    }
    if (found.unplaced) {
      const message = `${found.unplaced} of its widget values belong to no input that is known`;
      this.#warn("unplaced_values", message, id);
    }
    const linked = new Set(inputs.filter((port) => port.link !== null).map((port) => port.name));
    for (const input of found.defaulted.filter((name) => !linked.has(name))) {
      const value = jsonText(found.values.get(input));
      this.#warn("default_used", `no value was saved, so its default ${value} is used`, id, input);
    }
  }

  /**
   * @param {string} to
   * @param {LinkedPort} port
   */
  #linkPort(to, port) {
    if (port.link === null) return;
    const raw = this.raw.links.get(port.link);
    const source = raw && this.#source(raw);
    if (!raw || !source) {
      const why = raw ? `comes from output ${raw.slot} of node ${raw.from}, which` : `${port.link}`;
      this.#warn("missing_link", `its link ${why} does not exist`, to, port.name);
    } else this.#addLink(raw, source, to, port.key);
  }

  /** @param {RawLink} raw */
  #linkOutput(raw) {
    const port = this.boundary.outputs[raw.toSlot];
    const source = this.#source(raw);
    if (!port || !source) {
      this.#warn("missing_link", `a link to output ${raw.toSlot} of the subgraph leads nowhere`, raw.from);
      return;
    }
    for (const link of this.links.values()) {
      if (link.to === "@outputs" && link.input === port.key) this.links.delete(link.id);
    }
    this.#addLink(raw, source, "@outputs", port.key);
  }

  /**
   * @param {RawLink} link
   * @returns {PortRecord | undefined}
   */
  #source({ from, slot }) {
    const outputs = from === "@inputs" ? this.boundary.inputs : this.nodes.get(from)?.outputs;
    return outputs?.[slot];
  }

  /**
   * @param {RawLink} raw
   * @param {PortRecord} source
   * @param {string} to
   * @param {string} input
   */
  #addLink(raw, source, to, input) {
    const id = this.links.has(String(raw.id)) ? this.#freshLinkId() : String(raw.id);
    const type = raw.type === "*" ? source.type : raw.type;
    const reroutes = this.#chain(raw.parent);
    this.links.set(id, {
      ...{ id, from: raw.from, output: source.key, to, input, type },
      ...(reroutes.length ? { reroutes } : {}),
      ...(raw.extra ? { extra: raw.extra } : {}),
    });
  }

  #freshLinkId() {
    let last = 0;
    for (const id of this.raw.links.keys()) last = Math.max(last, id);
    while (this.links.has(String(last))) last += 1;
    return String(last);
  }

  /**
   * List the dots from source to target, given the last one.
   *
   * @param {number | undefined} last
   */
  #chain(last) {
    /** @type {Set<number>} */
    const chain = new Set();
    let at = last === undefined ? undefined : this.reroutes.get(last);
    while (at && !chain.has(at.id)) {
      chain.add(at.id);
      at = at.parent === undefined ? undefined : this.reroutes.get(at.parent);
    }
    return [...chain].reverse().map(String);
  }

  /** @returns {Map<string, RerouteRecord>} */
  #rerouteRecords() {
    const used = new Set([...this.links.values()].flatMap((link) => link.reroutes ?? []));
    return new Map(
      [...this.reroutes.values()].map((raw) => [String(raw.id), rerouteRecord(raw, used.has(String(raw.id)))]),
    );
  }

  /** @returns {Change[]} */
  #graphChange() {
    const { id, name, extra } = this.raw;
    const at = (/** @type {string} */ key) => {
      const [x, y] = listOf(objectOf(extra[key]).bounding);
      return x === undefined ? undefined : { x: number(x, 0), y: number(y, 0) };
    };
    const [inputsAt, outputsAt] = [at("inputNode"), at("outputNode")];
    const places = { ...(inputsAt && { inputsAt }), ...(outputsAt && { outputsAt }) };
    const after = { id, name, ...this.boundary, ...places, extra };
    const before = id === ROOT ? { id, name: "", inputs: [], outputs: [] } : null;
    return [{ kind: "graph", graph: id, id, before, after }];
  }

  /**
   * @param {"node" | "link" | "reroute" | "group"} kind
   * @param {ReadonlyMap<string, NodeRecord | LinkRecord | RerouteRecord | GroupRecord>} records
   * @returns {Change[]}
   */
  #added(kind, records) {
    const graph = this.raw.id;
    return [...records].map(
      ([id, after]) => /** @type {Change} */ ({ kind, graph, id, before: null, after }),
    );
  }

  /**
   * @param {string} code
   * @param {string} message
   * @param {string} id
   * @param {string} [input]
   */
  #warn(code, message, id, input) {
    const inside = this.raw.id === ROOT ? "" : ` of subgraph "${this.raw.name}"`;
    const which = input === undefined ? "" : `, input "${input}"`;
    const place = inside ? {} : { executionId: id, input };
    this.problems.warn(code, `node ${id}${inside}${which}: ${message}`, place);
  }
}

/**
 * @param {RawReroute} raw
 * @param {boolean} used dots no link passes keep their parent as the file has it
 * @returns {RerouteRecord}
 */
function rerouteRecord({ id, x, y, parent, extra }, used) {
  const kept = { ...extra, ...(used || parent === undefined ? {} : { parentId: parent }) };
  return { id: String(id), x, y, ...(Object.keys(kept).length ? { extra: kept } : {}) };
}

/**
 * @param {readonly { name: string, type: string, label?: string, extra?: PortRecord["extra"] }[]} raw
 * @returns {PortRecord[]}
 */
function ports(raw) {
  const keys = portKeys(raw.map((port) => port.name));
  return raw.map(({ name, type, label, extra }, index) => ({
    ...{ key: keys[index] ?? name, name, type },
    ...(label === undefined ? {} : { label }),
    ...(extra ? { extra } : {}),
  }));
}
