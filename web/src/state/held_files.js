/** The files that are open here: each in one browser tab only, and as we last knew it. */

/** @import { Api } from "../app_types.js" */

import { ApiError } from "../net/api_error.js";
import { nameFor } from "../net/ids.js";
import { claim } from "../net/locks.js";

export const FOLDER = "workflows";

/** @typedef {{ release(): void }} Hold */

export class HeldFiles {
  /** By tab id. @type {Map<string, Hold>} */
  #holds = new Map();
  /** What the file was when we read or wrote it, by tab id. @type {Map<string, string | null>} */
  #stamps = new Map();

  /** @param {Api} api */
  constructor(api) {
    this.api = api;
  }

  /** @param {string} path in the workflow folder @returns {Promise<Hold | undefined>} undefined: another browser tab has it */
  take(path) {
    return claim(navigator.locks, nameFor(`tessera-file-${path}`, this.api.user));
  }

  /** @param {string} tab id @param {Hold} hold @param {string | null} stamp */
  keep(tab, hold, stamp) {
    this.#holds.set(tab, hold);
    this.#stamps.set(tab, stamp);
  }

  /** What the tab has open is another file now. @param {string} tab id @param {string} path */
  async move(tab, path) {
    this.#holds.get(tab)?.release();
    this.#holds.delete(tab);
    const hold = await this.take(path);
    if (hold) this.#holds.set(tab, hold);
  }

  /** The file is as the tab has written it. @param {string} tab id @param {string} path */
  async stamp(tab, path) {
    this.#stamps.set(tab, await this.#stampOf(path));
  }

  /** @param {string} tab id @param {string} path @returns {Promise<boolean>} whether somebody else wrote or removed it */
  async isChanged(tab, path) {
    const known = this.#stamps.get(tab);
    return known !== undefined && known !== (await this.#stampOf(path));
  }

  /** Let go of what is not open any more. @param {ReadonlySet<string>} open ids of the tabs there are */
  release(open) {
    for (const [id, hold] of this.#holds) {
      if (open.has(id)) continue;
      hold.release();
      this.#holds.delete(id);
      this.#stamps.delete(id);
    }
  }

  /** @param {string} path @returns {Promise<string | null>} null when there is no such file */
  async #stampOf(path) {
    try {
      return (await this.api.fetch(fileAddress(path), { method: "HEAD", cache: "no-store" })).headers.get("ETag");
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }
}

/** @param {string} path in the workflow folder @returns {string} the same in the user's folder */
export function inFolder(path) {
  return `${FOLDER}/${path}`;
}

/** @param {string} path in the workflow folder */
export function fileAddress(path) {
  return `/api/userdata/${encodeURIComponent(inFolder(path))}`;
}
