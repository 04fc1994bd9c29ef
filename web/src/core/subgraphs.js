/**
 * Makes subgraphs of nodes and nodes of subgraphs.
 *
 * @import { Selection } from "./fragments.js"
 * @import { Tx } from "./edits.js"
 * @import { Catalogue, GraphId, LinkRecord, NodeId, NodeRecord, Rect } from "./types.d.ts"
 */

import { boundsOf } from "./geometry.js";
import { copy } from "./fragments.js";
import { own } from "./json.js";
import { layoutNode } from "./node_layout.js";
import { subgraphType, typeOf } from "./node_types.js";
import { createNode } from "./nodes.js";
import { addPort } from "./subgraph_ports.js";
import { inputPort, outputPort } from "./type_rules.js";

/** Pixels between the content of a subgraph and its boundary nodes. */
const MARGIN = 260;

/**
 * Return what is drawn of a node.
 *
 * @param {Tx["doc"]} doc
 * @param {GraphId} graphId
 * @param {NodeRecord} node
 * @param {Catalogue} catalogue
 * @returns {Rect}
 */
export function nodeRect(doc, graphId, node, catalogue) {
  const { width, height } = layoutNode(node, typeOf(doc, graphId, node, catalogue));
  return { x: node.x, y: node.y, width, height };
}

/**
 * Return where the two boundary nodes stand beside a subgraph's content.
 *
 * @param {Rect} bounds
 */
export function boundaryPlaces({ x, y, width }) {
  return { inputsAt: { x: x - MARGIN, y }, outputsAt: { x: x + width + MARGIN / 2, y } };
}

/**
 * Put a selection into a new subgraph and leave one instance in its place, linked as before.
 *
 * Every output outside that fed the selection becomes one input port, every output inside that
 * fed something outside becomes one output port.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {Selection} selection
 * @param {string} name
 * @param {Catalogue} catalogue
 * @returns {NodeId} the instance
 */
export function convertToSubgraph(tx, graphId, selection, name, catalogue) {
  const { nodes, groups } = tx.withMembers(graphId, selection);
  const graph = tx.graph(graphId);
  const rects = [...nodes].map((id) => nodeRect(tx.doc, graphId, tx.node(graphId, id), catalogue));
  const bounds = boundsOf(rects) ?? { x: 0, y: 0, width: 0, height: 0 };
  const crossing = [...graph.links.values()].filter((l) => nodes.has(l.from) !== nodes.has(l.to));
  const entering = crossing.filter((link) => nodes.has(link.to));
  const leaving = crossing.filter((link) => nodes.has(link.from));
  const id = crypto.randomUUID();
  tx.addGraph({
    ...{ id, name, inputs: [], outputs: [] },
    ...boundaryPlaces(bounds),
  });
  copy(tx, tx.doc, graphId, id, { nodes, groups });
  const inputs = addPorts(tx, graphId, id, "inputs", entering);
  const outputs = addPorts(tx, graphId, id, "outputs", leaving);
  const type = subgraphType(tx.doc, id, catalogue);
  if (!type) throw new Error(`subgraph "${id}" was just added`);
  const { controls: _, ...record } = createNode(type, { x: bounds.x, y: bounds.y });
  const instance = tx.addNode(graphId, { ...record, values: {} });
  for (const link of entering) {
    const port = inputs.get(sourceOf(link)) ?? "";
    if (graph.linkInto(instance, port)) continue;
    tx.connect(graphId, { ...link, to: instance, input: port });
  }
  for (const link of leaving) {
    tx.connect(graphId, { ...link, from: instance, output: outputs.get(sourceOf(link)) ?? "" });
  }
  if (groups.size) tx.removeGroups(graphId, groups);
  moveMembership(tx, graphId, nodes, instance);
  tx.removeNodes(graphId, nodes);
  return instance;
}

/** @param {LinkRecord} link */
function sourceOf(link) {
  return JSON.stringify([link.from, link.output]);
}

/**
 * Add a port for each output among links that cross the boundary, and link it inside.
 *
 * @param {Tx} tx
 * @param {GraphId} outer
 * @param {GraphId} inner
 * @param {"inputs" | "outputs"} side
 * @param {readonly LinkRecord[]} links
 * @returns {Map<string, string>} port keys by source
 */
