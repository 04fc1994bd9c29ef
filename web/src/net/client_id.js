/** Who this browser tab is to the server. */

import { isId, newId } from "./ids.js";
import { claim } from "./locks.js";

const KEY = "tessera.client";
/** How long the page before a reload may take to let go. */
const PATIENCE_MS = 1500;

/**
 * The id this tab had before a reload, so that its running jobs are told to it again. A duplicated
 * tab copies the storage, not the lock: it gets an id of its own. Without locks (pages that are
 * not secure) or storage each load is somebody new; jobs then come back through the queue.
 * @param {() => Pick<Storage, "getItem" | "setItem">} storage asked here: where storage is blocked, the property itself throws
 * @param {LockManager | undefined} locks
 * @returns {Promise<string>}
 */
export async function claimClientId(storage, locks) {
  if (locks === undefined) return newId();
  const id = newId();
  try {
    const known = storage().getItem(KEY) ?? "";
    if (isId(known) && (await claim(locks, lockOf(known), PATIENCE_MS))) return known;
    storage().setItem(KEY, id);
  } catch (error) {
    console.warn("The browser keeps no id for this tab.", error);
  }
  await claim(locks, lockOf(id));
  return id;
}

/** @param {string} id */
function lockOf(id) {
  return `tessera-client-${id}`;
}
