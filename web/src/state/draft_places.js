/** Where this browser's documents are kept: known also when its database is full or was lost. */

const KEY = "tessera.drafts";

/** @typedef {"browser" | "server"} DraftPlace where all of a document is: in the browser's database, or in the server's journal alone */

export class DraftPlaces {
  /** @param {Pick<Storage, "getItem" | "setItem">} storage shared by all windows of the browser */
  constructor(storage) {
    this.storage = storage;
  }

  /** @returns {Map<string, DraftPlace>} by the document's id */
  all() {
    return new Map(JSON.parse(this.storage.getItem(KEY) ?? "[]"));
  }

  /** @param {string} id @param {DraftPlace} place */
  set(id, place) {
    const all = this.all();
    if (all.get(id) !== place) this.#write(all.set(id, place));
  }

  /** @param {string} id */
  delete(id) {
    const all = this.all();
    if (all.delete(id)) this.#write(all);
  }

  /** @param {Map<string, DraftPlace>} all */
  #write(all) {
    this.storage.setItem(KEY, JSON.stringify([...all]));
  }
}
