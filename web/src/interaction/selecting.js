/** Sets of what is selected; every function returns a new selection. */

/** @import { Selection } from "../app_types.js" */

/** @typedef {"replace" | "add" | "subtract" | "toggle"} SelectMode */
/** @typedef {{ nodes?: Iterable<string>, groups?: Iterable<string>, reroutes?: Iterable<string>, links?: Iterable<string> }} Some */

const KINDS = /** @type {const} */ (["nodes", "groups", "reroutes", "links"]);

/** @param {Some} some @returns {Selection} */
export function selectionOf(some) {
  return {
    nodes: new Set(some.nodes), groups: new Set(some.groups), reroutes: new Set(some.reroutes), links: new Set(some.links),
  };
}

/**
 * @param {Selection} before
 * @param {Some} some
 * @param {SelectMode} mode
 * @returns {Selection} `before` itself when nothing changes.
 */
export function combined(before, some, mode) {
  const next = selectionOf(mode === "replace" ? {} : before);
  for (const kind of KINDS) {
    const set = /** @type {Set<string>} */ (next[kind]);
    for (const id of some[kind] ?? []) {
      const takeAway = mode === "subtract" || (mode === "toggle" && before[kind].has(id));
      if (takeAway) set.delete(id);
      else set.add(id);
    }
  }
  return same(before, next) ? before : next;
}

/** @param {Selection} one @param {Selection} other */
export function same(one, other) {
  return KINDS.every((kind) => one[kind].size === other[kind].size && [...one[kind]].every((id) => other[kind].has(id)));
}

/** @param {Selection} selection */
export function isEmpty(selection) {
  return KINDS.every((kind) => selection[kind].size === 0);
}

/**
 * What a press with these keys does to the selection.
 * @param {{ shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean }} keys
 * @returns {SelectMode}
 */
export function pressMode({ shiftKey, ctrlKey, metaKey }) {
  if (ctrlKey || metaKey) return "toggle";
  return shiftKey ? "add" : "replace";
}

/**
 * What a frame drawn with these keys does: Shift adds, Alt takes away.
 * @param {{ shiftKey: boolean, altKey: boolean }} keys
 * @returns {SelectMode}
 */
export function marqueeMode({ shiftKey, altKey }) {
  if (altKey) return "subtract";
  return shiftKey ? "add" : "replace";
}
