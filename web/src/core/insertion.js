/**
 * Puts nodes on wires and makes room around them; swaps and switches nodes.
 *
 * @import { Tx } from "./edits.js"
 * @import { Catalogue, GraphId, LinkId, LinkRecord, NodeId, NodeMode, NodeRecord, NodeType, PortRecord } from "./types.d.ts"
 */

import { bypassed } from "./convert/resolve.js";
import { overlaps } from "./geometry.js";
import { own } from "./json.js";
import { createNode } from "./nodes.js";
import { nodeRect } from "./subgraphs.js";
import { compatible, downstream, inputPort, isAny } from "./type_rules.js";

/** Least pixels between an inserted node and its neighbours. */
const GAP = 40;

/**
 * Return the ports by which a node would sit on a wire; undefined when its types do not fit.
 *
 * Sockets count before widgets, and ports of the wire's own type before those that take anything.
 *
 * @param {Tx["doc"]} doc
 * @param {GraphId} graphId
 * @param {NodeId} nodeId
 * @param {LinkId} linkId
 * @returns {{ input: string, output: string } | undefined}
 */
export function insertionPorts(doc, graphId, nodeId, linkId) {
  const graph = doc.graph(graphId);
  const [node, link] = [graph?.nodes.get(nodeId), graph?.links.get(linkId)];
  if (!graph || !node || !link || link.from === nodeId || link.to === nodeId) return undefined;
  const target = inputPort(graph, link.to, link.input);
  const free = node.inputs.filter((port) => !graph.linkInto(nodeId, port.key));
  const input = bestPort(free, link.type);
  const output = bestPort(node.outputs, target?.type ?? link.type);
  if (!input || !output || downstream(graph, nodeId).has(link.from)) return undefined;
  return downstream(graph, link.to).has(nodeId) ? undefined : { input: input.key, output: output.key };
}

/**
 * @param {readonly PortRecord[]} ports
 * @param {string} type
 */
function bestPort(ports, type) {
  const fitting = ports.filter((port) => compatible(port.type, type));
  const cost = (/** @type {PortRecord} */ port) => (port.widget ? 2 : 0) + (isAny(port.type) ? 1 : 0);
  return fitting.sort((a, b) => cost(a) - cost(b))[0];
}

/**
 * Put a node on a wire and move what follows it to the right, as far as needed.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} nodeId
 * @param {LinkId} linkId
 * @param {Catalogue} catalogue
 * @returns {boolean} whether it fits there
 */
export function insertOnLink(tx, graphId, nodeId, linkId, catalogue) {
  const ports = insertionPorts(tx.doc, graphId, nodeId, linkId);
  if (!ports) return false;
  const link = /** @type {LinkRecord} */ (tx.graph(graphId).links.get(linkId));
  const { from, output, to, input } = link;
  tx.connect(graphId, { from: nodeId, output: ports.output, to, input });
  tx.connect(graphId, { from, output, to: nodeId, input: ports.input });
  pushAside(tx, graphId, nodeId, catalogue);
  return true;
}

/**
 * Move the nodes behind a node to the right until none of them lies on or too near to it.
 *
 * All of them move by the same distance, so what was arranged stays arranged.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} nodeId
 * @param {Catalogue} catalogue
 */
export function pushAside(tx, graphId, nodeId, catalogue) {
  const rectOf = (/** @type {NodeId} */ id) => nodeRect(tx.doc, graphId, tx.node(graphId, id), catalogue);
  const behind = [...downstream(tx.graph(graphId), nodeId)].filter(
    (id) => id !== nodeId && tx.graph(graphId).nodes.has(id) && !tx.node(graphId, id).pinned,
  );
  const own = rectOf(nodeId);
  const room = { ...own, width: own.width + GAP };
  let by = 0;
  for (const id of behind) {
    const rect = rectOf(id);
    const inTheWay = overlaps(rect, room) || isFedBy(tx, graphId, id, nodeId);
    if (inTheWay) by = Math.max(by, room.x + room.width - rect.x);
  }
  if (by > 0) tx.moveNodes(graphId, behind, { x: by, y: 0 });
}

/**
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} id
 * @param {NodeId} source
 */
function isFedBy(tx, graphId, id, source) {
  for (const link of tx.graph(graphId).linksOf(id)) if (link.from === source && link.to === id) return true;
  return false;
}

/**
 * Take a node out of its wires: what fed it feeds what it fed, where the types allow.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} nodeId
 */
