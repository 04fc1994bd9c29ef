/** What a workflow asks for that this machine does not have, and what comes nearest. */

/** @import { Doc } from "../core/document.js" */
/** @import { Catalogue, GraphId, Json, NodeId } from "../core/types.js" */

const FILE = /\.[a-z0-9]{2,12}$/i;

/**
 * @typedef {object} MissingChoice
 * @property {GraphId} graph
 * @property {NodeId} node
 * @property {string} type
 * @property {string} input
 * @property {string} value
 * @property {string | undefined} nearest the choice most like it, if any
 * @property {readonly string[]} choices
 */

/** @typedef {{ types: Map<string, number>, choices: MissingChoice[] }} Missing */

/**
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @returns {Missing} types with how many nodes are of it; files that are no choice of their input
 */
export function findMissing(doc, catalogue) {
  /** @type {Missing} */
  const missing = { types: new Map(), choices: [] };
  for (const graph of doc.graphIds()) {
    for (const node of doc.graph(graph)?.nodes.values() ?? []) {
      const type = catalogue.get(node.type);
      if (!type && !doc.graph(node.type)) missing.types.set(node.type, (missing.types.get(node.type) ?? 0) + 1);
      for (const { name, choices } of type?.inputs ?? []) {
        const value = node.values[name];
        if (!choices || !isMissingFile(value, choices) || doc.graph(graph)?.linkInto(node.id, name)) continue;
        const texts = choices.filter((choice) => typeof choice === "string");
        missing.choices.push({ graph, node: node.id, type: node.type, input: name, value, choices: texts, nearest: nearest(value, texts) });
      }
    }
  }
  return missing;
}

/** @param {Json | undefined} value @param {readonly Json[]} choices @returns {value is string} */
function isMissingFile(value, choices) {
  return typeof value === "string" && FILE.test(value) && !choices.includes(value);
}

/**
 * The choice that shares most of its name: the same file in another folder first.
 * @param {string} wanted
 * @param {readonly string[]} choices
 * @returns {string | undefined}
 */
export function nearest(wanted, choices) {
  const scored = choices.map((choice) => ({ choice, score: likeness(nameOf(wanted), nameOf(choice)) }));
  scored.sort((a, b) => b.score - a.score);
  return scored[0]?.choice;
}

/** @param {string} path */
function nameOf(path) {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1).replace(FILE, "").toLowerCase();
}

/**
 * Dice's coefficient over pairs of letters.
 * @param {string} one
 * @param {string} other
 * @returns {number} 0 to 1
 */
function likeness(one, other) {
  if (one === other) return 1;
  const left = pairs(one);
  const right = pairs(other);
  if (left.size + right.size === 0) return 0;
  const shared = [...left].filter((pair) => right.has(pair)).length;
  return (2 * shared) / (left.size + right.size);
}

/** @param {string} text */
function pairs(text) {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2)));
}
