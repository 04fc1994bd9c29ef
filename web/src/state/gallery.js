/** The pictures that were made, the newest first, loaded as far as they are looked at. */

/** @import { Api, FileReference } from "../app_types.js" */

import { createStore } from "../core/store.js";

const PAGE_JOBS = 200;
/** Short pages in a row after which we wait to be asked again: a search that finds little. */
const MOST_PAGES = 25;
const PICTURE = /\.(png|apng|jpe?g|webp|gif|avif|bmp)$/i;

/**
 * @typedef {object} Picture
 * @property {FileReference} file
 * @property {string | null} jobId the run that made it
 * @property {number} index its place among the pictures of the run
 * @property {string} label
 * @property {number | null} madeAt Unix time, ms
 * @property {number | null} seconds
 */

/**
 * @typedef {object} GalleryEntry as GET /api/tessera/gallery answers
 * @property {string} id
 * @property {number} place
 * @property {string | null} label
 * @property {number} finished_ms
 * @property {number | null} seconds
 * @property {FileReference[]} files
 */

/** @typedef {{ entries: GalleryEntry[], next: number | null }} GalleryPage */

export class Gallery {
  /** @type {number | null} */
  #next = null;
  #newest = 0;
  #words = "";
  /** Of all runs, though a later run found it in the cache and showed it again. @type {readonly Picture[]} */
  #all = [];
  /** Answers to an older search are not for this one. */
  #turn = 0;

  /** @param {Pick<Api, "json">} api */
  constructor(api) {
    this.api = api;
    this.pictures = createStore(/** @type {readonly Picture[]} */ ([]));
    this.state = createStore(/** @type {"loading" | "more" | "end"} */ ("more"));
  }

  /** @param {string} words all of them must occur in a run's texts, models or node types */
  async search(words) {
    this.#words = words;
    this.#turn += 1;
    this.#next = null;
    this.#newest = 0;
    this.state.set("more");
    await this.#load(this.#turn, []);
  }

  /** Load what follows. */
  async more() {
    if (this.state.get() === "more") await this.#load(this.#turn, this.#all);
  }

  /** Take in the runs that finished since. */
  async refresh() {
    const turn = this.#turn;
    const { entries } = await this.#page(null);
    const fresh = entries.filter(({ place }) => place > this.#newest);
    if (turn !== this.#turn || fresh.length === 0) return;
    this.#newest = fresh[0]?.place ?? this.#newest;
    this.#show([...fresh.flatMap(picturesOf), ...this.#all]);
  }

  /** @param {string} jobId its run was taken out of the history */
  forget(jobId) {
    this.#show(this.#all.filter((picture) => picture.jobId !== jobId));
  }

  /** @param {readonly Picture[]} all the newest first; each file is shown once, where it came last */
  #show(all) {
    this.#all = all;
    /** @type {Map<string, Picture>} */
    const files = new Map();
    for (const picture of all) {
      const { type, subfolder, filename } = picture.file;
      const key = JSON.stringify([type, subfolder, filename]);
      if (!files.has(key)) files.set(key, picture);
    }
    this.pictures.set([...files.values()]);
  }

  /** @param {number} turn @param {readonly Picture[]} before */
  async #load(turn, before) {
    this.state.set("loading");
    /** @type {Picture[]} */
    const found = [];
    try {
      for (let pages = 0; pages < MOST_PAGES && found.length < PAGE_JOBS; pages += 1) {
        const page = await this.#page(this.#next);
        if (turn !== this.#turn) return;
        this.#newest = Math.max(this.#newest, page.entries[0]?.place ?? 0);
        found.push(...page.entries.flatMap(picturesOf));
        this.#next = page.next;
        if (page.next === null) break;
      }
    } catch (error) {
      if (turn === this.#turn) this.state.set("more");
      throw error;
    }
    this.#show([...before, ...found]);
    this.state.set(this.#next === null ? "end" : "more");
  }

  /** @param {number | null} before @returns {Promise<GalleryPage>} */
  #page(before) {
    const query = new URLSearchParams({ limit: String(PAGE_JOBS), search: this.#words });
    if (before !== null) query.set("before", String(before));
    return this.api.json(`/api/tessera/gallery?${query}`);
  }
}

/** @param {GalleryEntry} entry @returns {Picture[]} */
function picturesOf({ id, label, finished_ms: madeAt, seconds, files }) {
  return files
    .filter(({ filename }) => PICTURE.test(filename))
    .map((file, index) => ({ file, index, jobId: id, label: label ?? "", madeAt, seconds }));
}
