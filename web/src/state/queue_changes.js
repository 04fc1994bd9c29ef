/** What is asked of the server's queue: stop, cancel, put in order, pause. */

/** @import { Api } from "../app_types.js" */
/** @import { Json } from "../core/types.js" */
/** @import { Jobs } from "./jobs.js" */

import { ApiError } from "../net/api_error.js";

export class QueueChanges {
  /** @param {{ api: Pick<Api, "post">, jobs: Jobs, sync: () => Promise<void> }} services */
  constructor({ api, jobs, sync }) {
    this.api = api;
    this.jobs = jobs;
    this.sync = sync;
  }

  async interrupt() {
    const jobs = this.jobs.list.get();
    const running = jobs.filter(({ phase }) => phase === "running");
    await this.#stopping(running.map(({ id }) => id), () => this.api.post("/api/interrupt", {}));
    for (const { id, isReturned } of jobs) if (isReturned) await this.cancel(id);
  }

  /**
   * Jobs are shown as stopping until they end, or until asking for it fails.
   * @param {readonly string[]} jobIds
   * @param {() => Promise<unknown>} ask
   */
  async #stopping(jobIds, ask) {
    for (const id of jobIds) this.jobs.update(id, { isStopping: true });
    try {
      await ask();
    } catch (error) {
      for (const id of jobIds) this.jobs.update(id, { isStopping: false });
      throw error;
    }
  }

  /** @param {string} jobId */
  async cancel(jobId) {
    await this.#stopping([jobId], () => this.#change(`/api/tessera/jobs/${encodeURIComponent(jobId)}/cancel`));
  }

  /** @param {string} jobId @param {string | null} before the job it goes in front of; null for the end */
  async move(jobId, before) {
    const waiting = this.jobs.list.get().filter((job) => job.phase === "waiting" && job.id !== jobId);
    const at = before === null ? waiting.length : waiting.findIndex((job) => job.id === before);
    const number = between(waiting[at - 1]?.number, waiting[at]?.number);
    await this.#change(`/api/tessera/jobs/${encodeURIComponent(jobId)}/move`, { number });
  }

  async clear() {
    await this.#change("/api/queue", { clear: true });
  }

  /** @param {boolean} paused */
  async setPaused(paused) {
    await this.#change(`/api/tessera/queue/${paused ? "pause" : "resume"}`);
  }

  /** @param {string} path @param {Json} [body] */
  async #change(path, body = {}) {
    try {
      await this.api.post(path, body);
    } catch (error) {
      // It ended a moment ago: the list below says so.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
    await this.sync();
  }
}

/**
 * A place in the queue between two others.
 * @param {number | undefined} before
 * @param {number | undefined} after
 */
export function between(before, after) {
  if (before === undefined) return after === undefined ? 0 : after - 1;
  return after === undefined ? before + 1 : (before + after) / 2;
}
