/**
 * Finds text in a workflow: titles, types, values, notes, groups, also inside subgraphs.
 *
 * @import { Doc } from "./document.js"
 * @import { GraphId, GraphView, Json, NodeId, NodeRecord } from "./types.d.ts"
 */

import { ROOT } from "./document.js";

/**
 * @typedef {object} Hit
 * @property {GraphId} graphId
 * @property {readonly NodeId[]} path Instances to open, from the root; the first way there is.
 * @property {NodeId} [node]
 * @property {string} [group]
 * @property {"id" | "title" | "type" | "value" | "note" | "group"} where
 * @property {string} [input] Of which input the value is.
 * @property {string} text What matched, whole.
 */

/** Values longer than this are no text anyone looks for (pictures drawn into a widget). */
const LONGEST = 100_000;
const NOTES = new Set(["Note", "MarkdownNote"]);

/**
 * Return all places that contain the query, in the order of reading: outer graphs before inner
 * ones, nodes from top left to bottom right.
 *
 * @param {Doc} doc
 * @param {string} query
 * @param {(node: NodeRecord) => string} [titleOf] title as shown, for nodes without their own
 * @returns {Hit[]}
 */
export function find(doc, query, titleOf = (node) => node.type) {
  const wanted = normalised(query.trim());
  if (!wanted) return [];
  return [...reachable(doc)].flatMap(({ graph, graphId, path }) => {
    const nodes = [...graph.nodes.values()].sort((a, b) => a.y - b.y || a.x - b.x);
    const inNodes = nodes.flatMap((node) => {
      const best = textsOf(node, titleOf).find(({ text }) => normalised(text).includes(wanted));
      return best ? [{ graphId, path, node: node.id, ...best }] : [];
    });
    const inGroups = [...graph.groups.values()].flatMap((group) => {
      const text = [group.title, group.notes ?? ""].find((one) => normalised(one).includes(wanted));
      return text === undefined ? [] : [{ graphId, path, group: group.id, where: GROUP, text }];
    });
    return [...inNodes, ...inGroups];
  });
}

const GROUP = /** @type {const} */ ("group");

/**
 * List the graphs that can be opened, each once with the first way to it.
 *
 * @param {Doc} doc
 * @returns {Generator<{ graph: GraphView, graphId: GraphId, path: NodeId[] }>}
 */
export function* reachable(doc) {
  /** @type {Map<GraphId, NodeId[]>} */
  const paths = new Map([[ROOT, []]]);
  for (const [graphId, path] of paths) {
    const graph = doc.graph(graphId);
    if (!graph) continue;
    yield { graph, graphId, path };
    for (const node of graph.nodes.values()) {
      if (doc.graph(node.type) && !paths.has(node.type)) paths.set(node.type, [...path, node.id]);
    }
  }
}

/**
 * @param {NodeRecord} node
 * @param {(node: NodeRecord) => string} titleOf
 * @returns {{ where: Hit["where"], text: string, input?: string }[]}
 */
function textsOf(node, titleOf) {
  const where = NOTES.has(node.type) ? /** @type {const} */ ("note") : /** @type {const} */ ("value");
  const values = Object.entries(node.values).flatMap(([input, value]) => {
    const text = textOf(value);
    return text === undefined ? [] : [{ where, text, input }];
  });
  return [
    { where: "title", text: node.title ?? titleOf(node) },
    { where: "type", text: node.type },
    ...values,
    { where: "id", text: `#${node.id}` },
  ];
}

/** @param {Json} value */
function textOf(value) {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" && value.length <= LONGEST ? value : undefined;
}

/** @param {string} text */
function normalised(text) {
  return text.normalize("NFKC").toLowerCase();
}
