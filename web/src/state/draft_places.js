/** Where this browser's documents are kept: known also when its database is full or was lost. */

/** @typedef {"browser" | "server"} DraftPlace where all of a document is: in the browser's database, or in the server's journal alone */

/** @param {unknown} value @returns {value is [string, DraftPlace][]} */
function arePlaces(value) {
  return Array.isArray(value) && value.every((entry) =>
    Array.isArray(entry) && typeof entry[0] === "string" && ["browser", "server"].includes(entry[1]));
}

export class DraftPlaces {
  /**
   * @param {StorageOf} storage shared by all windows of the browser
   * @param {string} key what they are kept under
   * @param {(error: unknown) => void} onError told when the places cannot be read or noted
   */
  constructor(storage, key, onError) {
    this.note = new BrowserNote(storage, key, arePlaces, onError);
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

/** @typedef {() => Pick<Storage, "getItem" | "setItem">} StorageOf asked each time: where storage is blocked, the property itself throws */

/**
 * A small note the browser keeps. It may keep none: storage is blocked, full, or spoilt by others of
 * this address.
 * @template T
 */
export class BrowserNote {
  /**
   * @param {StorageOf} storage
   * @param {string} key
   * @param {(value: unknown) => value is T} isIts whether what was read is such a note
   * @param {(error: unknown) => void} onError told of every failure; the page goes on without the note
   */
  constructor(storage, key, isIts, onError) {
    this.storage = storage;
    this.key = key;
    this.isIts = isIts;
    this.onError = onError;
  }

  /** @returns {T | null | undefined} null: there is none; undefined: it could not be read, which is told */
  read() {
    try {
      const text = this.storage().getItem(this.key);
      if (text === null) return null;
      const value = JSON.parse(text);
      if (this.isIts(value)) return value;
      throw new TypeError(`"${this.key}" holds ${text.slice(0, 40)}`);
    } catch (error) {
      this.onError(error);
      return undefined;
    }
  }

  /** @param {T} value @returns {boolean} whether it is kept */
  write(value) {
    try {
      this.storage().setItem(this.key, JSON.stringify(value));
      return true;
    } catch (error) {
      this.onError(error);
      return false;
    }
  }
}
