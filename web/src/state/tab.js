/** One open document, with everything about it that is no part of its history. */

/**
 * @import { Camera, Selection, Store, Tab as TabShape } from "../app_types.js"
 * @import { Doc } from "../core/document.js"
 * @import { Tx } from "../core/edits.js"
 * @import { Change, GraphId, Json, NodeId, Problem, Transaction } from "../core/types.js"
 */

import { edit } from "../core/edits.js";
import { History } from "../core/history.js";
import { createStore } from "../core/store.js";
import { newId } from "../net/ids.js";
import { voidProblems } from "./refusals.js";
import { TabRunState } from "./run_state.js";

/** @type {Selection} */
export const NOTHING_SELECTED = {
  nodes: new Set(), groups: new Set(), reroutes: new Set(), links: new Set(),
};
/** @type {Camera} */
const START = { x: 0, y: 0, zoom: 1 };

/** @implements {TabShape} */
export class Tab {
  /** @type {Map<GraphId, Store<Camera>>} */
  #cameras = new Map();

  /**
   * @param {Doc} doc
   * @param {{ id?: string, title: string, file?: string | null, dirty?: boolean }} about
   */
  constructor(doc, { id = newId(), title, file = null, dirty = false }) {
    this.id = id;
    this.doc = doc;
    this.history = new History(doc);
    this.title = createStore(title);
    this.file = createStore(file);
    this.dirty = createStore(dirty);
    this.graphPath = createStore(/** @type {readonly NodeId[]} */ ([]));
    this.selection = createStore(NOTHING_SELECTED);
    this.problems = createStore(/** @type {readonly Problem[]} */ ([]));
    this.run = new TabRunState();
    /** The job whose results are shown; kept with the draft. */
    this.lastJob = createStore(/** @type {string | null} */ (null));
    /** A run failed while another document was shown, and this one was not looked at since. */
    this.hasNewFailure = createStore(false);
    /** Controlled values that a run has used. @type {Map<string, Json>} */
    this.usedSeeds = new Map();
    doc.subscribe((changes) => this.#changed(changes));
  }

  /** @param {GraphId} [graph] @returns {Store<Camera>} */
  camera(graph = this.graphId()) {
    const known = this.#cameras.get(graph);
    if (known) return known;
    const camera = createStore(START);
    this.#cameras.set(graph, camera);
    return camera;
  }

  /** The cameras there are, to keep them with the draft. @returns {{ [graph: GraphId]: Camera }} */
  cameras() {
    return Object.fromEntries([...this.#cameras].map(([graph, camera]) => [graph, camera.get()]));
  }

  /** @returns {GraphId} */
  graphId() {
    return graphAt(this.doc, this.graphPath.get());
  }

  /** @param {NodeId} node */
  executionId(node) {
    return [...this.graphPath.get(), node].join(":");
  }

  /**
   * @param {string} label key of a translated text
   * @param {(tx: Tx) => void} change
   * @param {{ mergeKey?: string }} [options]
   * @returns {Transaction}
   */
  edit(label, change, options) {
    const transaction = edit(this.doc, label, change, options);
    this.history.push(transaction);
    return transaction;
  }

  undo() {
    this.history.undo();
    this.#forget(this.problems.get().filter(({ ofCheck }) => ofCheck));
  }

  redo() {
    this.history.redo();
    this.#forget(this.problems.get().filter(({ ofCheck }) => ofCheck));
  }

  /** @param {readonly Change[]} changes */
  #changed(changes) {
    this.dirty.set(true);
    this.#leaveGoneGraphs();
    this.#deselectGone(changes);
    this.#forget(voidProblems(this.doc, this.problems.get(), changes));
  }

  /** @param {readonly Problem[]} problems */
  #forget(problems) {
    if (problems.length === 0) return;
    const gone = new Set(problems);
    this.problems.update((known) => known.filter((problem) => !gone.has(problem)));
    this.run.clearErrors(gone);
  }

  /** Undo may take away the subgraph that is shown. */
  #leaveGoneGraphs() {
    const path = this.graphPath.get();
    let depth = 0;
    while (depth < path.length && isSubgraphAt(this.doc, path.slice(0, depth + 1))) depth += 1;
    if (depth < path.length) this.graphPath.set(path.slice(0, depth));
  }

  /** @param {readonly Change[]} changes */
  #deselectGone(changes) {
    const graph = this.graphId();
    const gone = new Set(changes.filter((c) => c.graph === graph && c.after === null).map((c) => `${c.kind} ${c.id}`));
    if (gone.size === 0) return;
    this.selection.update((selection) => {
      const kept = {
        nodes: without(selection.nodes, "node", gone),
        groups: without(selection.groups, "group", gone),
        reroutes: without(selection.reroutes, "reroute", gone),
        links: without(selection.links, "link", gone),
      };
      const isSame = kept.nodes === selection.nodes && kept.groups === selection.groups
        && kept.reroutes === selection.reroutes && kept.links === selection.links;
      return isSame ? selection : kept;
    });
  }
}

/**
 * The graph that a path of subgraph instances leads to; the root where it leads nowhere.
 * @param {Doc} doc
 * @param {readonly NodeId[]} path
 * @returns {GraphId}
 */
export function graphAt(doc, path) {
  /** @type {GraphId} */
  let graph = "root";
  for (const id of path) {
    const type = doc.graph(graph)?.nodes.get(id)?.type;
    if (type === undefined || doc.graph(type) === undefined) return "root";
    graph = type;
  }
  return graph;
}

/** @param {Doc} doc @param {readonly NodeId[]} path */
function isSubgraphAt(doc, path) {
  return graphAt(doc, path) !== "root";
}

/**
 * @param {ReadonlySet<string>} ids
 * @param {string} kind
 * @param {ReadonlySet<string>} gone
 * @returns {ReadonlySet<string>} the same set when nothing of it is gone
 */
function without(ids, kind, gone) {
  const kept = [...ids].filter((id) => !gone.has(`${kind} ${id}`));
  return kept.length === ids.size ? ids : new Set(kept);
}
