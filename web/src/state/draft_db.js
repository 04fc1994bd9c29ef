/** Drafts in the browser's own database: they survive a crash, and an absent server. */

/** @import { Camera } from "../app_types.js" */
/** @import { Change, GraphId, NodeId } from "../core/types.js" */

const VERSION = 1;

/**
 * @typedef {object} DraftHead
 * @property {string} id
 * @property {string} title
 * @property {string | null} file
 * @property {boolean} dirty
 * @property {number} modified Unix time, ms
 * @property {{ [graph: GraphId]: Camera }} cameras
 * @property {readonly NodeId[]} graphPath
 * @property {string | null} lastJob
 */

/** @typedef {{ draft: string, changes: readonly Change[] }} DraftEdit */

export class DraftDb {
  /** @param {IDBDatabase} db */
  constructor(db) {
    this.db = db;
  }

  /** @param {IDBFactory} factory @param {string} name @returns {Promise<DraftDb>} */
  static async open(factory, name) {
    const request = factory.open(name, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("heads", { keyPath: "id" });
      request.result.createObjectStore("edits", { autoIncrement: true }).createIndex("draft", "draft");
    };
    return new DraftDb(await done(request));
  }

  /** Write a whole document in place of what was there. @param {DraftHead} head @param {readonly Change[]} base */
  async begin(head, base) {
    await this.#write((heads, edits) => {
      heads.put(head);
      const old = edits.index("draft").openKeyCursor(IDBKeyRange.only(head.id));
      old.onsuccess = () => {
        if (old.result) {
          edits.delete(old.result.primaryKey);
          old.result.continue();
        } else {
          edits.add({ draft: head.id, changes: base });
          edits.transaction.commit();
        }
      };
    });
  }

  /** @param {DraftHead} head @param {readonly Change[]} changes */
  async append(head, changes) {
    await this.#write((heads, edits) => {
      heads.put(head);
      edits.add({ draft: head.id, changes });
      edits.transaction.commit();
    });
  }

  /** @param {DraftHead} head */
  async putHead(head) {
    await this.#write((heads) => {
      heads.put(head);
      heads.transaction.commit();
    });
  }

  /** @param {string} id */
  async delete(id) {
    await this.#write((heads, edits) => {
      heads.delete(id);
      const old = edits.index("draft").openKeyCursor(IDBKeyRange.only(id));
      old.onsuccess = () => {
        if (!old.result) return;
        edits.delete(old.result.primaryKey);
        old.result.continue();
      };
    });
  }

  /** @returns {Promise<DraftHead[]>} the last edited first */
  async heads() {
    const heads = /** @type {DraftHead[]} */ (await done(this.db.transaction("heads").objectStore("heads").getAll()));
    return heads.sort((a, b) => b.modified - a.modified);
  }

  /** @param {string} id @returns {Promise<{ head: DraftHead, base: readonly Change[], edits: (readonly Change[])[] } | undefined>} */
  async read(id) {
    const reading = this.db.transaction(["heads", "edits"]);
    const [head, edits] = /** @type {[DraftHead | undefined, DraftEdit[]]} */ (await Promise.all([
      done(reading.objectStore("heads").get(id)),
      done(reading.objectStore("edits").index("draft").getAll(IDBKeyRange.only(id))),
    ]));
    const [base, ...rest] = edits;
    return head && base ? { head, base: base.changes, edits: rest.map(({ changes }) => changes) } : undefined;
  }

  /** @param {(heads: IDBObjectStore, edits: IDBObjectStore) => void} change commits as soon as it can: a page that goes away ends what is not committed */
  #write(change) {
    return new Promise((resolve, reject) => {
      // Strict: what is written outlives a power cut, too. Writes are as rare as `DraftWriter` makes them.
      const writing = this.db.transaction(["heads", "edits"], "readwrite", { durability: "strict" });
      writing.oncomplete = () => resolve(undefined);
      writing.onabort = () => reject(writing.error);
      change(writing.objectStore("heads"), writing.objectStore("edits"));
    });
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
