/** A small note the browser keeps. It may keep none: storage is blocked, full, or spoilt by others of this address. */

/** @typedef {() => Pick<Storage, "getItem" | "setItem">} StorageOf asked each time: where storage is blocked, the property itself throws */

/** @template T */
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
