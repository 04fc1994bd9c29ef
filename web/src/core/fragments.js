/**
 * Parts of a document taken out and put in elsewhere: what copying, duplicating and subgraphs
 * are made of.
 *
 * @import { Tx } from "./edits.js"
 * @import { GraphId, GroupId, GroupRecord, LinkId, LinkRecord, NodeId, Point, RerouteId } from "./types.d.ts"
 */

import { sameJson } from "./changes.js";
import { Doc, ROOT } from "./document.js";
import { edit } from "./edits.js";
import { reachable } from "./find.js";

/**
 * @typedef {{ nodes?: Iterable<NodeId>, groups?: Iterable<GroupId>,
 *   reroutes?: Iterable<RerouteId> }} Selection
 * @typedef {{ nodes: Map<NodeId, NodeId>, groups: Map<GroupId, GroupId>,
 *   reroutes: Map<RerouteId, RerouteId>, links: Map<LinkId, LinkId> }} NewIds new ids by old ones
 */

/**
 * Return a document of the selected nodes and groups (with their members), the links between
 * them and the subgraph definitions they use.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {Selection} selection
 * @returns {Doc}
 */
export function extract(doc, graphId, selection) {
  const part = Doc.empty();
  edit(part, "edit.copy", (tx) => {
    const ids = copy(tx, doc, graphId, ROOT, selection);
    for (const id of ids.nodes.keys()) copyDefinition(tx, doc, doc.graph(graphId)?.nodes.get(id)?.type ?? "");
  });
  return part;
}

/**
 * Put the root graph of another document into a graph, with new ids.
 *
 * A subgraph definition that both have alike is shared; one that differs comes in as a copy of
 * its own.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {Doc} part
 * @param {Point} by how far everything is moved
 * @returns {NewIds}
 */
export function insert(tx, graphId, part, by) {
  const types = new Map();
  for (const { graphId: id } of [...reachable(part)].slice(1)) types.set(id, definitionFor(tx, part, id));
  for (const [id, target] of types) if (id !== target || !tx.doc.graph(id)) fillDefinition(tx, part, id, target, types);
  const all = { nodes: part.root.nodes.keys(), groups: part.root.groups.keys() };
  return copy(tx, part, ROOT, graphId, all, { by, types, renumber: true });
}

/**
 * Duplicate a selection in place. A duplicate belongs to the group its original belongs to, unless
 * that group is duplicated itself.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {Selection} selection
 * @param {Point} by
 * @returns {NewIds}
 */
export function duplicate(tx, graphId, selection, by) {
  const ids = copy(tx, tx.doc, graphId, graphId, selection, { by, renumber: true });
  for (const [old, id] of ids.nodes) keepInputs(tx, graphId, old, id);
  keepGroups(tx, graphId, ids);
  return ids;
}

/**
 * Put duplicates into the groups of their originals.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NewIds} ids
 */
function keepGroups(tx, graphId, ids) {
  const made = new Set(ids.groups.values());
  for (const group of [...tx.graph(graphId).groups.values()]) {
    if (made.has(group.id) || ids.groups.has(group.id)) continue;
    const nodes = mapped(group.nodes, ids.nodes);
    const groups = mapped(group.groups, ids.groups);
    if (nodes.length + groups.length === 0) continue;
    tx.updateGroup(graphId, group.id, { nodes: [...group.nodes, ...nodes], groups: [...group.groups, ...groups] });
  }
}

/**
 * Feed a duplicate from the same outputs as its original.
 *
 * @param {Tx} tx
 * @param {GraphId} graphId
 * @param {NodeId} old
 * @param {NodeId} id
 */
function keepInputs(tx, graphId, old, id) {
  const graph = tx.graph(graphId);
  for (const { from, output, to, input } of [...graph.linksOf(old)]) {
    if (to !== old || graph.linkInto(id, input)) continue;
    tx.connect(graphId, { from, output, to: id, input });
  }
}

/**
 * Copy records from one graph to another.
 *
 * @param {Tx} tx of the target's document
 * @param {Doc} source
 * @param {GraphId} from
 * @param {GraphId} to
 * @param {Selection} selection
 * @param {object} [options]
 * @param {Point} [options.by]
 * @param {ReadonlyMap<string, string>} [options.types] new types, for renamed definitions
 * @param {boolean} [options.renumber] whether records get fresh ids
 * @returns {NewIds}
 */
