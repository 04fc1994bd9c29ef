/**
 * Groups hold what was put into them: nodes and groups. What is dropped with its middle inside a
 * group joins it; a member that no longer touches its group leaves it; one that still does makes it
 * grow.
 */

/** @import { Catalogue, GraphView, GroupId, GroupRecord, NodeId, Point, Rect } from "../core/types.js" */
/** @import { Tx } from "../core/edits.js" */

import { boundsOf, centerOf, containsPoint, containsRect, overlaps } from "../core/geometry.js";
import { nodeRect } from "../core/subgraphs.js";
import { notesHeight } from "../render/group_notes.js";
import { GROUP_TITLE_HEIGHT } from "../render/painting.js";

const PADDING = 14;

/**
 * The group each moved node belongs to now.
 * @param {Iterable<GroupRecord>} groups
 * @param {ReadonlyMap<NodeId, Rect>} moved Where they are now.
 * @returns {Map<NodeId, GroupId | null>} Only those whose group is another one.
 */
export function regrouped(groups, moved) {
  const all = [...groups].sort((a, b) => area(a) - area(b));
  /** @type {Map<NodeId, GroupId | null>} */
  const changes = new Map();
  for (const [id, rect] of moved) {
    const now = all.find((group) => group.nodes.includes(id));
    const around = all.find((group) => containsPoint(group, centerOf(rect)));
    const next = around ?? (now && overlaps(now, rect) ? now : undefined);
    if (next?.id !== now?.id) changes.set(id, next?.id ?? null);
  }
  return changes;
}

/**
 * @param {Tx} tx
 * @param {string} graphId
 * @param {ReadonlyMap<NodeId, Rect>} moved Without nodes that moved with their group.
 */
export function regroup(tx, graphId, moved) {
  const { groups } = tx.graph(graphId);
  for (const [id, next] of regrouped(groups.values(), moved)) {
    for (const group of [...groups.values()]) {
      const inside = group.nodes.includes(id);
      if (inside && group.id !== next) tx.updateGroup(graphId, group.id, { nodes: group.nodes.filter((node) => node !== id) });
      if (!inside && group.id === next) tx.updateGroup(graphId, group.id, { nodes: [...group.nodes, id] });
    }
  }
}

/**
 * Groups that were moved join the group they were dropped in, or leave the one they left.
 * @param {Tx} tx
 * @param {string} graphId
 * @param {ReadonlySet<GroupId>} moved Those inside others of them stay there.
 */
export function regroupGroups(tx, graphId, moved) {
  const { groups } = tx.graph(graphId);
  const all = [...groups.values()].sort((a, b) => area(a) - area(b));
  for (const id of moved) {
    const group = groups.get(id), now = all.find((other) => other.groups.includes(id));
    if (!group || (now && moved.has(now.id))) continue;
    const inside = within(groups, id);
    const around = all.find((other) => !inside.has(other.id) && containsPoint(other, centerOf(group)) && area(other) > area(group));
    const next = around ?? (now && overlaps(now, group) ? now : undefined);
    if (next?.id === now?.id) continue;
    if (now) tx.updateGroup(graphId, now.id, { groups: now.groups.filter((inner) => inner !== id) });
    if (next) tx.updateGroup(graphId, next.id, { groups: [...next.groups, id] });
  }
}

/** @param {Rect} rect */
function area({ width, height }) {
  return width * height;
}

/** A group and all groups in it. @param {ReadonlyMap<GroupId, GroupRecord>} groups @param {GroupId} id */
function within(groups, id) {
  const found = new Set([id]);
  for (const one of found) for (const inner of groups.get(one)?.groups ?? []) found.add(inner);
  return found;
}

/**
 * A new node belongs to the group in which it was asked for, which grows for it.
 * @param {Tx} tx
 * @param {string} graphId
 * @param {NodeId} id
 * @param {Point} at Where it was asked for.
 * @param {Catalogue} catalogue
 */
