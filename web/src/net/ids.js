/** Ids that are unique for ever, and the one this browser tab has to the server. */

import { claim } from "./locks.js";

/** A UUID, also on pages without a secure context, where crypto.randomUUID does not exist. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (/** @type {number} */ (bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (/** @type {number} */ (bytes[8]) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Plain http in a local network is no secure context: browsers hold back some of what we use. Give
 * the page what we can make ourselves; locks and the clipboard stay missing.
 */
export function fillInsecurePage() {
  if (crypto.randomUUID !== undefined) return;
  Object.defineProperty(crypto, "randomUUID", { value: newId, configurable: true });
}

/** @typedef {{ readonly id: string, readonly name: string }} User */

/** Who works here where users are not kept apart. @type {User} */
export const DEFAULT_USER = { id: "default", name: "default" };

/**
 * What a thing of one user is called in this browser, where people may share storage and locks.
 * @param {string} name as it is for the default user
 * @param {User} user
 */
export function nameFor(name, user) {
  return user.id === DEFAULT_USER.id ? name : `${name}.${user.id}`;
}

/** @param {string} text @returns {boolean} whether `newId` could have made it */
export function isId(text) {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

const CLIENT_KEY = "tessera.client";
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
    const known = storage().getItem(CLIENT_KEY) ?? "";
    if (isId(known) && (await claim(locks, lockOf(known), PATIENCE_MS))) return known;
    storage().setItem(CLIENT_KEY, id);
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
