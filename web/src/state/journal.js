/** One document's journal on the server. */

/** @import { Api } from "../app_types.js" */
/** @import { Change, Json } from "../core/types.js" */

import { jsonText } from "../core/json.js";
import { ApiError } from "../net/api_error.js";

const BASE = "/api/tessera/journal";

/** @typedef {{ id: string, title: string, file: string | null, modified: number, size: number, versions: number[] }} JournalEntry */
/** @typedef {{ version: number, head: { title: string, file: string | null }, document: readonly Change[], edits: (readonly Change[])[] }} JournalContent */

export class Journal {
  /** The version that is written; 0 when the whole document is to be sent first. */
  #version = 0;
  #next = 0;

  /** @param {Api} api @param {string} id */
  constructor(api, id) {
    this.api = api;
    this.address = `${BASE}/${encodeURIComponent(id)}`;
  }

  /** Whether `append` would have to send the whole document. */
  get needsBase() {
    return this.#version === 0;
  }

  /** @param {{ title: string, file: string | null }} head @param {readonly Change[]} base */
  async begin({ title, file }, base) {
    this.#version = 0;
    const body = jsonText({ title, file, document: base });
    const headers = { "Content-Type": "application/json" };
    const { version } = /** @type {{ version: number }} */ (
      await this.api.json(this.address, { method: "PUT", headers, body })
    );
    this.#version = version;
    this.#next = 0;
  }

  /**
   * @param {readonly Change[]} changes
   * @returns {Promise<boolean>} false: the server wants the whole document
   */
  async append(changes) {
    if (this.needsBase) return false;
    try {
      await this.api.post(`${this.address}/${this.#version}/${this.#next}`, /** @type {Json} */ (/** @type {unknown} */ ({ edit: changes })));
      this.#next += 1;
      return true;
    } catch (error) {
      // Whether it arrived or not is not known: the whole document says it all.
      this.#version = 0;
      if (error instanceof ApiError && ["journal_gap", "journal_full"].includes(error.kind)) return false;
      throw error;
    }
  }

  async delete() {
    this.#version = 0;
    await this.api.fetch(this.address, { method: "DELETE" });
  }
}

/** @param {Api} api @returns {Promise<JournalEntry[]>} the last edited first */
export function journals(api) {
  return api.json(BASE);
}

/** @param {Api} api @param {string} id @param {number} [version] @returns {Promise<JournalContent>} */
export function readJournal(api, id, version) {
  const query = version === undefined ? "" : `?version=${version}`;
  return api.json(`${BASE}/${encodeURIComponent(id)}${query}`);
}