export function adopt(tx, graphId, id, at, catalogue) {
  regroup(tx, graphId, new Map([[id, { ...at, width: 0, height: 0 }]]));
  growGroups(tx, graphId, rectsIn(tx, graphId, catalogue));
}

/**
 * What was pasted belongs to the groups it lies in, as if it was dropped there.
 * @param {Tx} tx
 * @param {string} graphId
 * @param {{ nodes: Iterable<NodeId>, groups: Iterable<GroupId> }} pasted
 * @param {Catalogue} catalogue
 */
export function adoptPasted(tx, graphId, { nodes, groups }, catalogue) {
  const rectOf = rectsIn(tx, graphId, catalogue);
  const made = new Set(groups);
  const held = new Set([...made].flatMap((id) => tx.graph(graphId).groups.get(id)?.nodes ?? []));
  const loose = [...nodes].filter((id) => !held.has(id));
  regroup(tx, graphId, new Map(loose.flatMap((id) => {
    const rect = rectOf(id);
    return rect ? [[id, rect]] : [];
  })));
  regroupGroups(tx, graphId, made);
  growGroups(tx, graphId, rectOf);
}

/**
 * Where nodes are, also those that are not drawn yet.
 * @param {Tx} tx
 * @param {string} graphId
 * @param {Catalogue} catalogue
 * @returns {(id: NodeId) => Rect | undefined}
 */
export function rectsIn(tx, graphId, catalogue) {
  return (id) => {
    const record = tx.graph(graphId).nodes.get(id);
    return record && nodeRect(tx.doc, graphId, record, catalogue);
  };
}

/**
 * Makes groups as large as their members and notes need, the inner ones first.
 * @param {Tx} tx
 * @param {string} graphId
 * @param {(id: NodeId) => Rect | undefined} rectOf
 */
export function growGroups(tx, graphId, rectOf) {
  const graph = tx.graph(graphId);
  for (const id of innermostFirst(graph)) {
    const group = /** @type {GroupRecord} */ (graph.groups.get(id));
    const inside = [
      ...group.nodes.flatMap((node) => rectOf(node) ?? []),
      ...group.groups.flatMap((inner) => graph.groups.get(inner) ?? []),
    ];
    const held = framed(inside, notesHeight(group)) ?? noteBox(group);
    if (!held || containsRect(group, held)) continue;
    const rect = /** @type {Rect} */ (boundsOf([group, held]));
    tx.updateGroup(graphId, id, { x: rect.x, y: rect.y, width: rect.width, height: rect.height });
  }
}

/** What an empty group needs. @param {GroupRecord} group @returns {Rect} */
function noteBox(group) {
  return { x: group.x, y: group.y, width: group.width, height: GROUP_TITLE_HEIGHT + notesHeight(group) };
}

/**
 * The frame around what a group holds.
 * @param {Iterable<Rect>} rects
 * @param {number} [notes] Height of the text above it.
 * @returns {Rect | undefined}
 */
export function framed(rects, notes = 0) {
  const all = boundsOf(rects);
  if (!all) return undefined;
  return {
    x: all.x - PADDING,
    y: all.y - PADDING - notes - GROUP_TITLE_HEIGHT,
    width: all.width + 2 * PADDING,
    height: all.height + 2 * PADDING + notes + GROUP_TITLE_HEIGHT,
  };
}

/** @param {GraphView} graph @returns {GroupId[]} */
function innermostFirst(graph) {
  /** @type {Set<GroupId>} */
  const done = new Set();
  /** @param {GroupId} id @param {ReadonlySet<GroupId>} path */
  const visit = (id, path) => {
    const group = graph.groups.get(id);
    if (!group || done.has(id) || path.has(id)) return;
    for (const inner of group.groups) visit(inner, new Set([...path, id]));
    done.add(id);
  };
  for (const id of graph.groups.keys()) visit(id, new Set());
  return [...done];
}
