/** Nothing is lost: every open document has a draft, and what a crash left behind comes back. */

/** @import { App } from "../app_types.js" */
/** @import { Change } from "../core/types.js" */
/** @import { DraftHead } from "./draft_db.js" */
/** @import { DraftPlace } from "./draft_places.js" */
/** @import { TabList } from "./tabs.js" */

import { ApiError } from "../net/api_error.js";
import { nameFor } from "../net/ids.js";
import { claim } from "../net/locks.js";
import { DraftDb } from "./draft_db.js";
import { BrowserNote, DraftPlaces } from "./draft_places.js";
import { DraftWriter } from "./draft_writer.js";
import { Journal, journals, readJournal } from "./journal.js";
import { restored } from "./snapshot.js";
import { Tab } from "./tab.js";

const DATABASE = "tessera";
const PLACES_KEY = "tessera.drafts";
const SESSION_KEY = "tessera.tabs";
/** How long the page before a reload may take to let go of its documents. */
const PATIENCE_MS = 3000;

/**
 * @typedef {object} Leftover a document that no window shows
 * @property {string} id
 * @property {string} title
 * @property {string | null} file
 * @property {number} modified Unix time, ms
 * @property {DraftPlace} place where it lies
 */

/** @typedef {{ tabs: string[], active: string | null }} Session what a window has open, by the documents' ids */

/** @param {unknown} value @returns {value is Session} */
function isSession(value) {
  const { tabs, active } = /** @type {Partial<Session>} */ (value ?? {});
  return Array.isArray(tabs) && tabs.every((id) => typeof id === "string") && (active === null || typeof active === "string");
}

export class Drafts {
  /** @type {DraftDb | undefined} */
  #db;
  /** @type {Map<Tab, DraftWriter>} */
  #writers = new Map();
  /** @type {Map<string, { release(): void }>} */
  #claims = new Map();
  /** What failed, each told once. @type {Set<string>} */
  #told = new Set();

  /**
   * @param {App} app
   * @param {TabList} tabs
   */
  constructor(app, tabs) {
    this.app = app;
    this.tabs = tabs;
    const onError = (/** @type {unknown} */ error) => this.#failed("notes", error);
    this.places = new DraftPlaces(() => localStorage, nameFor(PLACES_KEY, app.api.user), onError);
    this.session = new BrowserNote(() => sessionStorage, nameFor(SESSION_KEY, app.api.user), isSession, onError);
  }

