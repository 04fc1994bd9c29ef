/**
 * @import { Doc } from "../document.js"
 * @import {
 *   Catalogue, GraphId, GraphRecord, GroupRecord, Json, JsonObject, LinkRecord, Point, PortRecord,
 * } from "../types.d.ts"
 */

import { listOf, objectOf } from "./fields.js";
import { compareIds, executionOrder, fileId } from "./order.js";
import { named, NodeWriter } from "./write_node.js";

const INPUT_NODE = -10;
const OUTPUT_NODE = -20;

/** Writes one graph of a document; the numbers of ports are looked up once. */
export class GraphWriter {
  /**
   * @param {Doc} doc
   * @param {GraphId} id
   * @param {Catalogue} catalogue
   */
  constructor(doc, id, catalogue) {
    const graph = doc.graph(id);
    if (!graph) throw new Error(`there is no graph "${id}" to write`);
    this.graph = graph;
    this.links = [...graph.links.values()].sort((a, b) => compareIds(a.id, b.id));
    const order = executionOrder(graph);
    const nodes = [...graph.nodes.values()].sort((a, b) => a.z - b.z || compareIds(a.id, b.id));
    this.nodes = nodes.map((node) => new NodeWriter(doc, graph, node, catalogue, order.get(node.id) ?? 0));
    this.writers = new Map(this.nodes.map((writer) => [writer.node.id, writer]));
  }

