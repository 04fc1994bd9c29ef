/** The jobs this editor knows: its own, and what else waits on the server. */

/** @import { Job, JobDetails, JobPhase } from "../app_types.js" */
/** @import { ApiPrompt } from "../core/types.js" */

import { createStore } from "../core/store.js";
import { notedDetails } from "./job_details.js";

/**
 * @typedef {object} QueueEntry what GET /api/tessera/queue tells of a job that runs or waits
 * @property {string} id
 * @property {number} number
 * @property {boolean} running
 * @property {string | null} tab
 * @property {string | null} label
 * @property {unknown} details what the editor that queued it noted of it
 * @property {number} nodes how many nodes its prompt has
 */

/**
 * @typedef {object} JobRecord
 * @property {string} id
 * @property {JobPhase} phase
 * @property {number} number
 * @property {string} label
 * @property {string | null} tabId
 * @property {number} nodes
 * @property {readonly string[]} nodeIds empty while they are not known: of jobs that this page did not queue
 * @property {Map<string, number>} done share of each node that began, 0 to 1
 * @property {number} [share] of the whole, as was last asked for
 * @property {boolean} isHeard its run was told of from the beginning
 * @property {boolean} isReturned its worker ended, and it waits for the next one
 * @property {boolean} isStopping it was told to stop, and runs on until it hears of it
 * @property {string} [node]
 * @property {JobDetails} [details]
 */

const TELL_EVERY_MS = 200;

export class Jobs {
  /** @type {Map<string, JobRecord>} */
  #jobs = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #toldAt = -Infinity;

  constructor() {
    /** Grows whenever a job was queued, began or ended: what was asked before that is outdated. */
    this.revision = 0;
    /** Waiting and running ones, in the order they run. */
    this.list = createStore(/** @type {readonly Job[]} */ ([]));
  }

  /** @param {string} id */
  get(id) {
    return this.#jobs.get(id);
  }

  /** The job that runs, as far as is known. */
  running() {
    return [...this.#jobs.values()].find((job) => job.phase === "running");
  }

  /** Whether a job runs of which not all was told. */
  hasUnheard() {
    return [...this.#jobs.values()].some(isUnheard);
  }

  /** @param {string} tabId @returns {JobRecord[]} those that run or wait */
  ofTab(tabId) {
    return [...this.#jobs.values()].filter((job) => job.tabId === tabId);
  }

  /**
   * A job is about to be queued: its messages may come before the answer does.
   * @param {{ id: string, tabId: string, label: string, prompt: ApiPrompt, details?: JobDetails }} job
   */
  expect({ id, tabId, label, prompt, details }) {
    const nodeIds = Object.keys(prompt);
    const nodes = nodeIds.length;
    this.#jobs.set(id, { id, tabId, label, nodes, nodeIds, details, phase: "waiting", number: Infinity, isReturned: false, isStopping: false, isHeard: false, done: new Map() });
    this.#plan();
  }

  /** @param {string} id @param {Partial<JobRecord>} change */
  update(id, change) {
    const job = this.#jobs.get(id);
    if (!job) return;
    const { phase, number } = job;
    Object.assign(job, change);
    if (job.phase !== phase || job.number !== number) this.revision += 1;
    this.#plan();
  }

  /** A node that begins anew, with the next element of a list, does not take back what is done. @param {string} id @param {string} node @param {number} share 0 to 1 */
  progress(id, node, share) {
    const job = this.#jobs.get(id);
    if (!job || (job.done.get(node) ?? -1) >= share) return;
    job.done.set(node, share);
    this.#plan();
  }

  /** It is history now. @param {string} id */
  remove(id) {
    if (!this.#jobs.delete(id)) return;
    this.revision += 1;
    this.#plan();
  }

  /**
   * Take over the server's queue.
   * @param {readonly QueueEntry[]} entries
   * @returns {{ ended: string[], returned: JobRecord[] }} jobs that ended while nobody told us, and
   *   those that ran and wait again
   */
  sync(entries) {
    const listed = new Set(entries.map(({ id }) => id));
    const ran = [...this.#jobs.values()].filter(({ phase }) => phase === "running");
    for (const entry of entries) this.#take(entry);
    // One without a number was not answered yet, so it may not be listed either.
    const ended = [...this.#jobs.values()].filter((job) => !listed.has(job.id) && Number.isFinite(job.number));
    for (const { id } of ended) this.#jobs.delete(id);
    const returned = ran.filter(({ id, phase }) => listed.has(id) && phase === "waiting");
    for (const job of returned) job.isReturned = true;
    this.#plan();
    return { ended: ended.map(({ id }) => id), returned };
  }

  /** @param {QueueEntry} entry */
  #take({ id, number, running, tab, label, details, nodes }) {
    const known = this.#jobs.get(id);
    const phase = running ? "running" : "waiting";
    if (known) Object.assign(known, { number, phase, nodes, isReturned: known.isReturned && !running });
    else this.#jobs.set(id, { id, number, phase, nodes, tabId: tab, label: label ?? "", details: notedDetails(details), isReturned: false, isStopping: false, isHeard: false, nodeIds: [], done: new Map() });
  }

  #plan() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#toldAt = performance.now();
      this.list.set(this.#shown());
    }, Math.max(0, this.#toldAt + TELL_EVERY_MS - performance.now()));
  }

  /** @returns {Job[]} */
  #shown() {
    const order = [...this.#jobs.values()].sort((a, b) => rank(a) - rank(b) || a.number - b.number);
    return order.map((job) => {
      const { id, phase, number, label, tabId, node, details, isReturned, isStopping } = job;
      return { id, phase, number, label, tabId, node, details, isReturned, isStopping, progress: progressOf(job) };
    });
  }
}

/** @param {JobRecord} job */
function isUnheard({ phase, isHeard }) {
  return phase === "running" && !isHeard;
}

/** The nodes that are done count whole, those that run by their steps. @param {JobRecord} job @returns {number} 0 to 1 */
function progressOf({ done, nodes, share = 0 }) {
  const sum = [...done.values()].reduce((total, part) => total + part, 0);
  return nodes > 0 ? Math.max(share, Math.min(1, sum / nodes)) : share;
}

/** @param {JobRecord} job */
function rank({ phase }) {
  return phase === "running" ? 0 : 1;
}