  /** Open the browser's database; without it the server's journal alone keeps the edits. */
  async open() {
    try {
      this.#db = await DraftDb.open(indexedDB, nameFor(DATABASE, this.app.api.user));
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
    const session = this.session.read() ?? { tabs: [], active: null };
    const places = this.places.all();
    for (const id of session.tabs) {
      if (!(await this.#claim(id, PATIENCE_MS))) continue;
      const tab = await this.#restored(id, places?.get(id));
      if (tab) this.tabs.add(tab, id === session.active);
      else this.#release(id);
    }
    return this.tabs.list.get().length > 0;
  }

  /** What a crash or a closed window left behind. @returns {Promise<Leftover[]>} */
  async leftovers() {
    const heads = (await this.#db?.heads().catch((error) => this.#failed("browser", error))) ?? [];
    const there = await this.#onServerAlone(new Set(heads.map(({ id }) => id)));
    /** @type {Leftover[]} */
    const here = [];
    for (const head of heads) {
      if (there.some(({ id }) => id === head.id) || !(await this.#isFree(head.id))) continue;
      if (head.dirty) here.push({ ...head, place: "browser" });
      else await this.discard(head).catch((error) => this.#failed("server", error));
    }
    return [...here, ...there];
  }

  /** This browser's documents that its database lost, or could not take. @param {ReadonlySet<string>} known what it has @returns {Promise<Leftover[]>} */
  async #onServerAlone(known) {
    const places = this.places.all();
    // Where nothing can be noted, all that the server has may be this browser's.
    const isMissed = (/** @type {string} */ id) => (places ? places.get(id) === "server" || (places.has(id) && !known.has(id)) : !known.has(id));
    if (places && ![...places.keys()].some(isMissed)) return [];
    const journaled = (await this.journaled().catch((error) => this.#failed("server", error))) ?? [];
    /** @type {Leftover[]} */
    const found = [];
    for (const entry of journaled) if (isMissed(entry.id) && (await this.#isFree(entry.id))) found.push(entry);
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
  async recover({ id, place }) {
    const tab = place === "browser" ? await this.#read(id) : await this.#readJournal(id);
    if (!tab || !(await this.#claim(id))) return false;
    this.tabs.add(tab);
    return true;
  }

  /** @param {{ id: string }} leftover */
  async discard({ id }) {
    this.places.delete(id);
    await Promise.all([this.#db?.delete(id), new Journal(this.app.api, id).delete()]);
  }

  /** @param {readonly Tab[]} tabs */
  #follow(tabs) {
    for (const tab of tabs) if (!this.#writers.has(tab)) this.#begin(tab);
    for (const [tab, writer] of this.#writers) {
      if (tabs.includes(tab)) continue;
      this.#writers.delete(tab);
      this.#release(tab.id);
      writer.forget().finally(() => this.places.delete(tab.id)).catch((error) => this.#failed("server", error));
    }
    this.#keepSession();
  }

  /** @param {Tab} tab */
  #begin(tab) {
    const journal = new Journal(this.app.api, tab.id);
    const onError = (/** @type {"browser" | "server"} */ place, /** @type {unknown} */ error) => this.#failed(place, error);
    const onKept = (/** @type {boolean} */ isHere) => this.#note(tab.id, isHere ? "browser" : "server");
    this.#writers.set(tab, new DraftWriter(tab, { db: this.#db, journal, onKept, onError }));
    if (!this.#claims.has(tab.id)) void this.#claim(tab.id);
  }

  /** @param {string} id @param {DraftPlace} place */
  #note(id, place) {
    if (this.places.set(id, place) || place === "browser" || this.app.socket.state.get() !== "open") return;
    // Nothing would tell that the draft here lacks edits: the journal, which has them, must be found instead.
    this.#db?.delete(id).catch((error) => this.#failed("browser", error));
  }

  /** @param {string} id @param {number} [patience] ms @returns {Promise<boolean>} false: another window shows it */
  async #claim(id, patience) {
    const held = await claim(navigator.locks, `tessera-draft-${id}`, patience);
    if (held) this.#claims.set(id, held);
    return held !== undefined;
  }

  /** @param {string} id */
  #release(id) {
    this.#claims.get(id)?.release();
    this.#claims.delete(id);
  }

  /** @param {string} id */
  async #isFree(id) {
    if (this.#claims.has(id)) return false;
    const held = await claim(navigator.locks, `tessera-draft-${id}`);
    held?.release();
    return held !== undefined;
  }

  /** What this window had open. @param {string} id @param {DraftPlace} [place] where it is noted to be @returns {Promise<Tab | undefined>} */
  async #restored(id, place) {
    const there = () => this.#readJournal(id).catch((error) => void this.#failed("server", error));
    return place === "server" ? (await there()) ?? this.#read(id) : (await this.#read(id)) ?? there();
  }

  /** @param {string} id @returns {Promise<Tab | undefined>} */
  async #read(id) {
    const draft = await this.#db?.read(id).catch((error) => void this.#failed("browser", error));
    return draft && this.#tabOf(draft.head, draft.base, draft.edits);
  }

  /** @param {string} id @returns {Promise<Tab | undefined>} undefined also when the server has none */
  async #readJournal(id) {
    try {
      const { head, document, edits } = await readJournal(this.app.api, id);
      return this.#tabOf({ ...head, id, dirty: true, modified: 0, cameras: {}, graphPath: [], lastJob: null }, document, edits);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
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
    this.session.write({ tabs: this.tabs.list.get().map(({ id }) => id), active: this.tabs.active.get()?.id ?? null });
  }

  /** @param {"browser" | "server" | "notes"} place @param {unknown} error */
  #failed(place, error) {
    console.warn(`Drafts cannot be kept (${place}).`, error);
    // An absent server is told by the socket, and sent what it missed when it is back.
    if (this.#told.has(place) || (place === "server" && this.app.socket.state.get() !== "open")) return;
    this.#told.add(place);
    const reason = error instanceof Error ? error.message : String(error);
    const { t } = this.app.i18n;
    this.app.ui.toast("warn", t(`files.drafts.${place}`, { reason, command: t("commands.file.recover") }));
  }
}
