/**
 * Rolls seeds before a run, so that the seed shown is the seed used.
 *
 * @import { Tx } from "./edits.js"
 * @import { ApiPrompt, Catalogue, InputType, Json, NodeId, SeedControl } from "./types.d.ts"
 */

import { own } from "./json.js";
import { typeOf } from "./node_types.js";

/** Numbers in files and scripts are exact up to here: 2^53 - 1. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * Give every controlled input its value for the coming run. Inputs that are linked and nodes that
 * do not run keep theirs.
 *
 * @param {Tx} tx
 * @param {Catalogue} catalogue
 * @param {() => number} [random] numbers in [0, 1)
 */
export function rollSeeds(tx, catalogue, random = Math.random) {
  for (const graphId of tx.doc.graphIds()) {
    for (const node of [...tx.graph(graphId).nodes.values()]) {
      if (!node.controls || node.mode === "mute" || node.mode === "bypass") continue;
      const type = typeOf(tx.doc, graphId, node, catalogue);
      for (const [name, control] of Object.entries(node.controls)) {
        const input = type?.inputs.find((candidate) => candidate.name === name);
        const port = node.inputs.find((candidate) => candidate.widget === name);
        if (!input || (port && tx.graph(graphId).linkInto(node.id, port.key))) continue;
        const value = nextValue(input, own(node.values, name) ?? input.default ?? 0, control, random);
        if (value !== undefined) tx.setValue(graphId, node.id, name, value);
      }
    }
  }
}

/**
 * Return an input's next value; undefined when it stays.
 *
 * @param {InputType} input
 * @param {Json} value
 * @param {SeedControl} control
 * @param {() => number} random
 * @returns {Json | undefined}
 */
export function nextValue(input, value, control, random) {
  if (control === "fixed") return undefined;
  if (input.choices) return nextChoice(input.choices, value, control, random);
  if (typeof value !== "number") return undefined;
  const { min, max, step } = rangeOf(input);
  if (control === "randomize") {
    const count = Math.floor((max - min) / step) + 1;
    return min + step * Math.floor(random() * count);
  }
  const next = control === "decrement" ? value - step : value + step;
  if (next > max) return control === "increment-wrap" ? min : max;
  return Math.max(min, next);
}

/**
 * Return what a number input takes, as far as numbers are exact.
 *
 * @param {InputType} input
 */
function rangeOf({ options }) {
  const number = (/** @type {Json | undefined} */ value, /** @type {number} */ otherwise) =>
    typeof value === "number" ? value : otherwise;
  const min = Math.max(number(options.min, 0), -LARGEST);
  return { min, max: Math.min(number(options.max, LARGEST), LARGEST), step: number(options.step, 1) || 1 };
}

/**
 * @param {readonly Json[]} choices
 * @param {Json} value
 * @param {SeedControl} control
 * @param {() => number} random
 */
function nextChoice(choices, value, control, random) {
  if (choices.length === 0) return undefined;
  const at = choices.indexOf(value);
  if (control === "randomize") return choices[Math.floor(random() * choices.length)];
  if (control === "decrement") return choices[Math.max(0, at - 1)];
  const next = at + 1;
  return choices[next < choices.length ? next : control === "increment-wrap" ? 0 : at];
}

/**
 * Return the seed a run used for an input, for "reuse last".
 *
 * @param {ApiPrompt} prompt what was sent
 * @param {readonly NodeId[]} path instances around the node, from the root
 * @param {NodeId} node
 * @param {string} name
 * @returns {Json | undefined} undefined when the run had no such node or it was fed by a link
 */
export function usedValue(prompt, path, node, name) {
  const value = own(own(prompt, [...path, node].join(":"))?.inputs, name);
  return Array.isArray(value) ? undefined : value;
}

