/** Which inputs several selected nodes share, and what their values are together. Pure. */

/** @typedef {import("../core/types.js").GraphView} GraphView */
/** @typedef {import("../core/types.js").InputType} InputType */
/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").NodeId} NodeId */
/** @typedef {import("../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("../core/types.js").NodeType} NodeType */

import { currentValue } from "../core/catalogue.js";
import { sameJson } from "../core/changes.js";

/**
 * @typedef {object} ParameterGroup
 * @property {NodeType} type
 * @property {readonly NodeId[]} nodes all of that type
 * @property {readonly InputType[]} inputs those with a widget
 */

/**
 * One group for each type, in the order of the selection.
 * @param {Iterable<NodeRecord>} nodes
 * @param {(node: NodeRecord) => NodeType | undefined} typeOf
 * @returns {ParameterGroup[]}
 */
export function parameterGroups(nodes, typeOf) {
  /** @type {Map<string, { type: NodeType, nodes: NodeId[], inputs: InputType[] }>} */
  const groups = new Map();
  for (const node of nodes) {
    const type = typeOf(node);
    if (!type) continue;
    const group = groups.get(node.type) ?? { type, nodes: [], inputs: type.inputs.filter(({ widget, hidden }) => widget && !hidden) };
    group.nodes.push(node.id);
    groups.set(node.type, group);
  }
  return [...groups.values()];
}

/**
 * The value of an input in several nodes.
 * @param {GraphView} graph
 * @param {readonly NodeId[]} ids
 * @param {InputType} input
 * @returns {{ value: Json, isMixed: boolean, linked: number }} `linked`: how many take it by a link
 */
export function commonValue(graph, ids, input) {
  const values = ids.map((id) => currentValue(graph.nodes.get(id)?.values, input));
  const linked = ids.filter((id) => {
    const port = graph.nodes.get(id)?.inputs.find(({ widget }) => widget === input.name);
    return port !== undefined && graph.linkInto(id, port.key) !== undefined;
  }).length;
  const [first = null] = values;
  const isMixed = values.some((value) => !sameJson(value, first));
  return { value: first, isMixed, linked };
}
