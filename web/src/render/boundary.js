/**
 * The two ends of a subgraph, seen from inside: they stand on the canvas like nodes. Each has one
 * port more than the subgraph, for wires that make a new one.
 */

/** @import { Change, GraphView, NodeRecord, PortRecord } from "../core/types.js" */

export const INPUTS = "@inputs";
export const OUTPUTS = "@outputs";
/** Key of the port that stands for "a new one". */
export const NEW_PORT = "@new";

const WIDTH = 160;

/** @param {string} id */
export function isBoundary(id) {
  return id === INPUTS || id === OUTPUTS;
}

/**
 * @param {GraphView} graph
 * @returns {NodeRecord[]} None for the root graph.
 */
export function boundaryNodes(graph) {
  const { record } = graph;
  if (record.id === "root") return [];
  const inputsAt = record.inputsAt ?? { x: -300, y: 0 };
  const outputsAt = record.outputsAt ?? { x: 600, y: 0 };
  const open = { key: NEW_PORT, name: "", type: "*" };
  return [
    boundary(INPUTS, inputsAt, [], [...record.inputs, open]),
    boundary(OUTPUTS, outputsAt, [...record.outputs, open], []),
  ];
}

/**
 * @param {string} id
 * @param {{ x: number, y: number }} at
 * @param {readonly PortRecord[]} inputs
 * @param {readonly PortRecord[]} outputs
 * @returns {NodeRecord}
 */
function boundary(id, { x, y }, inputs, outputs) {
  return {
    id, type: id, x, y, width: WIDTH, height: 0, z: 0, mode: "normal", inputs, outputs, values: {}, properties: {},
  };
}

/** Whether instances of a subgraph show a change inside: its ports, and the values they stand for. @param {Change} change */
export function altersInstances({ kind, before, after }) {
  if (kind === "node") return before?.values !== after?.values;
  if (kind === "link") return [before, after].some((link) => link?.from === INPUTS);
  return kind === "graph";
}
