/**
 * Turns nodes of types or forms that are gone into those of today.
 *
 * The engine does the same when it converts a file (`engine/graph/canvas/replace.py`); a fixture
 * that both are tested with keeps them equal. What a step does not mention keeps its name, and
 * what the new type does not know is kept as such values and sockets always are.
 *
 * @import { Doc } from "./document.js"
 * @import { Tx } from "./edits.js"
 * @import { Catalogue, GraphId, Json, JsonObject, NodeId, NodeRecord } from "./types.d.ts"
 */

import { adoptNode } from "./adopt.js";
import { listOf, objectOf } from "./convert/fields.js";
import { readWorkflow } from "./convert/read_canvas.js";
import { NAMES_KEY, storedNames } from "./convert/widget_slots.js";
import { writeWorkflow } from "./convert/write_canvas.js";
import { ROOT } from "./document.js";
import { isObject, own } from "./json.js";

/**
 * One step from an old form to a newer one.
 *
 * @typedef {object} Step
 * @property {string} from
 * @property {string} to
 * @property {ReadonlyMap<string, string>} inputs New names by old ones.
 * @property {ReadonlyMap<number, number>} outputs New numbers by old ones.
 * @property {JsonObject} values What inputs of the new form are set to.
 * @property {readonly string[]} widgets Widgets of the old form, when they differ.
 * @property {number | null} before It applies to older versions of a type that still exists; null
 *   when the old type is gone.
 */

/** @typedef {ReadonlyMap<string, readonly Step[]>} Replacements by old type */
/** @typedef {{ graphId: GraphId, id: NodeId, steps: readonly Step[] }} Replaced */

/**
 * Read the answer of `GET /node_replacements`; what is malformed is left out.
 *
 * @param {unknown} json
 * @returns {Replacements}
 */
export function readReplacements(json) {
  const entries = Object.entries(isObject(json) ? json : {});
  return new Map(entries.map(([from, steps]) => [from, listOf(steps).filter(isObject).flatMap((step) => readStep(from, step))]));
}

/** @param {string} from @param {JsonObject} entry @returns {Step[]} none or one */
function readStep(from, entry) {
  if (typeof entry.new_node_id !== "string") return [];
  const inputs = listOf(entry.input_mapping).filter(isObject);
  const renamed = inputs.filter((one) => typeof one.old_id === "string");
  const set = inputs.filter((one) => "set_value" in one);
  return [{
    from,
    to: entry.new_node_id,
    inputs: new Map(renamed.map((one) => [String(one.old_id), String(one.new_id)])),
    outputs: new Map(listOf(entry.output_mapping).filter(isObject).map((one) => [Number(one.old_idx), Number(one.new_idx)])),
    values: Object.fromEntries(set.map((one) => [String(one.new_id), one.set_value ?? null])),
    widgets: listOf(entry.old_widget_ids).map(String),
    before: typeof entry.before_version === "number" ? entry.before_version : null,
  }];
}

/**
 * Return node types with the versions of their forms, which files are to tell.
 *
 * @param {Catalogue} catalogue
 * @param {Replacements} replacements
 * @returns {Catalogue}
 */
export function withVersions(catalogue, replacements) {
  return new Map([...catalogue].map(([name, type]) => {
    const version = Math.max(1, ...(replacements.get(name) ?? []).map((step) => step.before ?? 1));
    return [name, version > 1 ? { ...type, version } : type];
  }));
}

/**
 * Return what turns a node into one of today; nothing leaves it as it is.
 *
 * @param {Pick<NodeRecord, "type" | "version">} node
 * @param {(type: string) => boolean} isKnown
 * @param {Replacements} replacements
 * @returns {Step[]}
 */
export function stepsFor({ type, version = 1 }, isKnown, replacements) {
  /** @type {Step[]} */
  const steps = [];
  let at = { type, version };
  while (!isKnown(at.type)) {
    const step = replacements.get(at.type)?.find(({ before }) => before === null);
    // Nobody knows what became of it in the end, or it leads in a circle.
    if (!step || steps.includes(step)) return [];
    steps.push(step);
    at = { type: step.to, version: 1 };
  }
  const older = (replacements.get(at.type) ?? []).filter(({ before }) => before !== null && at.version < before);
  return [...steps, ...older.sort((a, b) => Number(a.before) - Number(b.before))];
}

/**
 * List the nodes of a document that have to be replaced.
 *
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @param {Replacements} replacements
 * @returns {Replaced[]}
 */
export function findReplaced(doc, catalogue, replacements) {
  if (replacements.size === 0) return [];
  const isKnown = (/** @type {string} */ type) => catalogue.has(type) || doc.graph(type) !== undefined;
  return doc.graphIds().flatMap((graphId) =>
    [...(doc.graph(graphId)?.nodes.values() ?? [])]
      .map((node) => ({ graphId, id: node.id, steps: stepsFor(node, isKnown, replacements) }))
      .filter(({ steps }) => steps.length > 0));
}

