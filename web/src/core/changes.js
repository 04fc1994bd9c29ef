/** @import { Change, Json } from "./types.d.ts" */

/**
 * Return the changes that take `changes` back.
 *
 * @param {readonly Change[]} changes
 * @returns {Change[]}
 */
export function inverse(changes) {
  const swap = (/** @type {Change} */ change) =>
    /** @type {Change} */ ({ ...change, before: change.after, after: change.before });
  return changes.map(swap).reverse();
}

/**
 * Return changes of the same effect with each record at most once.
 *
 * Graphs come to be before what is in them, and go after it, whatever the order was.
 *
 * @param {readonly Change[]} changes
 * @returns {Change[]}
 */
export function coalesce(changes) {
  /** @type {Map<string, Change>} */
  const byRecord = new Map();
  for (const change of changes) {
    const key = JSON.stringify([change.kind, change.graph, change.id]);
    const first = byRecord.get(key);
    const merged = first ? { ...change, before: first.before } : change;
    byRecord.set(key, /** @type {Change} */ (merged));
  }
  return [...byRecord.values()]
    .filter((change) => !sameJson(change.before, change.after))
    .sort((a, b) => rank(a) - rank(b));
}

/** @param {Change} change */
function rank(change) {
  if (change.kind !== "graph") return 1;
  return change.before === null ? 0 : change.after === null ? 2 : 1;
}

/**
 * Tell whether two values are the same JSON; keys that are undefined count as absent.
 *
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
export function sameJson(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const left = /** @type {Record<string, Json>} */ (one);
  const right = /** @type {Record<string, Json>} */ (other);
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!sameJson(left[key], right[key])) return false;
  return true;
}
