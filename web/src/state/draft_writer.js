/** Keeps one document's draft: in the browser at once, on the server soon after. */

/** @import { Change } from "../core/types.js" */
/** @import { DraftDb, DraftHead } from "./draft_db.js" */
/** @import { Journal } from "./journal.js" */
/** @import { Tab } from "./tab.js" */

import { coalesce } from "../core/changes.js";
import { snapshot } from "./snapshot.js";

const WRITE_AFTER_MS = 400;
/** So many edits on a snapshot, then a new one: reading them all takes time, too. */
const LONGEST = 500;

/**
 * @typedef {object} Places
 * @property {DraftDb | undefined} db
 * @property {Journal} journal
 * @property {(isHere: boolean) => void} onKept whether the browser's database has all of it now
 * @property {(place: "browser" | "server", error: unknown) => void} onError
 */

export class DraftWriter {
  /** @type {Change[]} Not in the browser's database yet. */
  #unwritten = [];
  /** @type {Change[]} Not on the server yet. */
  #unsent = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #edits = 0;
  #needsBase = true;
  /** @type {Promise<void>} One write after the other. */
  #writing = Promise.resolve();
  #ended = false;
  /** Whether the server may have a journal of it. */
  #isThere;

  /** @param {Tab} tab @param {Places} places */
  constructor(tab, places) {
    this.tab = tab;
    this.places = places;
    this.#isThere = tab.dirty.get();
    this.stops = [
      tab.doc.subscribe((changes) => {
        this.#unwritten.push(...changes);
        this.#unsent.push(...changes);
        this.#plan();
      }),
      ...[tab.title, tab.file, tab.dirty, tab.graphPath, tab.lastJob, tab.camera("root")].map((store) => store.subscribe(() => this.#plan())),
    ];
    this.#plan();
  }

  /** Write now what waits. @returns {Promise<void>} when it is written */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** The document is closed: nobody needs its draft. */
  async forget() {
    this.stop();
    await this.#writing;
    await Promise.all([
      this.places.db?.delete(this.tab.id),
      this.places.journal.delete(),
    ]);
  }

  /** Write nothing any more; what is written stays. */
  stop() {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const stop of this.stops) stop();
  }

  /** The server is there again: send what it missed. */
  retry() {
    if (this.#unsent.length > 0) this.#plan();
  }

  #plan() {
    if (this.#ended) return;
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  }

  async #write() {
    if (!this.#ended) await Promise.all([this.#writeHere(), this.#writeThere()]);
  }

  async #writeHere() {
    const { db, onError, onKept } = this.places;
    const changes = coalesce(this.#unwritten);
    this.#unwritten = [];
    try {
      if (this.#needsBase || this.#edits >= LONGEST) {
        await db?.begin(this.#head(), snapshot(this.tab.doc));
        this.#needsBase = false;
        this.#edits = 0;
      } else if (changes.length > 0) {
        await db?.append(this.#head(), changes);
        this.#edits += 1;
      } else await db?.putHead(this.#head());
      onKept(db !== undefined);
    } catch (error) {
      this.#needsBase = true;
      onError("browser", error); // first: a full disk may refuse to note it, too
      onKept(false);
    }
  }

  async #writeThere() {
    const { journal, onError } = this.places;
    if (!this.tab.dirty.get()) return this.#forgetThere();
    const changes = coalesce(this.#unsent);
    if (changes.length === 0) return;
    this.#unsent = [];
    this.#isThere = true;
    try {
      if (await journal.append(changes)) return;
      this.#unsent = [];
      await journal.begin(this.#head(), snapshot(this.tab.doc));
    } catch (error) {
      this.#unsent = [...changes, ...this.#unsent];
      onError("server", error);
    }
  }

  /** A file has all of it: the server's list of unsaved work need not. */
  async #forgetThere() {
    this.#unsent = [];
    if (!this.#isThere) return;
    this.#isThere = false;
    try {
      await this.places.journal.delete();
    } catch (error) {
      this.#isThere = true;
      this.places.onError("server", error);
    }
  }

  /** @returns {DraftHead} */
  #head() {
    const { id, title, file, dirty, graphPath, lastJob } = this.tab;
    return {
      id, lastJob: lastJob.get(), title: title.get(), file: file.get(), dirty: dirty.get(), modified: Date.now(),
      cameras: this.tab.cameras(), graphPath: graphPath.get(),
    };
  }
}
