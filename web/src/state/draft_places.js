/** Where this browser's documents are kept: known also when its database is full or was lost. */

/** @import { StorageOf } from "./browser_note.js" */

import { BrowserNote } from "./browser_note.js";

const KEY = "tessera.drafts";

/** @typedef {"browser" | "server"} DraftPlace where all of a document is: in the browser's database, or in the server's journal alone */

/** @param {unknown} value @returns {value is [string, DraftPlace][]} */
function arePlaces(value) {
  return Array.isArray(value) && value.every((entry) =>
    Array.isArray(entry) && typeof entry[0] === "string" && ["browser", "server"].includes(entry[1]));
}

export class DraftPlaces {
  /**
   * @param {StorageOf} storage shared by all windows of the browser
   * @param {(error: unknown) => void} onError told when the places cannot be read or noted
   */
  constructor(storage, onError) {
    this.note = new BrowserNote(storage, KEY, arePlaces, onError);
  }

  /** @returns {Map<string, DraftPlace> | undefined} by the document's id; undefined: they cannot be read */
  all() {
    const places = this.note.read();
    return places === undefined ? undefined : new Map(places ?? []);
  }

  /** What cannot be read is written anew. @param {string} id @param {DraftPlace} place @returns {boolean} whether it is noted */
  set(id, place) {
    const all = this.all() ?? new Map();
    return all.get(id) === place || this.note.write([...all.set(id, place)]);
  }

  /** @param {string} id */
  delete(id) {
    const all = this.all();
    if (all?.delete(id)) this.note.write([...all]);
  }
}