  /** @returns {JsonObject} */
  schema04() {
    const { extra, state, ...other } = this.#others();
    const { lastNodeId, lastLinkId, ...counters } = objectOf(state);
    const reroutes = this.#reroutes();
    const extensions = this.links.flatMap((link) => {
      const kept = { ...parentOf(link), ...link.extra };
      return Object.keys(kept).length ? [{ id: Number(link.id), ...kept }] : [];
    });
    return {
      ...other,
      last_node_id: lastNodeId ?? 0,
      last_link_id: lastLinkId ?? 0,
      nodes: this.nodes.map((writer) => writer.write()),
      links: this.links.map((link) => Object.values(this.#ends(link))),
      groups: this.#groups(),
      ...(Object.keys(counters).length ? { state: counters } : {}),
      extra: {
        ...objectOf(extra),
        ...(reroutes.length ? { reroutes } : {}),
        ...(extensions.length ? { linkExtensions: extensions } : {}),
      },
    };
  }

  /** @returns {JsonObject} */
  schema1() {
    const { extra, state, ...other } = this.#others();
    return {
      ...other,
      state: objectOf(state),
      nodes: this.nodes.map((writer) => writer.write()),
      links: this.links.map((link) => ({ ...this.#ends(link), ...link.extra, ...parentOf(link) })),
      groups: this.#groups(),
      reroutes: this.#reroutes(),
      extra: objectOf(extra),
    };
  }

  /**
   * Return what a subgraph definition has beside its content.
   *
   * @returns {JsonObject}
   */
  definition() {
    const { record } = this.graph;
    return {
      id: record.id,
      name: record.name,
      inputNode: boundary(record, "inputNode", INPUT_NODE, record.inputsAt),
      outputNode: boundary(record, "outputNode", OUTPUT_NODE, record.outputsAt),
      inputs: record.inputs.map((port) => this.#port(port, (link) => link.from === "@inputs" && link.output)),
      outputs: record.outputs.map((port) => this.#port(port, (link) => link.to === "@outputs" && link.input)),
    };
  }

  /**
   * @param {PortRecord} port
   * @param {(link: LinkRecord) => string | false} portOf
   * @returns {JsonObject}
   */
  #port(port, portOf) {
    const linkIds = this.links.filter((link) => portOf(link) === port.key).map((link) => Number(link.id));
    const id = port.extra?.id ?? `${this.graph.record.id}:${port.key}`;
    return { id, ...port.extra, ...named(port), linkIds };
  }

  /** @returns {JsonObject} */
  #others() {
    const { floatingLinks, inputNode: _in, outputNode: _out, ...other } = this.graph.record.extra ?? {};
    const floating = listOf(floatingLinks).filter((link) => this.#stillFloats(objectOf(link)));
    const last = (/** @type {string} */ key, /** @type {Iterable<string>} */ ids) => {
      let most = Number(objectOf(other.state)[key] ?? 0) || 0;
      for (const id of ids) if (Number.isSafeInteger(Number(id))) most = Math.max(most, Number(id));
      return most;
    };
    const state = {
      ...objectOf(other.state),
      lastNodeId: last("lastNodeId", this.graph.nodes.keys()),
      lastLinkId: last("lastLinkId", this.graph.links.keys()),
      lastRerouteId: last("lastRerouteId", this.graph.reroutes.keys()),
      lastGroupId: last("lastGroupId", this.graph.groups.keys()),
    };
    return { ...other, state, ...(floating.length ? { floatingLinks: floating } : {}) };
  }

  /** @param {JsonObject} link one that ends at a dot */
  #stillFloats({ parentId, origin_id, target_id }) {
    const isThere = (/** @type {Json | undefined} */ id) =>
      id === undefined || Number(id) < 0 || this.graph.nodes.has(String(id));
    const dot = parentId === undefined || this.graph.reroutes.has(String(parentId));
    return dot && isThere(origin_id) && isThere(target_id);
  }

  /** @param {LinkRecord} link */
  #ends({ id, from, output, to, input, type }) {
    const { record } = this.graph;
    const numberOf = (/** @type {readonly PortRecord[]} */ ports, /** @type {string} */ key) =>
      ports.findIndex((port) => port.key === key);
    const source = from === "@inputs" ? record.inputs : this.graph.nodes.get(from)?.outputs;
    const [origin_slot, target_slot] = [
      numberOf(source ?? [], output),
      to === "@outputs" ? numberOf(record.outputs, input) : (this.writers.get(to)?.slotOf(input) ?? -1),
    ];
    const origin_id = from === "@inputs" ? INPUT_NODE : fileId(from);
    const target_id = to === "@outputs" ? OUTPUT_NODE : fileId(to);
    return { id: Number(id), origin_id, origin_slot, target_id, target_slot, type };
  }

  /** @returns {Json[]} */
  #reroutes() {
    /** @type {Map<string, { parentId?: number, linkIds: number[] }>} */
    const uses = new Map([...this.graph.reroutes.keys()].map((id) => [id, { linkIds: [] }]));
    for (const link of this.links) {
      for (const [index, id] of (link.reroutes ?? []).entries()) {
        const use = uses.get(id);
        const before = link.reroutes?.[index - 1];
        use?.linkIds.push(Number(link.id));
        if (use && before !== undefined) use.parentId = Number(before);
      }
    }
    return [...this.graph.reroutes.values()]
      .sort((a, b) => compareIds(a.id, b.id))
      .map(({ id, x, y, extra }) => ({ ...extra, id: Number(id), pos: [x, y], ...uses.get(id) }));
  }

  /** @returns {Json[]} */
  #groups() {
    return [...this.graph.groups.values()].sort((a, b) => compareIds(a.id, b.id)).map(writeGroup);
  }
}

/**
 * @param {GraphRecord} record
 * @param {"inputNode" | "outputNode"} key
 * @param {number} id
 * @param {Point | undefined} at
 * @returns {JsonObject}
 */
function boundary(record, key, id, at) {
  const saved = objectOf(record.extra?.[key]);
  const [x = 0, y = 0, width = 120, height = 60] = listOf(saved.bounding);
  return { ...saved, id, bounding: [at?.x ?? x, at?.y ?? y, width, height] };
}

/** @param {LinkRecord} link @returns {{ parentId?: number }} */
function parentOf(link) {
  const last = link.reroutes?.at(-1);
  return last === undefined ? {} : { parentId: Number(last) };
}

/**
 * @param {GroupRecord} group
 * @returns {JsonObject}
 */
function writeGroup({ id, title, x, y, width, height, color, notes, nodes, groups, extra }) {
  return {
    ...extra,
    ...{ id: Number(id), title, bounding: [x, y, width, height] },
    ...(color === undefined ? {} : { color }),
    tessera: {
      ...{ nodes: [...nodes].sort(compareIds), groups: [...groups].sort(compareIds) },
      ...(notes === undefined ? {} : { notes }),
    },
  };
}
