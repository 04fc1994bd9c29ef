/** What a workflow asks for that this machine does not have, and what comes nearest. */

/** @import { Doc } from "../core/document.js" */
/** @import { Catalogue, GraphId, Json, NodeId } from "../core/types.js" */

import { isVirtual } from "../core/convert/virtual.js";

const FILE = /\.[a-z0-9]{2,12}$/i;
/** From here on two names may mean the same file. */
const ALIKE = 0.5;

/** An input that asks for a file. @typedef {{ graph: GraphId, node: NodeId, type: string, input: string }} FileUse */

/**
 * @typedef {object} MissingFile
 * @property {string} value its name
 * @property {readonly FileUse[]} uses the inputs that ask for it, all with the same choices
 * @property {readonly string[]} choices
 * @property {string | undefined} suggested a file that may be the same under another name
 */

/** @typedef {{ types: Map<string, number>, files: MissingFile[] }} Missing */

/**
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @returns {Missing} types with how many nodes are of it; files that are no choice of their input,
 *   of nodes that run
 */
export function findMissing(doc, catalogue) {
  /** @type {Missing} */
  const missing = { types: new Map(), files: [] };
  /** @type {Map<string, FileUse[]>} */
  const uses = new Map();
  for (const graph of doc.graphIds()) {
    for (const node of doc.graph(graph)?.nodes.values() ?? []) {
      const type = catalogue.get(node.type);
      const isKnown = type || doc.graph(node.type) || isVirtual(node.type, catalogue);
      if (!isKnown) missing.types.set(node.type, (missing.types.get(node.type) ?? 0) + 1);
      if (node.mode !== "normal") continue;
      for (const { name, choices } of type?.inputs ?? []) {
        const value = node.values[name];
        if (!choices || !isMissingFile(value, choices) || doc.graph(graph)?.linkInto(node.id, name)) continue;
        const use = { graph, node: node.id, type: node.type, input: name };
        const key = JSON.stringify([value, choices]), same = uses.get(key);
        if (same) same.push(use);
        else missing.files.push(missingFile(value, uses.set(key, [use]).get(key) ?? [], choices));
      }
    }
  }
  return missing;
}

/** @param {string} value @param {readonly FileUse[]} uses @param {readonly Json[]} offered @returns {MissingFile} */
function missingFile(value, uses, offered) {
  const choices = offered.filter((choice) => typeof choice === "string");
  const file = nearest(value, choices);
  const alike = file !== undefined && likeness(nameOf(value), nameOf(file)) >= ALIKE;
  return { value, uses, choices, suggested: alike ? file : undefined };
}

/** @param {Json | undefined} value @param {readonly Json[]} choices @returns {value is string} */
function isMissingFile(value, choices) {
  return typeof value === "string" && FILE.test(value) && !choices.includes(value);
}

/**
 * The file that shares most of its name, however little: the same file in another folder first.
 * @param {string} wanted
 * @param {readonly string[]} choices
 * @returns {string | undefined}
 */
export function nearest(wanted, choices) {
  const scored = choices.filter((choice) => FILE.test(choice)).map((choice) => ({ choice, score: likeness(nameOf(wanted), nameOf(choice)) }));
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