function addPorts(tx, outer, inner, side, links) {
  /** @type {Map<string, string>} */
  const keys = new Map();
  for (const link of links) {
    const source = sourceOf(link);
    if (side === "inputs") {
      const port = inputPort(tx.graph(outer), link.to, link.input);
      if (port && !keys.has(source)) keys.set(source, addPort(tx, inner, side, { ...port, type: link.type }));
      tx.connect(inner, { from: "@inputs", output: keys.get(source) ?? "", to: link.to, input: link.input });
    } else if (!keys.has(source)) {
      const port = outputPort(tx.graph(outer), link.from, link.output);
      const key = addPort(tx, inner, side, port ?? { name: link.output, type: link.type });
      keys.set(source, key);
      tx.connect(inner, { from: link.from, output: link.output, to: "@outputs", input: key });
    }
  }
  return keys;
}

/**
 * Put the instance into the groups its nodes leave, when they were all in one.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {ReadonlySet<NodeId>} nodes
 * @param {NodeId} instance
 */
function moveMembership(tx, graphId, nodes, instance) {
  for (const group of [...tx.graph(graphId).groups.values()]) {
    const members = new Set(group.nodes);
    if (nodes.size === 0 || ![...nodes].every((id) => members.has(id))) continue;
    tx.updateGroup(graphId, group.id, { nodes: [...group.nodes, instance] });
  }
}

/**
 * Replace an instance by what is in it, linked as before, with the values the instance held.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} id
 * @returns {NodeId[]} the nodes that came out
 */
export function unpackSubgraph(tx, graphId, id) {
  const instance = tx.node(graphId, id);
  const inner = tx.graph(instance.type);
  const bounds = boundsOf(inner.nodes.values()) ?? instance;
  const by = { x: instance.x - bounds.x, y: instance.y - bounds.y };
  const everything = { nodes: inner.nodes.keys(), groups: inner.groups.keys() };
  const ids = copy(tx, tx.doc, instance.type, graphId, everything, { by, renumber: true });
  for (const link of [...inner.links.values()]) {
    const to = ids.nodes.get(link.to);
    if (link.from === "@inputs" && to !== undefined) feed(tx, graphId, instance, link, to);
  }
  for (const link of [...tx.graph(graphId).linksOf(id)]) {
    if (link.from === id) drain(tx, graphId, instance, link, ids.nodes);
  }
  const nodes = [...ids.nodes.values()];
  if (instance.mode !== "normal") for (const node of nodes) tx.updateNode(graphId, node, { mode: instance.mode });
  for (const group of [...tx.graph(graphId).groups.values()]) {
    if (group.nodes.includes(id)) tx.updateGroup(graphId, group.id, { nodes: [...group.nodes, ...nodes] });
  }
  tx.removeNodes(graphId, [id]);
  return nodes;
}

/**
 * Give an unpacked node what came in through a port: a link, or the value the instance held.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeRecord} instance
 * @param {LinkRecord} link inside the subgraph
 * @param {NodeId} to
 */
function feed(tx, graphId, instance, link, to) {
  const outer = tx.graph(graphId).linkInto(instance.id, link.output);
  const value = own(instance.values, link.output);
  const widget = inputPort(tx.graph(graphId), to, link.input)?.widget;
  if (outer) tx.connect(graphId, { from: outer.from, output: outer.output, to, input: link.input });
  else if (value !== undefined && widget !== undefined) {
    tx.setValue(graphId, to, widget, value);
    const control = own(instance.controls, link.output);
    if (control) tx.setControl(graphId, to, widget, control);
  }
}

/**
 * Lead a link that left the instance out of the node behind the port.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeRecord} instance
 * @param {LinkRecord} link
 * @param {ReadonlyMap<NodeId, NodeId>} ids
 */
function drain(tx, graphId, instance, link, ids) {
  const inner = tx.graph(instance.type).linkInto("@outputs", link.output);
  if (!inner) return;
  const through = inner.from === "@inputs" ? tx.graph(graphId).linkInto(instance.id, inner.output) : undefined;
  const source = through ?? { from: ids.get(inner.from), output: inner.output };
  if (source.from === undefined) return;
  tx.connect(graphId, { ...link, from: source.from, output: source.output });
}

