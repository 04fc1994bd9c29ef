/**
 * @import {
 *   BoundaryId, Change, GraphId, GraphRecord, GraphView, GroupRecord, Json, LinkId, LinkRecord,
 *   NodeId, NodeRecord, RerouteRecord,
 * } from "./types.d.ts"
 */

import { coalesce, inverse, sameJson } from "./changes.js";
import { jsonText } from "./json.js";

/** Id of the outermost graph of every document. */
export const ROOT = "root";

/** A change that does not fit the document: a mistake of ours, never of the artist. */
export class DocumentError extends Error {
  /** @override */
  name = "DocumentError";
}

/**
 * One graph of a document, with the links of each node and port at hand.
 *
 * @implements {GraphView}
 */
class Graph {
  /** @type {Map<NodeId, NodeRecord>} */
  nodes = new Map();
  /** @type {Map<LinkId, LinkRecord>} */
  links = new Map();
  /** @type {Map<string, RerouteRecord>} */
  reroutes = new Map();
  /** @type {Map<string, GroupRecord>} */
  groups = new Map();
  /** @type {Map<string, Map<string, LinkRecord>>} links by target node and input */
  #into = new Map();
  /** @type {Map<string, Map<LinkId, LinkRecord>>} links by either end */
  #of = new Map();

  /** @param {GraphRecord} record */
  constructor(record) {
    this.record = record;
  }

  /**
   * @param {NodeId | BoundaryId} node
   * @param {string} input
   */
  linkInto(node, input) {
    return this.#into.get(node)?.get(input);
  }

  /** @param {NodeId | BoundaryId} node */
  linksOf(node) {
    return this.#of.get(node)?.values() ?? [].values();
  }

  get isEmpty() {
    return !(this.nodes.size || this.links.size || this.reroutes.size || this.groups.size);
  }

