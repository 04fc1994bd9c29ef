/**
 * Adds, names and removes the ports of subgraphs, and keeps their instances alike.
 *
 * @import { Tx } from "./edits.js"
 * @import { Catalogue, GraphId, NodeId, PortRecord } from "./types.d.ts"
 */

import { subgraphType } from "./node_types.js";
import { inputPorts, outputPorts } from "./nodes.js";
import { inputPort, outputPort } from "./type_rules.js";

/**
 * Add a port to a subgraph's definition; `syncInstances` gives it to the instances.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {"inputs" | "outputs"} side
 * @param {{ name: string, type: string, label?: string }} port
 * @returns {string} its key
 */
export function addPort(tx, graphId, side, { name, type, label }) {
  const { record } = tx.graph(graphId);
  const taken = new Set(record[side].map((other) => other.key));
  let key = name || type.toLowerCase();
  for (let count = 2; taken.has(key); count += 1) key = `${name || type.toLowerCase()}_${count}`;
  const look = label === undefined ? {} : { label };
  const port = { key, name: key, type, ...look, extra: { id: crypto.randomUUID() } };
  tx.updateGraph(graphId, { [side]: [...record[side], port] });
  return key;
}

/**
 * Make an input inside (a widget or a socket) a port of the subgraph.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} node
 * @param {string} input
 * @param {Catalogue} catalogue
 * @returns {string} the port's key
 */
export function promoteInput(tx, graphId, node, input, catalogue) {
  const port = inputPort(tx.graph(graphId), node, input);
  if (!port) throw new Error(`node "${node}" of "${graphId}" has no input "${input}"`);
  const key = addPort(tx, graphId, "inputs", port);
  tx.connect(graphId, { from: "@inputs", output: key, to: node, input });
  syncInstances(tx, graphId, catalogue);
  return key;
}

/**
 * Make an output inside a port of the subgraph.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} node
 * @param {string} output
 * @param {Catalogue} catalogue
 * @returns {string} the port's key
 */
export function promoteOutput(tx, graphId, node, output, catalogue) {
  const port = outputPort(tx.graph(graphId), node, output);
  if (!port) throw new Error(`node "${node}" of "${graphId}" has no output "${output}"`);
  const key = addPort(tx, graphId, "outputs", port);
  tx.connect(graphId, { from: node, output, to: "@outputs", input: key });
  syncInstances(tx, graphId, catalogue);
  return key;
}

/**
 * Remove a port, its links inside and those of every instance.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {"inputs" | "outputs"} side
 * @param {string} key
 * @param {Catalogue} catalogue
 */
export function removePort(tx, graphId, side, key, catalogue) {
  const graph = tx.graph(graphId);
  const boundary = side === "inputs" ? "@inputs" : "@outputs";
  for (const link of [...graph.linksOf(boundary)]) {
    if ((side === "inputs" ? link.output : link.input) === key) tx.disconnect(graphId, link.id);
  }
  tx.updateGraph(graphId, { [side]: graph.record[side].filter((port) => port.key !== key) });
  syncInstances(tx, graphId, catalogue);
}

/**
 * Change what a port is called; its key, and so every link, stays.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {"inputs" | "outputs"} side
 * @param {string} key
 * @param {string} label
 * @param {Catalogue} catalogue
 */
export function renamePort(tx, graphId, side, key, label, catalogue) {
  const ports = tx.graph(graphId).record[side];
  tx.updateGraph(graphId, { [side]: ports.map((port) => (port.key === key ? { ...port, label } : port)) });
  syncInstances(tx, graphId, catalogue);
}

/**
 * Give all instances of a definition the ports it has now; links into ports that are gone go.
 *
 * @param {Tx} tx
 * @param {GraphId} definition
 * @param {Catalogue} catalogue
 */
export function syncInstances(tx, definition, catalogue) {
  const type = subgraphType(tx.doc, definition, catalogue);
  if (!type) return;
  const { record } = tx.graph(definition);
  const labels = new Map([...record.inputs, ...record.outputs].map((port) => [port.key, port.label]));
  const labelled = (/** @type {PortRecord} */ port) => {
    const label = labels.get(port.key);
    return label === undefined ? port : { ...port, label };
  };
  const [inputs, outputs] = [inputPorts(type).map(labelled), outputPorts(type).map(labelled)];
  for (const graphId of tx.doc.graphIds()) {
    for (const node of [...tx.graph(graphId).nodes.values()]) {
      if (node.type !== definition) continue;
      for (const link of [...tx.graph(graphId).linksOf(node.id)]) {
        const ports = link.to === node.id ? inputs : outputs;
        const key = link.to === node.id ? link.input : link.output;
        if (!ports.some((port) => port.key === key)) tx.disconnect(graphId, link.id);
      }
      tx.updateNode(graphId, node.id, { inputs, outputs });
    }
  }
}