export function detach(tx, graphId, nodeId) {
  const graph = tx.graph(graphId);
  const node = tx.node(graphId, nodeId);
  for (const link of [...graph.linksOf(nodeId)]) {
    if (link.from !== nodeId) continue;
    const slot = node.outputs.findIndex((port) => port.key === link.output);
    const wanted = inputPort(graph, link.to, link.input)?.type ?? "*";
    const port = bypassed(node, slot, wanted);
    const source = port && graph.linkInto(nodeId, port.key);
    if (source) tx.connect(graphId, { ...link, from: source.from, output: source.output });
    else tx.disconnect(graphId, link.id);
  }
  for (const link of [...graph.linksOf(nodeId)]) tx.disconnect(graphId, link.id);
}

/**
 * Give nodes a mode, or the normal one when all of them have it.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {Iterable<NodeId>} ids
 * @param {NodeMode} mode
 */
export function toggleMode(tx, graphId, ids, mode) {
  const nodes = [...ids].map((id) => tx.node(graphId, id));
  const next = nodes.every((node) => node.mode === mode) ? "normal" : mode;
  for (const node of nodes) tx.updateNode(graphId, node.id, { mode: next });
}

/**
 * List the linked outputs of a node that give nothing while it is bypassed, for no wire of their
 * type comes in.
 *
 * @param {Tx["doc"]} doc
 * @param {GraphId} graphId
 * @param {NodeId} id
 * @returns {string[]}
 */
export function bypassGaps(doc, graphId, id) {
  const graph = doc.graph(graphId);
  const node = graph?.nodes.get(id);
  if (!graph || !node) return [];
  const gaps = new Set();
  for (const link of graph.linksOf(id)) {
    if (link.from !== id) continue;
    const slot = node.outputs.findIndex((port) => port.key === link.output);
    const wanted = inputPort(graph, link.to, link.input)?.type ?? "*";
    const port = bypassed(node, slot, wanted);
    if (!port || !graph.linkInto(id, port.key)) gaps.add(link.output);
  }
  return [...gaps];
}

/**
 * What becomes of the inputs and outputs of a node that is replaced.
 *
 * @typedef {object} Mapping
 * @property {ReadonlyMap<string, string>} [inputs] Old names of the new type's inputs.
 * @property {ReadonlyMap<string, string>} [outputs] Old keys of the new type's outputs.
 * @property {NodeRecord["values"]} [values] Values the new node gets whatever the old one held.
 */

/**
 * Make a node one of another type, keeping place, links and values wherever names and types allow.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} id
 * @param {NodeType} type
 * @param {Mapping} [mapping] by default names stay what they are
 */
export function replaceNode(tx, graphId, id, type, { inputs, outputs, values } = {}) {
  const old = tx.node(graphId, id);
  const fresh = createNode(type, old);
  const links = [...tx.graph(graphId).linksOf(id)];
  const kept = type.inputs.flatMap(({ name, widget }) => {
    const value = widget ? own(old.values, inputs?.get(name) ?? name) : undefined;
    return value === undefined ? [] : [[name, value]];
  });
  const { width, height, mode, collapsed, pinned, title, color, bgcolor, extra } = old;
  const properties = { ...old.properties, ...fresh.properties };
  const look = { mode, collapsed, pinned, title, color, bgcolor, properties, extra };
  const size = { width: Math.max(width, fresh.width), height: Math.max(height, fresh.height) };
  const held = { ...fresh.values, ...Object.fromEntries(kept), ...values };
  for (const link of links) tx.disconnect(graphId, link.id);
  const controls = fresh.controls && { ...fresh.controls, ...old.controls };
  tx.updateNode(graphId, id, { ...fresh, version: fresh.version, ...look, ...size, values: held, controls, kept: undefined });
  for (const link of links) relink(tx, graphId, id, link, fresh, { inputs, outputs });
}

/**
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} id
 * @param {LinkRecord} link
 * @param {Pick<NodeRecord, "inputs" | "outputs">} fresh
 * @param {Mapping} mapping
 */
function relink(tx, graphId, id, link, fresh, { inputs, outputs }) {
  if (link.to === id) {
    const port = fresh.inputs.find(({ key, type }) =>
      (inputs?.get(key) ?? key) === link.input && compatible(type, link.type));
    if (port) tx.connect(graphId, { from: link.from, output: link.output, to: id, input: port.key });
  } else {
    const port = fresh.outputs.find(({ key, type }) =>
      (outputs?.get(key) ?? key) === link.output && compatible(type, link.type));
    if (port) tx.connect(graphId, { from: id, output: port.key, to: link.to, input: link.input });
  }
}

