/**
 * Values that change from run to run: which they are, and what comes next.
 *
 * @import { Doc } from "./document.js"
 * @import { Catalogue, GraphId, InputType, Json, NodeId, SeedControl } from "./types.d.ts"
 */

import { add, between, wholeBound } from "./exact.js";
import { own } from "./json.js";
import { typeOf } from "./node_types.js";

/** Rolled seeds stay below this above their least, as people read them and note them down. */
const ROLL_BELOW = 2 ** 50;

/**
 * @typedef {object} Controlled
 * @property {GraphId} graphId
 * @property {NodeId} nodeId
 * @property {InputType} input
 * @property {SeedControl} control
 * @property {Json} value
 */

/**
 * List the inputs with a control whose value counts: not those a link feeds, nor those of nodes
 * that do not run.
 *
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @returns {Controlled[]}
 */
export function controlledInputs(doc, catalogue) {
  /** @type {Controlled[]} */
  const found = [];
  for (const graphId of doc.graphIds()) {
    const graph = doc.graph(graphId);
    for (const node of graph?.nodes.values() ?? []) {
      if (!node.controls || node.mode === "mute" || node.mode === "bypass") continue;
      const type = typeOf(doc, graphId, node, catalogue);
      for (const [name, control] of Object.entries(node.controls)) {
        const input = type?.inputs.find((candidate) => candidate.name === name);
        const port = node.inputs.find((candidate) => candidate.widget === name);
        const value = own(node.values, name) ?? input?.default;
        if (!input || value === undefined || (port && graph?.linkInto(node.id, port.key))) continue;
        found.push({ graphId, nodeId: node.id, input, control, value });
      }
    }
  }
  return found;
}

/**
 * Return what comes after a value; the value itself where it stays.
 *
 * @param {InputType} input
 * @param {Json} value
 * @param {SeedControl} control
 * @param {() => number} random numbers in [0, 1)
 * @returns {Json}
 */
export function nextValue(input, value, control, random) {
  if (control === "fixed") return value;
  if (input.choices) return nextChoice(input.choices, value, control, random);
  if (typeof value !== "number" && typeof value !== "bigint") return value;
  const { least, most, step } = rangeOf(input);
  if (control === "randomize") {
    const count = Math.floor((Math.min(Number(most), Number(least) + ROLL_BELOW) - Number(least)) / step) + 1;
    return add(least, step * Math.floor(random() * count));
  }
  const next = add(value, control === "decrement" ? -step : step);
  return next > most && control === "increment-wrap" ? least : between(next, least, most);
}

/** @param {InputType} input */
function rangeOf({ options }) {
  const number = (/** @type {Json | undefined} */ value, /** @type {number} */ otherwise) =>
    typeof value === "number" ? value : otherwise;
  const least = wholeBound(number(options.min, 0));
  const most = wholeBound(number(options.max, Infinity));
  return { least, most: most < least ? least : most, step: Math.max(0, number(options.step, 1)) || 1 };
}

/**
 * @param {readonly Json[]} choices
 * @param {Json} value
 * @param {SeedControl} control
 * @param {() => number} random
 * @returns {Json}
 */
function nextChoice(choices, value, control, random) {
  const at = choices.indexOf(value);
  if (control === "randomize") return choices[Math.floor(random() * choices.length)] ?? value;
  if (control === "decrement") return choices[Math.max(0, at - 1)] ?? value;
  return choices[at + 1] ?? (control === "increment-wrap" ? choices[0] : undefined) ?? value;
}
