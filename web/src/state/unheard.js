/**
 * How far jobs are that the server tells somebody else of: those of another window, or that ran
 * before this one was opened. They are asked for, as long as there are any.
 */

/** @import { Api } from "../app_types.js" */
/** @import { Jobs } from "./jobs.js" */

import { ApiError } from "../net/api_error.js";

const ASK_EVERY_MS = 1500;

export class UnheardJobs {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{ api: Pick<Api, "json">, jobs: Jobs, onError: (error: unknown) => void }} services */
  constructor({ api, jobs, onError }) {
    this.api = api;
    this.jobs = jobs;
    this.onError = onError;
  }

  start() {
    this.jobs.list.subscribe(() => this.#plan());
    this.#plan();
  }

  #plan() {
    if (this.#timer !== undefined || !this.jobs.hasUnheard()) return;
    this.#timer = setTimeout(() => void this.#ask(), ASK_EVERY_MS);
  }

  async #ask() {
    try {
      const shares = /** @type {{ [jobId: string]: number }} */ (
        this.jobs.hasUnheard() ? await this.api.json("/api/tessera/queue/progress") : {}
      );
      for (const [id, share] of Object.entries(shares)) this.jobs.update(id, { share });
      this.#timer = undefined;
      this.#plan();
    } catch (error) {
      this.#timer = undefined;
      // While the server is gone the socket says so; the queue is asked for when it is back.
      if (!(error instanceof ApiError && error.isAbsent)) this.onError(error);
    }
  }
}
