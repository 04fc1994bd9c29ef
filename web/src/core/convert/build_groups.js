/**
 * @import { GroupRecord, NodeRecord, Rect } from "../types.d.ts"
 * @import { RawGroup } from "./raw.d.ts"
 */

import { centerOf, containsPoint, containsRect } from "../geometry.js";

/**
 * Make the records of groups. Their members are those our files name, else what lies inside.
 *
 * @param {readonly RawGroup[]} raw
 * @param {ReadonlyMap<string, NodeRecord>} nodes
 * @returns {Map<string, GroupRecord>}
 */
export function buildGroups(raw, nodes) {
  const ids = groupIds(raw);
  const known = new Set(ids);
  /** @type {Map<string, Rect>} */
  const rects = new Map(raw.map(({ bounding: [x, y, width, height] }, index) => [
    /** @type {string} */ (ids[index]),
    { x, y, width: Math.abs(width), height: Math.abs(height) },
  ]));
  return new Map(raw.map((group, index) => {
    const id = /** @type {string} */ (ids[index]);
    const rect = /** @type {Rect} */ (rects.get(id));
    const { title, color, notes, extra } = group;
    const members = group.nodes?.filter((node) => nodes.has(node)) ?? nodesInside(rect, nodes);
    const groups = group.groups?.filter((other) => known.has(other) && other !== id);
    return [id, {
      ...{ id, ...rect, title, nodes: members, groups: groups ?? groupsInside(id, rects) },
      ...(color === undefined ? {} : { color }),
      ...(notes === undefined ? {} : { notes }),
      ...(extra ? { extra } : {}),
    }];
  }));
}

/** @param {readonly RawGroup[]} raw */
function groupIds(raw) {
  let last = 0;
  for (const { id } of raw) last = Math.max(last, id ?? 0);
  const taken = new Set();
  return raw.map(({ id }) => {
    const own = id === undefined || taken.has(id) ? (last += 1) : id;
    taken.add(own);
    return String(own);
  });
}

/**
 * @param {Rect} rect
 * @param {ReadonlyMap<string, NodeRecord>} nodes
 */
function nodesInside(rect, nodes) {
  return [...nodes.values()].filter((node) => containsPoint(rect, centerOf(node))).map(({ id }) => id);
}

/**
 * List the groups that lie directly inside a group: not those inside another one of them.
 *
 * @param {string} id
 * @param {ReadonlyMap<string, Rect>} rects
 */
function groupsInside(id, rects) {
  const outer = /** @type {Rect} */ (rects.get(id));
  const holds = (/** @type {Rect} */ one, /** @type {Rect} */ other) =>
    one !== other && containsRect(one, other) && !containsRect(other, one);
  const inside = [...rects].filter(([, rect]) => holds(outer, rect));
  return inside
    .filter(([, rect]) => !inside.some(([, between]) => holds(between, rect)))
    .map(([inner]) => inner);
}
