/**
 * @import { Doc } from "./document.js"
 * @import { BoundaryId, Catalogue, GraphId, GraphView, NodeId, NodeType, PortRecord } from "./types.d.ts"
 */

/**
 * Why a link is refused: `code` names a text ("connect.type_mismatch"), `values` fill it in.
 *
 * @typedef {{ ok: true }
 *   | { ok: false, code: "missing_port" | "same_node" | "type_mismatch" | "cycle",
 *       values: { needs?: string, got?: string }, suggestion?: string }} Verdict
 */

/**
 * Tell whether an output may be linked to an input.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {NodeId | BoundaryId} from
 * @param {string} output
 * @param {NodeId | BoundaryId} to
 * @param {string} input
 * @param {Catalogue} catalogue where to look for a node type that converts
 * @returns {Verdict}
 */
export function canConnect(doc, graphId, from, output, to, input, catalogue) {
  const graph = doc.graph(graphId);
  const source = graph && outputPort(graph, from, output);
  const target = graph && inputPort(graph, to, input);
  if (!source || !target) return { ok: false, code: "missing_port", values: {} };
  if (from === to) return { ok: false, code: "same_node", values: {} };
  if (!compatible(source.type, target.type)) {
    const values = { needs: target.type, got: source.type };
    const suggestion = converterFor(source.type, target.type, catalogue)?.name;
    return { ok: false, code: "type_mismatch", values, suggestion };
  }
  if (downstream(graph, to).has(from)) return { ok: false, code: "cycle", values: {} };
  return { ok: true };
}

/**
 * Return a port that gives values, seen from inside the graph.
 *
 * @param {GraphView} graph
 * @param {NodeId | BoundaryId} node
 * @param {string} key
 * @returns {PortRecord | undefined}
 */
export function outputPort(graph, node, key) {
  const ports = node === "@inputs" ? graph.record.inputs : graph.nodes.get(node)?.outputs;
  return ports?.find((port) => port.key === key);
}

/**
 * Return a port that takes values, seen from inside the graph.
 *
 * @param {GraphView} graph
 * @param {NodeId | BoundaryId} node
 * @param {string} key
 * @returns {PortRecord | undefined}
 */
export function inputPort(graph, node, key) {
  const ports = node === "@outputs" ? graph.record.outputs : graph.nodes.get(node)?.inputs;
  return ports?.find((port) => port.key === key);
}

/**
 * Tell whether two socket types connect: "*" and "" match all, else any comma-separated part does.
 *
 * @param {string} one
 * @param {string} other
 */
export function compatible(one, other) {
  if (isAny(one) || isAny(other) || one === other) return true;
  const parts = new Set(partsOf(one));
  return partsOf(other).some((part) => parts.has(part));
}

/** @param {string} type */
export function isAny(type) {
  return type === "*" || type === "" || type === "0";
}

/** @param {string} type */
function partsOf(type) {
  return type.split(",").map((part) => part.trim().toLowerCase());
}

/**
 * Return all nodes that a node's outputs reach, and itself.
 *
 * @param {GraphView} graph
 * @param {NodeId | BoundaryId} node
 * @returns {Set<NodeId | BoundaryId>}
 */
export function downstream(graph, node) {
  const reached = new Set([node]);
  for (const id of reached) {
    for (const link of graph.linksOf(id)) if (link.from === id) reached.add(link.to);
  }
  return reached;
}

/**
 * Return all nodes whose outputs reach a node, and itself.
 *
 * @param {GraphView} graph
 * @param {NodeId | BoundaryId} node
 * @returns {Set<NodeId | BoundaryId>}
 */
export function upstream(graph, node) {
  const reached = new Set([node]);
  for (const id of reached) {
    for (const link of graph.linksOf(id)) if (link.to === id) reached.add(link.from);
  }
  return reached;
}

/**
 * Return the node type that best makes one type of another: the fewest other sockets it needs,
 * then built-in ones, then the first by name.
 *
 * @param {string} got
 * @param {string} needs
 * @param {Catalogue} catalogue
 * @returns {NodeType | undefined}
 */
export function converterFor(got, needs, catalogue) {
  let best;
  for (const type of catalogue.values()) {
    const cost = conversionCost(type, got, needs);
    const better = !best || cost < best.cost || (cost === best.cost && type.name < best.type.name);
    if (cost < Infinity && better) best = { type, cost };
  }
  return best?.type;
}

/**
 * @param {NodeType} type
 * @param {string} got
 * @param {string} needs
 * @returns {number} Infinity when it does not convert
 */
function conversionCost(type, got, needs) {
  const sockets = type.inputs.filter((input) => input.required && !input.widget);
  const takes = sockets.some((socket) => !isAny(socket.type) && compatible(socket.type, got));
  const gives = type.outputs.some((output) => !isAny(output.type) && compatible(output.type, needs));
  // What needs one already only changes it.
  const changes = sockets.some((socket) => !isAny(socket.type) && compatible(socket.type, needs));
  if (!takes || !gives || changes || type.deprecated || type.experimental) return Infinity;
  return 4 * sockets.length + 2 * (type.outputs.length - 1) + (type.module === "nodes" ? 0 : 1);
}