  /**
   * @param {LinkRecord | null} before
   * @param {LinkRecord | null} after
   */
  indexLink(before, after) {
    if (before) {
      const inputs = this.#into.get(before.to);
      if (inputs?.get(before.input)?.id === before.id) inputs.delete(before.input);
      for (const end of [before.from, before.to]) this.#of.get(end)?.delete(before.id);
    }
    if (after) {
      entry(this.#into, after.to).set(after.input, after);
      for (const end of [after.from, after.to]) entry(this.#of, end).set(after.id, after);
    }
  }
}

/**
 * @template K, V
 * @param {Map<string, Map<K, V>>} maps
 * @param {string} key
 */
function entry(maps, key) {
  let found = maps.get(key);
  if (!found) maps.set(key, (found = new Map()));
  return found;
}

/** A workflow that is open: a root graph and the subgraph definitions it uses. */
export class Doc {
  /** Unique to this opened document; not stored in files. */
  id = crypto.randomUUID();
  /** @type {Map<GraphId, Graph>} */
  #graphs = new Map();
  /** @type {Map<string, Json>} */
  #meta = new Map();
  /** @type {Set<(changes: readonly Change[]) => void>} */
  #listeners = new Set();
  /** @type {Change[] | null} changes of the open batch */
  #batch = null;
  /** @type {Map<string, number>} largest numeric id given out, by kind and graph */
  #lastIds = new Map();

  constructor() {
    this.#graphs.set(ROOT, new Graph({ id: ROOT, name: "", inputs: [], outputs: [] }));
  }

  static empty() {
    return new Doc();
  }

  /** @returns {GraphView} */
  get root() {
    return /** @type {Graph} */ (this.#graphs.get(ROOT));
  }

  /**
   * @param {GraphId} id
   * @returns {GraphView | undefined}
   */
  graph(id) {
    return this.#graphs.get(id);
  }

  /** List the ids of all graphs, the root first. */
  graphIds() {
    return [...this.#graphs.keys()];
  }

  /**
   * Return a value that belongs to the whole file; null when there is none.
   *
   * @param {string} key
   * @returns {Json}
   */
  meta(key) {
    return this.#meta.get(key) ?? null;
  }

  metaKeys() {
    return [...this.#meta.keys()];
  }

  /**
   * Return an id that no record of this kind had while the document was open, so that whatever
   * remembers a removed node never meets another one under its id.
   *
   * @param {"node" | "link" | "reroute" | "group"} kind
   * @param {GraphId} graph
   */
  freshId(kind, graph) {
    const counter = `${kind} ${graph}`;
    const next = (this.#lastIds.get(counter) ?? 0) + 1;
    this.#lastIds.set(counter, next);
    return String(next);
  }

  /**
   * Replace records. All or none are replaced; listeners are told once.
   *
   * @param {readonly Change[]} changes
   * @throws {DocumentError} when a record is not what its change says it was
   */
  apply(changes) {
    let done = 0;
    try {
      for (; done < changes.length; done += 1) this.#replace(/** @type {Change} */ (changes[done]));
    } catch (error) {
      for (const change of inverse(changes.slice(0, done))) this.#replace(change);
      throw error;
    }
    if (this.#batch) this.#batch.push(...changes);
    else if (changes.length) this.#tell(changes);
  }

  /**
   * Run `edit`, whose calls of `apply` take effect at once but are told to listeners together at
   * its end; when it throws they are taken back.
   *
   * @param {() => void} edit
   * @returns {Change[]} what changed in the end, each record at most once
   */
  batch(edit) {
    if (this.#batch) throw new DocumentError("an edit was begun inside another one");
    const batch = (this.#batch = /** @type {Change[]} */ ([]));
    try {
      edit();
    } catch (error) {
      for (const change of inverse(batch)) this.#replace(change);
      throw error;
    } finally {
      this.#batch = null;
    }
    const changes = coalesce(batch);
    if (changes.length) this.#tell(changes);
    return changes;
  }

  /**
   * @param {(changes: readonly Change[]) => void} listener called after the changes took effect
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @param {readonly Change[]} changes */
  #tell(changes) {
    for (const listener of [...this.#listeners]) listener(changes);
  }

  /** @param {Change} change */
  #replace(change) {
    const current = this.#current(change);
    if (current !== change.before && !sameJson(current, change.before)) {
      const where = `${change.kind} "${change.id}" of graph "${change.graph}"`;
      const was = change.before === null ? "must not exist yet" : "is not what the change expects";
      throw new DocumentError(`${where} ${was}; found ${jsonText(current)}`);
    }
    if (change.kind === "graph") return this.#replaceGraph(change);
    if (change.kind === "meta") return this.#setMeta(change.id, change.after);
    const graph = /** @type {Graph} */ (this.#graphs.get(change.graph));
    if (change.kind === "link") graph.indexLink(graph.links.get(change.id) ?? null, change.after);
    const records = /** @type {Map<string, unknown>} */ (this.#recordsOf(change));
    if (change.after === null) records.delete(change.id);
    else records.set(change.id, change.after);
    this.#count(change);
  }

  /** @param {Change} change */
  #current(change) {
    if (change.kind === "meta") return this.#meta.get(change.id) ?? null;
    if (change.kind === "graph") return this.#graphs.get(change.id)?.record ?? null;
    return this.#recordsOf(change).get(change.id) ?? null;
  }

  /** @param {Exclude<Change, { kind: "graph" | "meta" }>} change */
  #recordsOf(change) {
    const graph = this.#graphs.get(change.graph);
    if (!graph) throw new DocumentError(`there is no graph "${change.graph}"`);
    return graph[/** @type {const} */ (`${change.kind}s`)];
  }

  /** @param {Extract<Change, { kind: "graph" }>} change */
  #replaceGraph({ id, after }) {
    const graph = this.#graphs.get(id);
    if (after && graph) graph.record = after;
    else if (after) this.#graphs.set(id, new Graph(after));
    else if (id === ROOT || !graph?.isEmpty) {
      throw new DocumentError(`graph "${id}" cannot be removed: it is the root or not empty`);
    } else this.#graphs.delete(id);
  }

  /**
   * @param {string} key
   * @param {Json} value
   */
  #setMeta(key, value) {
    if (value === null) this.#meta.delete(key);
    else this.#meta.set(key, value);
  }

  /** @param {Change} change */
  #count({ kind, graph, id }) {
    const number = Number(id);
    if (!Number.isSafeInteger(number)) return;
    const counter = `${kind} ${graph}`;
    this.#lastIds.set(counter, Math.max(this.#lastIds.get(counter) ?? 0, number));
  }
}
