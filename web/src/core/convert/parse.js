/**
 * Takes a canvas file of either schema apart. Whatever is malformed is named as a problem and left
 * out; nothing here throws, and nothing is known of node types yet.
 *
 * @import { Json, JsonObject } from "../types.d.ts"
 * @import { Problems } from "./problems.js"
 * @import { RawGraph, RawGroup, RawLink, RawReroute, RawWorkflow } from "./raw.d.ts"
 */

import { ROOT } from "../document.js";
import { isObject, rest, shorten } from "../json.js";
import { listOf, number, objectOf, point, text, wholeNumber } from "./fields.js";
import { parseNode, parsePort } from "./parse_node.js";

const INPUT_NODE = -10;
const OUTPUT_NODE = -20;

const LINK_KEYS = new Set(["id", "origin_id", "origin_slot", "target_id", "target_slot", "type", "parentId"]);
const REROUTE_KEYS = new Set(["id", "parentId", "pos", "linkIds"]);
const GROUP_KEYS = new Set(["id", "title", "bounding", "color", "tessera"]);
const GRAPH_KEYS = new Set(["nodes", "links", "groups", "reroutes", "inputs", "outputs", "id", "name"]);
const ROOT_KEYS = new Set([
  ...["nodes", "links", "groups", "reroutes", "version", "definitions"],
  ...["last_node_id", "last_link_id"],
]);

/**
 * @param {JsonObject} json
 * @param {Problems} problems
 * @returns {RawWorkflow}
 */
export function parseWorkflow(json, problems) {
  const definitions = objectOf(json.definitions);
  /** @type {Map<string, RawGraph>} */
  const subgraphs = new Map();
  for (const entry of listOf(definitions.subgraphs)) {
    if (!isObject(entry) || typeof entry.id !== "string" || entry.id === ROOT) {
      problems.warn("bad_subgraph", `a subgraph has no usable id and is left out: ${shorten(entry)}`);
    } else if (subgraphs.has(entry.id)) {
      problems.warn("duplicate_subgraph", `two subgraphs have the id ${entry.id}; the first is used`);
    } else subgraphs.set(entry.id, parseGraph(entry, entry.id, problems));
  }
  return {
    version: typeof json.version === "number" ? json.version : 0.4,
    root: parseGraph(json, ROOT, problems),
    subgraphs,
    definitions: rest(definitions, new Set(["subgraphs"])),
  };
}

/**
 * @param {JsonObject} entry
 * @param {string} id
 * @param {Problems} problems
 * @returns {RawGraph}
 */
function parseGraph(entry, id, problems) {
  const inside = id !== ROOT;
  const { reroutes, linkExtensions, ...extra } = objectOf(entry.extra);
  const extended = new Map(listOf(linkExtensions).filter(isObject).map((e) => [e.id, e]));
  const dots = [...listOf(entry.reroutes), ...listOf(reroutes)];
  const kept = rest(entry, inside ? GRAPH_KEYS : ROOT_KEYS);
  const other = { ...kept, extra, state: readCounters(entry) };
  return {
    id,
    name: text(entry.name) ?? "",
    nodes: parsed(entry.nodes, (node) => parseNode(node, problems)),
    links: parseLinks(entry.links, extended, inside, problems),
    reroutes: parsed(dots, parseReroute),
    groups: parsed(entry.groups, parseGroup),
    inputs: inside ? parsed(entry.inputs, parsePort) : [],
    outputs: inside ? parsed(entry.outputs, parsePort) : [],
    extra: other,
  };
}

/**
 * @template T
 * @param {Json | undefined} entries
 * @param {(entry: Json) => T | undefined} parse
 * @returns {T[]}
 */
function parsed(entries, parse) {
  return listOf(entries).flatMap((entry) => parse(entry) ?? []);
}

/**
 * @param {JsonObject} entry
 * @returns {JsonObject}
 */
function readCounters(entry) {
  const old = { lastNodeId: entry.last_node_id, lastLinkId: entry.last_link_id };
  const given = Object.entries(old).filter(([, value]) => typeof value === "number");
  return { ...objectOf(entry.state), .../** @type {JsonObject} */ (Object.fromEntries(given)) };
}

/**
 * @param {Json | undefined} entries
 * @param {ReadonlyMap<unknown, JsonObject>} extended what lists have no place for, by link id
 * @param {boolean} inside whether the graph has boundary nodes
 * @param {Problems} problems
 */
function parseLinks(entries, extended, inside, problems) {
  /** @type {Map<number, RawLink>} */
  const links = new Map();
  for (const entry of listOf(entries)) {
    const link = entry === null ? undefined : parseLink(entry, extended, inside);
    if (link) links.set(link.id, link);
    else if (entry !== null) problems.warn("bad_link", `a link is malformed and left out: ${shorten(entry)}`);
  }
  return links;
}

/**
 * @param {Json} entry
 * @param {ReadonlyMap<unknown, JsonObject>} extended
 * @param {boolean} inside
 * @returns {RawLink | undefined}
 */
function parseLink(entry, extended, inside) {
  const fields = Array.isArray(entry) ? { ...extended.get(entry[0]), ...fromList(entry) } : entry;
  if (!isObject(fields)) return undefined;
  const id = wholeNumber(fields.id);
  const [from, to] = [endOf(fields.origin_id, inside), endOf(fields.target_id, inside)];
  const [slot, toSlot] = [wholeNumber(fields.origin_slot), wholeNumber(fields.target_slot)];
  if (id === undefined || from === undefined || to === undefined) return undefined;
  if (slot === undefined || toSlot === undefined) return undefined;
  const parent = wholeNumber(fields.parentId);
  const type = typeof fields.type === "string" ? fields.type : "*";
  return { id, from, slot, to, toSlot, type, parent, extra: rest(fields, LINK_KEYS) };
}

/**
 * @param {Json[]} entry
 * @returns {JsonObject}
 */
function fromList([id, origin_id, origin_slot, target_id, target_slot, type = null]) {
  return /** @type {JsonObject} */ ({ id, origin_id, origin_slot, target_id, target_slot, type });
}

/**
 * @param {Json | undefined} id
 * @param {boolean} inside
 */
function endOf(id, inside) {
  if (inside && id === INPUT_NODE) return "@inputs";
  if (inside && id === OUTPUT_NODE) return "@outputs";
  return typeof id === "string" ? id : wholeNumber(id)?.toString();
}

/**
 * @param {Json} entry
 * @returns {RawReroute | undefined}
 */
function parseReroute(entry) {
  const id = isObject(entry) ? wholeNumber(entry.id) : undefined;
  if (!isObject(entry) || id === undefined) return undefined;
  return { id, parent: wholeNumber(entry.parentId), ...point(entry.pos), extra: rest(entry, REROUTE_KEYS) };
}

/**
 * @param {Json} entry
 * @returns {RawGroup | undefined}
 */
function parseGroup(entry) {
  if (!isObject(entry)) return undefined;
  const [x, y, width, height] = listOf(entry.bounding);
  const told = objectOf(entry.tessera);
  const ids = (/** @type {Json | undefined} */ list) =>
    Array.isArray(list) ? list.filter((id) => typeof id === "string") : undefined;
  return {
    id: wholeNumber(entry.id),
    title: text(entry.title) ?? "",
    bounding: [number(x, 0), number(y, 0), number(width, 140), number(height, 80)],
    color: text(entry.color),
    nodes: ids(told.nodes),
    groups: ids(told.groups),
    notes: text(told.notes),
    extra: rest(entry, GROUP_KEYS),
  };
}
