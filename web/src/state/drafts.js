/** Nothing is lost: every open document has a draft, and what a crash left behind comes back. */

/** @import { App } from "../app_types.js" */
/** @import { Change } from "../core/types.js" */
/** @import { DraftHead } from "./draft_db.js" */
/** @import { TabList } from "./tabs.js" */

import { claim } from "../net/locks.js";
import { DraftDb } from "./draft_db.js";
import { DraftWriter } from "./draft_writer.js";
import { Journal, journals, readJournal } from "./journal.js";
import { restored } from "./snapshot.js";
import { Tab } from "./tab.js";

const SESSION_KEY = "tessera.tabs";
/** How long the page before a reload may take to let go of its documents. */
const PATIENCE_MS = 3000;

/**
 * @typedef {object} Leftover a document that no window shows
 * @property {string} id
 * @property {string} title
 * @property {string | null} file
 * @property {number} modified Unix time, ms
 * @property {"browser" | "server"} place where it lies
 */

export class Drafts {
  /** @type {DraftDb | undefined} */
  #db;
  /** @type {Map<Tab, DraftWriter>} */
  #writers = new Map();
  /** @type {Map<string, { release(): void }>} */
  #claims = new Map();
  /** Places that failed, each told once until it works again. @type {Set<string>} */
  #told = new Set();

  /**
   * @param {App} app
   * @param {TabList} tabs
   * @param {{ storage?: Storage, locks?: LockManager | undefined, indexedDb?: IDBFactory }} [browser]
   */
  constructor(app, tabs, { storage = sessionStorage, locks = navigator.locks, indexedDb = indexedDB } = {}) {
    this.app = app;
    this.tabs = tabs;
    this.storage = storage;
    this.locks = locks;
    this.indexedDb = indexedDb;
  }

  /** Open the browser's database; without it the server's journal alone keeps the edits. */
  async open() {
    try {
      this.#db = await DraftDb.open(this.indexedDb);
    } catch (error) {
      this.#failed("browser", error);
    }
  }

