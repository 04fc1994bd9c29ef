/**
 * The type of a node as it stands: from the catalogue, or derived from the subgraph it shows or
 * the inputs it feeds.
 *
 * @import { Doc } from "./document.js"
 * @import { Catalogue, GraphId, GraphView, InputType, NodeRecord, NodeType, PortRecord } from "./types.d.ts"
 */

import { SUBGRAPH_MODULE } from "./catalogue.js";
import { own } from "./json.js";

export const PRIMITIVE = "PrimitiveNode";

/**
 * Return the type of a node; undefined when it is not installed.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId where the node stands
 * @param {NodeRecord} node
 * @param {Catalogue} catalogue
 * @returns {NodeType | undefined}
 */
export function typeOf(doc, graphId, node, catalogue) {
  return resolve(doc, graphId, node, catalogue, new Set());
}

/**
 * Return the type the instances of a subgraph have: its ports, those with a widget inside promoted.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId id of the definition
 * @param {Catalogue} catalogue
 * @returns {NodeType | undefined} undefined when there is no such definition
 */
export function subgraphType(doc, graphId, catalogue) {
  return derive(doc, graphId, catalogue, new Set());
}

/**
 * Return the definitions whose instances look otherwise when some graphs change: these, and all
 * they stand in.
 *
 * @param {Doc} doc
 * @param {Iterable<GraphId>} changed
 * @returns {Set<GraphId>}
 */
export function definitionsAround(doc, changed) {
  const found = new Set(changed);
  for (let known = 0; known < found.size;) {
    known = found.size;
    for (const id of doc.graphIds()) {
      const nodes = doc.graph(id)?.nodes.values() ?? [];
      if (!found.has(id) && [...nodes].some(({ type }) => found.has(type))) found.add(id);
    }
  }
  return found;
}

/**
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {NodeRecord} node
 * @param {Catalogue} catalogue
 * @param {ReadonlySet<GraphId>} around definitions being derived; one inside itself has no type
 * @returns {NodeType | undefined}
 */
function resolve(doc, graphId, node, catalogue, around) {
  if (doc.graph(node.type)) return derive(doc, node.type, catalogue, around);
  const type = catalogue.get(node.type);
  if (node.type !== PRIMITIVE || !type) return type;
  const graph = /** @type {GraphView} */ (doc.graph(graphId));
  const fed = [...graph.linksOf(node.id)].find((link) => link.from === node.id);
  const input = fed && widgetBehind(doc, graphId, fed.to, fed.input, catalogue, around);
  return input ? { ...type, inputs: [{ ...input, name: "value", index: 0 }] } : type;
}

/**
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {Catalogue} catalogue
 * @param {ReadonlySet<GraphId>} around
 * @returns {NodeType | undefined}
 */
function derive(doc, graphId, catalogue, around) {
  const graph = doc.graph(graphId);
  if (!graph || around.has(graphId)) return undefined;
  const within = new Set([...around, graphId]);
  const { record } = graph;
  const flags = { isOutput: false, deprecated: false, experimental: false, aliases: [] };
  return {
    ...flags,
    name: graphId,
    title: record.name,
    category: "",
    description: typeof record.extra?.description === "string" ? record.extra.description : "",
    inputs: record.inputs.map((port, index) => {
      const inner = promotedInput(doc, graphId, port, catalogue, within);
      return { ...(inner ?? socket(port)), name: port.key, index };
    }),
    outputs: record.outputs.map(({ name, key, type }) => ({ name, key, type, isList: false })),
    module: SUBGRAPH_MODULE,
  };
}

/**
 * Return the input inside whose widget a port of a subgraph stands for; undefined for a socket.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {PortRecord} port
 * @param {Catalogue} catalogue
 * @param {ReadonlySet<GraphId>} around
 * @returns {InputType | undefined}
 */
function promotedInput(doc, graphId, port, catalogue, around) {
  for (const link of doc.graph(graphId)?.linksOf("@inputs") ?? []) {
    if (link.from !== "@inputs" || link.output !== port.key) continue;
    const input = widgetBehind(doc, graphId, link.to, link.input, catalogue, around);
    if (input) return input;
  }
  return undefined;
}

/**
 * Return the input type of a port that belongs to a widget; its default is the value held there.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {string} nodeId
 * @param {string} key
 * @param {Catalogue} catalogue
 * @param {ReadonlySet<GraphId>} around
 * @returns {InputType | undefined}
 */
function widgetBehind(doc, graphId, nodeId, key, catalogue, around) {
  const node = doc.graph(graphId)?.nodes.get(nodeId);
  const port = node?.inputs.find((candidate) => candidate.key === key);
  if (!node || port?.widget === undefined) return undefined;
  const type = resolve(doc, graphId, node, catalogue, around);
  const input = type?.inputs.find((candidate) => candidate.name === port.widget && candidate.widget);
  return input && { ...input, default: own(node.values, input.name) ?? input.default };
}

/**
 * @param {PortRecord} port
 * @returns {InputType}
 */
function socket(port) {
  return { name: port.key, type: port.type, required: false, index: 0, options: {} };
}