/**
 * Replace nodes, with their links and values.
 *
 * @param {Tx} tx
 * @param {readonly Replaced[]} replaced of `findReplaced`
 * @param {Catalogue} catalogue with versions
 */
export function replaceOldNodes(tx, replaced, catalogue) {
  const json = writeWorkflow(tx.doc, catalogue);
  const subgraphs = listOf(objectOf(json.definitions).subgraphs).filter(isObject);
  const bodies = new Map([[ROOT, json], ...subgraphs.map((body) => /** @type {const} */ ([String(body.id), body]))]);
  for (const { graphId, id, steps } of replaced) {
    const body = bodies.get(graphId);
    const node = listOf(body?.nodes).filter(isObject).find((one) => String(one.id) === id);
    if (body && node) replaceNode(body, node, steps, catalogue);
  }
  const { doc: fresh } = readWorkflow(json, catalogue);
  for (const { graphId, id } of replaced) adoptNode(tx, fresh, graphId, id);
}

/**
 * Change one node of a decoded file, and the links that leave it.
 *
 * @param {JsonObject} body
 * @param {JsonObject} node
 * @param {readonly Step[]} steps
 * @param {Catalogue} catalogue
 */
function replaceNode(body, node, steps, catalogue) {
  const links = listOf(body.links).filter((link) => String(isObject(link) ? link.origin_id : listOf(link)[1]) === String(node.id));
  const slotOf = (/** @type {Json} */ link) => Number(isObject(link) ? link.origin_slot : listOf(link)[2]);
  const slots = new Set([...links.map(slotOf), ...listOf(node.outputs).keys()]);
  let at = new Map([...slots].map((slot) => [slot, slot]));
  for (const step of steps) {
    applyStep(node, step);
    const moves = outputMoves(new Set(at.values()), step.outputs);
    at = new Map([...at].map(([old, now]) => [old, moves.get(now) ?? now]));
  }
  setRecord(node, { version: catalogue.get(String(node.type))?.version ?? 1 });
  if ([...at].some(([old, now]) => old !== now)) node.outputs = [];
  for (const link of links) {
    const slot = at.get(slotOf(link)) ?? slotOf(link);
    if (isObject(link)) link.origin_slot = slot;
    else listOf(link)[2] = slot;
  }
}

/**
 * Return new output numbers by old ones; one that lost its place goes behind all others.
 *
 * @param {ReadonlySet<number>} slots
 * @param {ReadonlyMap<number, number>} mapping
 */
function outputMoves(slots, mapping) {
  const taken = new Set([...slots].flatMap((slot) => mapping.get(slot) ?? []));
  let free = Math.max(-1, ...taken, ...slots) + 1;
  /** @type {Map<number, number>} */
  const moves = new Map();
  for (const slot of [...slots].sort((a, b) => a - b)) {
    const to = mapping.get(slot) ?? (taken.has(slot) ? free++ : slot);
    moves.set(slot, to);
  }
  return moves;
}

/** Entries of widget lists that never run. */
const CONTROL = "control_after_generate";

/** @param {JsonObject} node @param {Step} step */
function applyStep(node, step) {
  const renamed = (/** @type {string} */ name) => step.inputs.get(name) ?? name;
  const stored = node.widgets_values;
  let names = storedNames(objectOf(node.properties), stored);
  if (!names && step.widgets.length && Array.isArray(stored)) {
    names = stored.map((_, index) => (step.widgets[index] === CONTROL ? null : step.widgets[index] ?? null));
  }
  node.type = step.to;
  for (const input of listOf(node.inputs).filter(isObject)) {
    if (isObject(input.widget)) input.widget = { ...input.widget, name: renamed(String(input.widget.name)) };
    input.name = renamed(String(input.name));
  }
  if (isObject(stored)) node.widgets_values = renameKeys(stored, renamed);
  const held = objectOf(own(objectOf(objectOf(node.properties)[NAMES_KEY]), "values"));
  setRecord(node, {
    ...(names ? { widgets: names.map((name) => name === null ? null : renamed(name)) } : {}),
    values: { ...renameKeys(held, renamed), ...step.values },
  });
}

/** @param {JsonObject} entry @param {(name: string) => string} renamed @returns {JsonObject} */
function renameKeys(entry, renamed) {
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => [renamed(name), value]));
}

/** @param {JsonObject} node @param {JsonObject} told */
function setRecord(node, told) {
  const properties = objectOf(node.properties);
  node.properties = { ...properties, [NAMES_KEY]: { ...objectOf(properties[NAMES_KEY]), ...told } };
}