  /** Begin to keep what is open, now and later. */
  start() {
    this.tabs.list.subscribe((tabs) => this.#follow(tabs));
    this.tabs.active.subscribe(() => this.#keepSession());
    this.#follow(this.tabs.list.get());
    this.app.socket.state.subscribe((state) => {
      if (state === "open") for (const writer of this.#writers.values()) writer.retry();
    });
    addEventListener("visibilitychange", () => void this.flush());
    addEventListener("pagehide", () => void this.flush());
  }

  /** Write all that waits. */
  async flush() {
    await Promise.all([...this.#writers.values()].map((writer) => writer.flush()));
  }

  /** Open what this window had open before a reload. @returns {Promise<boolean>} whether there was any */
  async reopen() {
    const session = this.#session();
    for (const id of session.tabs) {
      const tab = await this.#read(id, PATIENCE_MS);
      if (tab) this.tabs.add(tab, id === session.active);
    }
    return this.tabs.list.get().length > 0;
  }

  /** What a crash or a closed window left behind. @returns {Promise<Leftover[]>} */
  async leftovers() {
    const heads = (await this.#db?.heads().catch((error) => this.#failed("browser", error))) ?? [];
    /** @type {Leftover[]} */
    const found = [];
    for (const head of heads) {
      if (this.#claims.has(head.id) || !(await this.#isFree(head.id))) continue;
      if (head.dirty) found.push({ ...head, place: "browser" });
      else await this.#db?.delete(head.id);
    }
    return found;
  }

  /** All documents the server's journal holds and no tab here shows. @returns {Promise<Leftover[]>} */
  async journaled() {
    const entries = await journals(this.app.api);
    return entries
      .filter(({ id }) => !this.#claims.has(id))
      .map((entry) => ({ ...entry, modified: entry.modified * 1000, place: "server" }));
  }

  /** @param {Leftover} leftover @returns {Promise<boolean>} */
  async recover({ id, place, title, file }) {
    const tab = place === "browser" ? await this.#read(id) : await this.#readJournal(id, title, file);
    if (tab) this.tabs.add(tab);
    return tab !== undefined;
  }

  /** @param {Leftover} leftover */
  async discard({ id }) {
    await Promise.all([this.#db?.delete(id), new Journal(this.app.api, id).delete()]);
  }

  /** @param {readonly Tab[]} tabs */
  #follow(tabs) {
    for (const tab of tabs) if (!this.#writers.has(tab)) this.#begin(tab);
    for (const [tab, writer] of this.#writers) {
      if (tabs.includes(tab)) continue;
      this.#writers.delete(tab);
      this.#claims.get(tab.id)?.release();
      this.#claims.delete(tab.id);
      writer.forget().catch((error) => this.#failed("server", error));
    }
    this.#keepSession();
  }

  /** @param {Tab} tab */
  #begin(tab) {
    const journal = new Journal(this.app.api, tab.id);
    const onError = (/** @type {"browser" | "server"} */ place, /** @type {unknown} */ error) => this.#failed(place, error);
    this.#writers.set(tab, new DraftWriter(tab, { db: this.#db, journal, onError }));
    if (!this.#claims.has(tab.id)) void this.#claim(tab.id);
  }

  /** @param {string} id @param {number} [patience] ms @returns {Promise<boolean>} false: another window shows it */
  async #claim(id, patience) {
    const held = await claim(this.locks, `tessera-draft-${id}`, patience);
    if (held) this.#claims.set(id, held);
    return held !== undefined;
  }

  /** @param {string} id */
  async #isFree(id) {
    const held = await claim(this.locks, `tessera-draft-${id}`);
    held?.release();
    return held !== undefined;
  }

  /** @param {string} id @param {number} [patience] ms @returns {Promise<Tab | undefined>} */
  async #read(id, patience) {
    const draft = await this.#db?.read(id).catch((error) => void this.#failed("browser", error));
    if (!draft || !(await this.#claim(id, patience))) return undefined;
    return this.#tabOf(draft.head, draft.base, draft.edits);
  }

  /** @param {string} id @param {string} title @param {string | null} file */
  async #readJournal(id, title, file) {
    const { document, edits } = await readJournal(this.app.api, id);
    if (!(await this.#claim(id))) return undefined;
    return this.#tabOf({ id, title, file, dirty: true, modified: 0, cameras: {}, graphPath: [], lastJob: null }, document, edits);
  }

  /** @param {DraftHead} head @param {readonly Change[]} base @param {(readonly Change[])[]} edits */
  #tabOf({ id, title, file, dirty, cameras, graphPath, lastJob }, base, edits) {
    const { doc, complete } = restored(base, edits);
    const tab = new Tab(doc, { id, title, file, dirty });
    tab.lastJob.set(lastJob);
    for (const [graph, camera] of Object.entries(cameras)) tab.camera(graph).set(camera);
    tab.graphPath.set(graphPath);
    if (!complete) this.app.ui.toast("warn", this.app.i18n.t("files.draftIncomplete", { title }));
    return tab;
  }

  #keepSession() {
    const tabs = this.tabs.list.get().map(({ id }) => id);
    this.storage.setItem(SESSION_KEY, JSON.stringify({ tabs, active: this.tabs.active.get()?.id ?? null }));
  }

  /** @returns {{ tabs: string[], active: string | null }} */
  #session() {
    return JSON.parse(this.storage.getItem(SESSION_KEY) ?? '{"tabs":[],"active":null}');
  }

  /** @param {"browser" | "server"} place @param {unknown} error */
  #failed(place, error) {
    console.warn(`Drafts cannot be kept (${place}).`, error);
    // An absent server is told by the socket, and sent what it missed when it is back.
    if (this.#told.has(place) || (place === "server" && this.app.socket.state.get() !== "open")) return;
    this.#told.add(place);
    const reason = error instanceof Error ? error.message : String(error);
    this.app.ui.toast("warn", this.app.i18n.t(`files.drafts.${place}`, { reason }));
  }
}