export function copy(tx, source, from, to, selection, options = {}) {
  const { by = { x: 0, y: 0 }, types = new Map(), renumber = false } = options;
  const graph = source.graph(from);
  /** @type {NewIds} */
  const ids = { nodes: new Map(), groups: new Map(), reroutes: new Map(), links: new Map() };
  if (!graph) return ids;
  const { nodes, groups } = membersOf(source, from, selection);
  const byDepth = [...nodes].flatMap((id) => graph.nodes.get(id) ?? []).sort((a, b) => a.z - b.z);
  for (const { id, z, ...record } of byDepth) {
    const place = { x: record.x + by.x, y: record.y + by.y, type: types.get(record.type) ?? record.type };
    ids.nodes.set(id, tx.addNode(to, { ...record, ...place, ...(renumber ? {} : { id, z }) }));
  }
  const links = [...graph.links.values()].filter((link) => nodes.has(link.from) && nodes.has(link.to));
  for (const id of new Set([...links.flatMap((link) => link.reroutes ?? []), ...(selection.reroutes ?? [])])) {
    const dot = graph.reroutes.get(id);
    if (!dot) continue;
    ids.reroutes.set(id, renumber ? tx.doc.freshId("reroute", to) : id);
    tx.restoreReroute(to, { ...dot, id: ids.reroutes.get(id) ?? id, x: dot.x + by.x, y: dot.y + by.y });
  }
  for (const link of links) ids.links.set(link.id, copyLink(tx, to, link, ids, renumber));
  for (const id of groups) {
    if (graph.groups.has(id)) ids.groups.set(id, renumber ? tx.doc.freshId("group", to) : id);
  }
  for (const [old, id] of ids.groups) {
    const group = /** @type {GroupRecord} */ (graph.groups.get(old));
    const members = { nodes: mapped(group.nodes, ids.nodes), groups: mapped(group.groups, ids.groups) };
    tx.restoreGroup(to, { ...group, id, x: group.x + by.x, y: group.y + by.y, ...members });
  }
  return ids;
}

/**
 * @param {Tx} tx
 * @param {GraphId} to
 * @param {LinkRecord} link
 * @param {NewIds} ids
 * @param {boolean} renumber
 */
function copyLink(tx, to, link, ids, renumber) {
  const id = renumber ? tx.doc.freshId("link", to) : link.id;
  const ends = { from: ids.nodes.get(link.from) ?? link.from, to: ids.nodes.get(link.to) ?? link.to };
  const reroutes = mapped(link.reroutes ?? [], ids.reroutes);
  const { reroutes: _, ...record } = link;
  tx.addLink(to, { ...record, id, ...ends, ...(reroutes.length ? { reroutes } : {}) });
  return id;
}

/**
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {Selection} selection
 */
function membersOf(doc, graphId, { nodes = [], groups = [] }) {
  const graph = doc.graph(graphId);
  const allNodes = new Set(nodes);
  const allGroups = new Set(groups);
  for (const id of allGroups) {
    for (const member of graph?.groups.get(id)?.groups ?? []) allGroups.add(member);
    for (const member of graph?.groups.get(id)?.nodes ?? []) allNodes.add(member);
  }
  return { nodes: allNodes, groups: allGroups };
}

/**
 * @param {readonly string[]} old
 * @param {ReadonlyMap<string, string>} ids
 */
function mapped(old, ids) {
  return old.flatMap((id) => ids.get(id) ?? []);
}

/**
 * Copy a definition and those inside it, unchanged.
 *
 * @param {Tx} tx
 * @param {Doc} source
 * @param {GraphId} id
 */
function copyDefinition(tx, source, id) {
  if (!source.graph(id) || tx.doc.graph(id)) return;
  fillDefinition(tx, source, id, id, new Map());
  for (const node of source.graph(id)?.nodes.values() ?? []) copyDefinition(tx, source, node.type);
}

/**
 * @param {Tx} tx
 * @param {Doc} source
 * @param {GraphId} id
 * @param {GraphId} target
 * @param {ReadonlyMap<string, string>} types
 */
function fillDefinition(tx, source, id, target, types) {
  const graph = source.graph(id);
  if (!graph) return;
  tx.addGraph({ ...graph.record, id: target });
  const everything = { groups: graph.groups.keys(), reroutes: graph.reroutes.keys() };
  copy(tx, source, id, target, { nodes: graph.nodes.keys(), ...everything }, { types });
  for (const link of graph.links.values()) {
    if (link.from === "@inputs" || link.to === "@outputs") tx.addLink(target, link);
  }
}

/**
 * Return the id a definition gets in the target document.
 *
 * @param {Tx} tx
 * @param {Doc} part
 * @param {GraphId} id
 */
function definitionFor(tx, part, id) {
  const own = tx.doc.graph(id);
  const other = part.graph(id);
  if (!own || !other) return id;
  const content = (/** @type {typeof own} */ { record, nodes, links, reroutes, groups }) =>
    [record, nodes, links, reroutes, groups].map((part) => (part instanceof Map ? Object.fromEntries(part) : part));
  return sameJson(content(own), content(other)) ? id : crypto.randomUUID();
}
