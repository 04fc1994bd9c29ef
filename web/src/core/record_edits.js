/**
 * @import { Doc } from "./document.js"
 * @import {
 *   Change, GraphId, GraphRecord, GroupRecord, Json, LinkId, LinkRecord, NodeId, NodeRecord, Rect,
 *   RerouteId, RerouteRecord, SeedControl,
 * } from "./types.d.ts"
 */

import { DocumentError, ROOT } from "./document.js";

/** The verbs that replace one record and touch no other. */
export class RecordTx {
  /** @param {Doc} doc */
  constructor(doc) {
    this.doc = doc;
  }

  /** @param {GraphId} graphId */
  graph(graphId) {
    const graph = this.doc.graph(graphId);
    if (!graph) throw new DocumentError(`there is no graph "${graphId}"`);
    return graph;
  }

  /**
   * @param {GraphId} graphId
   * @param {NodeId} id
   */
  node(graphId, id) {
    const node = this.graph(graphId).nodes.get(id);
    if (!node) throw new DocumentError(`graph "${graphId}" has no node "${id}"`);
    return node;
  }

  /**
   * @protected
   * @param {GraphId} graphId
   * @param {LinkId} id
   */
  link(graphId, id) {
    const link = this.graph(graphId).links.get(id);
    if (!link) throw new DocumentError(`graph "${graphId}" has no link "${id}"`);
    return link;
  }

  /**
   * @protected
   * @param {GraphId} graphId
   * @param {string} id
   */
  group(graphId, id) {
    const group = this.graph(graphId).groups.get(id);
    if (!group) throw new DocumentError(`graph "${graphId}" has no group "${id}"`);
    return group;
  }

  /**
   * Add a node; without an id it gets a fresh one, without a height in the stack the front.
   *
   * @param {GraphId} graphId
   * @param {Omit<NodeRecord, "id" | "z"> & { id?: NodeId, z?: number }} record
   * @returns {NodeId}
   */
  addNode(graphId, record) {
    const id = record.id ?? this.doc.freshId("node", graphId);
    const z = record.z ?? topOf(this.graph(graphId).nodes.values()) + 1;
    this.replace("node", graphId, id, null, { ...record, id, z });
    return id;
  }

  /**
   * @param {GraphId} graphId
   * @param {NodeId} id
   * @param {Partial<Omit<NodeRecord, "id">>} partial keys that are undefined are removed
   */
  updateNode(graphId, id, partial) {
    const before = this.node(graphId, id);
    this.replace("node", graphId, id, before, merged(before, partial));
  }

  /**
   * @param {GraphId} graphId
   * @param {LinkRecord} record
   */
  addLink(graphId, record) {
    this.replace("link", graphId, record.id, null, record);
  }

  /**
   * @param {GraphId} graphId
   * @param {LinkId} id
   * @param {Partial<Omit<LinkRecord, "id">>} partial
   */
  updateLink(graphId, id, partial) {
    const before = this.link(graphId, id);
    this.replace("link", graphId, id, before, merged(before, partial));
  }

  /**
   * @param {GraphId} graphId
   * @param {NodeId} id
   * @param {string} name
   * @param {Json} value
   */
  setValue(graphId, id, name, value) {
    this.updateNode(graphId, id, { values: { ...this.node(graphId, id).values, [name]: value } });
  }

  /**
   * @param {GraphId} graphId
   * @param {NodeId} id
   * @param {string} name
   * @param {SeedControl} control
   */
  setControl(graphId, id, name, control) {
    const controls = { ...this.node(graphId, id).controls, [name]: control };
    this.updateNode(graphId, id, { controls });
  }

  /**
   * @param {GraphId} graphId
   * @param {NodeId} id
   * @param {Partial<Rect>} rect
   */
  resize(graphId, id, rect) {
    this.updateNode(graphId, id, rect);
  }

  /**
   * @param {GraphId} graphId
   * @param {Omit<GroupRecord, "id">} record
   * @returns {string}
   */
  addGroup(graphId, record) {
    const id = this.doc.freshId("group", graphId);
    this.replace("group", graphId, id, null, { ...record, id });
    return id;
  }

  /**
   * @param {GraphId} graphId
   * @param {GroupRecord} record
   */
  restoreGroup(graphId, record) {
    this.replace("group", graphId, record.id, null, record);
  }

  /**
   * @param {GraphId} graphId
   * @param {string} id
   * @param {Partial<Omit<GroupRecord, "id">>} partial
   */
  updateGroup(graphId, id, partial) {
    const before = this.group(graphId, id);
    this.replace("group", graphId, id, before, merged(before, partial));
  }

  /**
   * @param {GraphId} graphId
   * @param {RerouteRecord} record
   */
  restoreReroute(graphId, record) {
    this.replace("reroute", graphId, record.id, null, record);
  }

  /**
   * @param {GraphId} graphId
   * @param {RerouteId} id
   * @param {Partial<Omit<RerouteRecord, "id">>} partial
   */
  updateReroute(graphId, id, partial) {
    const before = this.graph(graphId).reroutes.get(id);
    if (!before) throw new DocumentError(`graph "${graphId}" has no dot "${id}"`);
    this.replace("reroute", graphId, id, before, merged(before, partial));
  }

  /** @param {GraphRecord} record */
  addGraph(record) {
    this.replace("graph", record.id, record.id, null, record);
  }

  /**
   * @param {GraphId} graphId
   * @param {Partial<Omit<GraphRecord, "id">>} partial
   */
  updateGraph(graphId, partial) {
    const before = this.graph(graphId).record;
    this.replace("graph", graphId, graphId, before, merged(before, partial));
  }

  /**
   * @param {string} key
   * @param {Json} value null removes it
   */
  setMeta(key, value) {
    this.replace("meta", ROOT, key, this.doc.meta(key), value);
  }

  /**
   * @protected
   * @param {Change["kind"]} kind
   * @param {GraphId} graph
   * @param {string} id
   * @param {unknown} before
   * @param {unknown} after
   */
  replace(kind, graph, id, before, after) {
    this.doc.apply([/** @type {Change} */ ({ kind, graph, id, before, after })]);
  }
}

/**
 * @template {object} T
 * @param {T} before
 * @param {Partial<T>} partial
 * @returns {T}
 */
function merged(before, partial) {
  const after = { ...before, ...partial };
  for (const key of /** @type {(keyof T)[]} */ (Object.keys(partial))) {
    if (partial[key] === undefined) delete after[key];
  }
  return after;
}

/** @param {Iterable<NodeRecord>} nodes */
export function topOf(nodes) {
  let top = 0;
  for (const node of nodes) if (node.z > top) top = node.z;
  return top;
}
