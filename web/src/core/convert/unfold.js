/**
 * Unfolds subgraph instances into nested scopes with path ids.
 *
 * @import { Doc } from "../document.js"
 * @import { GraphId, GraphView, NodeId, NodeRecord } from "../types.d.ts"
 * @import { Problems } from "./problems.js"
 */

import { ROOT } from "../document.js";

/** Nodes after unfolding: nested definitions could otherwise multiply without end. */
const MAX_NODES = 100_000;

/**
 * The root graph or the body of one instance.
 *
 * @typedef {object} Scope
 * @property {string} prefix Start of its nodes' execution ids: "" or "57:12:".
 * @property {GraphId} graphId
 * @property {GraphView} graph
 * @property {"mute" | "bypass" | undefined} mode Inherited from the instance.
 * @property {NodeRecord} [instance]
 * @property {Scope} [parent]
 * @property {Map<NodeId, Scope>} inner Scopes of the instances in it.
 */

/**
 * @param {Doc} doc
 * @param {Problems} problems
 * @returns {Scope | undefined} the root's; undefined when nesting yields too many nodes
 */
export function unfold(doc, problems) {
  /** @type {Scope} */
  const root = { prefix: "", graphId: ROOT, graph: doc.root, mode: undefined, inner: new Map() };
  let count = doc.root.nodes.size;
  const waiting = [root];
  for (const scope of waiting) {
    for (const node of scope.graph.nodes.values()) {
      const graph = doc.graph(node.type);
      if (!graph) continue;
      const executionId = scope.prefix + node.id;
      if (isInside(scope, node.type)) {
        const message = `subgraph "${graph.record.name}" contains itself`;
        problems.error("nested_in_itself", message, { executionId });
        continue;
      }
      count += graph.nodes.size;
      if (count > MAX_NODES) {
        problems.error("too_many_nodes", `subgraphs make more than ${MAX_NODES} nodes`);
        return undefined;
      }
      const place = { prefix: `${executionId}:`, graphId: node.type, graph, mode: modeOf(scope, node) };
      const inner = { ...place, instance: node, parent: scope, inner: new Map() };
      scope.inner.set(node.id, inner);
      waiting.push(inner);
    }
  }
  return root;
}

/**
 * Return whether a node is muted or bypassed, by itself or with an instance around it.
 *
 * @param {Scope} scope
 * @param {NodeRecord} node
 */
export function modeOf(scope, node) {
  return scope.mode ?? (node.mode === "mute" || node.mode === "bypass" ? node.mode : undefined);
}

/**
 * Iterate over a scope and all inside it.
 *
 * @param {Scope} root
 * @returns {Generator<Scope>}
 */
export function* walk(root) {
  const waiting = [root];
  for (let scope = waiting.pop(); scope; scope = waiting.pop()) {
    yield scope;
    waiting.push(...[...scope.inner.values()].reverse());
  }
}

/**
 * @param {Scope | undefined} scope
 * @param {GraphId} graphId
 */
function isInside(scope, graphId) {
  for (let at = scope; at; at = at.parent) if (at.graphId === graphId) return true;
  return false;
}
