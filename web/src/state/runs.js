/** Running documents: queueing, the queue's controls, and what comes back. */

/**
 * @import { Api, App, JobDetails, Runs, RunOptions, Settings, Socket, Store, Tab as TabShape } from "../app_types.js"
 * @import { ApiPrompt, Catalogue, Json, Problem } from "../core/types.js"
 * @import { JobRecord, QueueEntry } from "./jobs.js"
 * @import { Failure, Saved } from "./run_events.js"
 * @import { Tab } from "./tab.js"
 */

import { toApi } from "../core/convert/to_api.js";
import { writeWorkflow } from "../core/convert/write_canvas.js";
import { createStore } from "../core/store.js";
import { ApiError } from "../net/api_error.js";
import { newId } from "../net/ids.js";
import { detailsOf } from "./job_details.js";
import { Jobs } from "./jobs.js";
import { nothingToRun, problemsOfPrompt } from "./prompt_problems.js";
import { QueueChanges } from "./queue_changes.js";
import { explain, showKept } from "./results.js";
import { RunEvents } from "./run_events.js";
import { rollSeeds } from "./seeds.js";

const SYNC_AFTER_MS = 250;
/** Whether runs show pictures of what they are making. */
export const PREVIEWS_SETTING = "Tessera.Run.Previews";

/**
 * @typedef {object} Services
 * @property {Api} api
 * @property {Socket} socket
 * @property {Store<Catalogue>} catalogue
 * @property {Pick<Settings, "get">} settings
 * @property {Pick<App["i18n"], "t">} i18n
 * @property {{ readonly active: Store<Tab | null>, readonly list: Store<readonly Tab[]> }} tabs
 * @property {(error: unknown) => void} onError
 */

/** @implements {Runs} */
export class RunControl {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #syncTimer;
  #syncs = 0;
  #jobs = new Jobs();
  /** @type {QueueChanges} */
  #changes;
  /** @type {Set<Parameters<RunControl["onEnd"]>[0]>} */
  #endListeners = new Set();
  /** @type {Set<Parameters<RunControl["onAsked"]>[0]>} */
  #askedListeners = new Set();
  /** @type {Set<(label: string) => void>} */
  #returnListeners = new Set();
  /** Since the queue was last taken over: the server may have been another process. */
  #wasLost = false;
  /** The documents that were open before are open again. */
  #areTabsBack = false;

  /** @param {Services} services */
  constructor(services) {
    this.services = services;
    this.jobs = this.#jobs.list;
    this.#changes = new QueueChanges({ api: services.api, jobs: this.#jobs, sync: () => this.sync() });
    this.paused = createStore(false);
    this.batchCount = createStore(1);
    this.autoQueue = createStore(/** @type {"off" | "change" | "always"} */ ("off"));
    /** Written on jobs that are queued from now on, in place of the document's title. */
    this.label = createStore("");
    this.events = new RunEvents({
      jobs: this.#jobs,
      tabOf: (id) => services.tabs.list.get().find((tab) => tab.id === id),
      onEnd: (jobId, tab, phase, told) => void this.#ended(jobId, tab, phase, told),
    });
  }

  /** Begin to listen; whatever was missed while nobody did is asked for. */
  start() {
    const { api, socket, onError } = this.services;
    this.events.listen(socket);
    import("./unheard.js").then(({ UnheardJobs }) => new UnheardJobs({ api, jobs: this.#jobs, onError }).start()).catch(onError);
    socket.on("status", () => this.#planSync());
    socket.state.subscribe((state) => {
      if (state === "open") this.#planSync();
      if (state !== "lost") return;
      this.#wasLost = true;
      this.events.lost();
    });
  }

  /**
   * @param {(tab: Tab | undefined, phase: string, failure: Failure | undefined, saved: Saved | undefined) => void} listener
   *   told when a job is over; of a failure it hears once
   */
  onEnd(listener) {
    this.#endListeners.add(listener);
    return () => void this.#endListeners.delete(listener);
  }

  /**
   * @param {(tab: Tab, queued: number, isShown: boolean, refused: Problem[]) => void} listener told how many
   *   of the runs asked for wait now, whether some of what they end with is to be seen, and what was refused
   */
  onAsked(listener) {
    this.#askedListeners.add(listener);
    return () => void this.#askedListeners.delete(listener);
  }

  /** @param {(label: string) => void} listener told of a job whose worker ended: it waits again */
  onReturn(listener) {
    this.#returnListeners.add(listener);
    return () => void this.#returnListeners.delete(listener);
  }

  /** @param {TabShape} tab @returns {number} jobs of it that run or wait */
  countOf(tab) {
    return this.#jobs.ofTab(tab.id).length;
  }

  /** @param {RunOptions & { readonly tab?: TabShape }} [options] */
  async run({ tab: wanted, count = this.batchCount.get(), targets, front = false } = {}) {
    const { tabs } = this.services;
    const tab = wanted ? tabs.list.get().find((one) => one === wanted) : tabs.active.get();
    if (!tab) return;
    const before = tab.problems.get();
    let queued = 0, isShown = true;
    while (queued < count) {
      const run = await this.#queue(tab, { targets, front, batch: { number: queued + 1, count } });
      if (!run) break;
      ({ isShown } = run);
      queued += 1;
    }
    const refused = tab.problems.get().filter((problem) => problem.ofCheck && !before.includes(problem));
    for (const listener of [...this.#askedListeners]) listener(tab, queued, isShown, refused);
  }

  /** What would be queued now. @param {Tab} tab @param {readonly string[]} [targets] */
  promptOf(tab, targets) {
    return toApi(tab.doc, this.services.catalogue.get(), targets ? { targets: [...targets] } : {});
  }

  /**
   * @param {Tab} tab
   * @param {{ targets: readonly string[] | undefined, front: boolean, batch: { number: number, count: number } }} options
   * @returns {Promise<{ isShown: boolean } | undefined>} undefined: it was not queued
   */
  async #queue(tab, { targets, front, batch }) {
    const catalogue = this.services.catalogue.get();
    rollSeeds(tab, catalogue);
    const { prompt: needed, problems } = this.promptOf(tab, targets);
    const part = targets && (await import("./run_to.js"));
    const kept = part?.outside(tab.problems.get(), needed) ?? [];
    if (batch.number === 1) tab.run.clearErrors(part && new Set(tab.problems.get().filter((problem) => !kept.includes(problem))));
    tab.problems.set([...problems, ...kept]);
    if (Object.keys(needed).length === 0) {
      this.#show(tab, [nothingToRun(this.services.i18n, targets)]);
      return undefined;
    }
    const label = this.label.get() || tab.title.get();
    const id = newId();
    const details = detailsOf(needed, batch);
    const { prompt, ends, isShown } = part ? part.runUpTo(needed, targets, catalogue) : { prompt: needed, isShown: true };
    this.#jobs.expect({ id, tabId: tab.id, label, prompt, details });
    const isQueued = await this.#send(tab, id, { prompt, targets: ends, front, label, details, workflow: writeWorkflow(tab.doc, catalogue) });
    return isQueued ? { isShown } : undefined;
  }

  /**
   * @param {Tab} tab
   * @param {string} id
   * @param {{ prompt: ApiPrompt, targets: readonly string[] | undefined, front: boolean, label: string, details: JobDetails, workflow: Json }} job
   */
  async #send(tab, id, { prompt, targets, front, label, details, workflow }) {
    const { api, socket, settings } = this.services;
    try {
      const answer = await api.queuePrompt({
        prompt, front, client_id: socket.clientId, prompt_id: id,
        extra_data: {
          extra_pnginfo: { workflow },
          preview_method: previewMethod(settings),
          tessera: { tab: tab.id, label, details: { ...details } },
        },
        ...(targets ? { partial_execution_targets: [...targets] } : {}),
      });
      this.#jobs.update(id, { number: answer.number });
      this.#showWaiting(tab, id);
      this.#show(tab, problemsOfPrompt(undefined, answer.node_errors));
      return true;
    } catch (error) {
      this.#jobs.remove(id);
      if (!(error instanceof ApiError) || error.isAbsent) this.services.onError(error);
      else this.#show(tab, problemsOfPrompt({ type: error.kind, message: error.message }, error.nodeErrors));
      return false;
    }
  }

  /** The nodes wait with the job, unless they show an earlier one of the document. @param {Tab} tab @param {string} id */
  #showWaiting(tab, id) {
    const [first] = this.#jobs.ofTab(tab.id);
    if (first?.id === id && first.phase === "waiting") tab.run.begin(first.nodeIds);
  }

  /** @param {Tab} tab @param {readonly Problem[]} problems */
  #show(tab, problems) {
    if (problems.length === 0) return;
    tab.problems.update((known) => [...known, ...problems]);
    for (const problem of problems) {
      if (problem.executionId) tab.run.update(problem.executionId, { state: "error", error: problem });
    }
  }

  interrupt() {
    return this.#changes.interrupt();
  }

  /** @param {string} jobId */
  cancel(jobId) {
    return this.#changes.cancel(jobId);
  }

  /** @param {string} jobId @param {string | null} before the job it goes in front of; null for the end */
  move(jobId, before) {
    return this.#changes.move(jobId, before);
  }

  clear() {
    return this.#changes.clear();
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    return this.#changes.setPaused(paused);
  }

  /** The documents of before are open: show on them what is queued. */
  async showQueued() {
    this.#areTabsBack = true;
    await this.#learnNodes();
  }

  #planSync() {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      void this.sync().catch((error) => {
        // While the server is gone the socket says so; its return brings the next look.
        if (!(error instanceof ApiError && error.isAbsent)) this.services.onError(error);
      });
    }, SYNC_AFTER_MS);
  }

  /**
   * Take over the server's queue, and the ends of jobs that nobody told us. Of an answer that was
   * on its way while a job began or ended nothing is taken: it would show what is past.
   */
  async sync() {
    const turn = ++this.#syncs;
    const { revision } = this.#jobs;
    const { paused, jobs } = /** @type {{ paused: boolean, jobs: QueueEntry[] }} */ (
      /** @type {unknown} */ (await this.services.api.json("/api/tessera/queue"))
    );
    if (turn !== this.#syncs) return;
    this.paused.set(paused);
    if (revision !== this.#jobs.revision) {
      this.#planSync();
      return;
    }
    const before = new Map(this.services.tabs.list.get().flatMap((tab) => this.#jobs.ofTab(tab.id).map((job) => [job.id, tab])));
    const { ended, returned } = this.#jobs.sync(jobs);
    for (const job of returned) this.#returned(job);
    this.#wasLost = false;
    for (const id of ended) {
      const tab = before.get(id);
      if (tab) await this.showResult(id, tab, { isNews: true });
    }
    if (this.#areTabsBack) await this.#learnNodes();
  }

  /** Of jobs that this page did not queue. */
  async #learnNodes() {
    const { api, tabs } = this.services;
    const unknown = tabs.list.get().filter(({ id }) => this.#jobs.ofTab(id).some(({ nodeIds }) => nodeIds.length === 0));
    if (unknown.length === 0) return;
    const { showQueued } = await import("./queued_nodes.js");
    await showQueued({ api, jobs: this.#jobs, events: this.events }, unknown);
  }

  /** A job that ran waits again. @param {JobRecord} job */
  #returned({ id, label }) {
    this.events.startOver(id);
    // That of a server that was gone is said already.
    if (!this.#wasLost) for (const listener of [...this.#returnListeners]) listener(label);
  }

  /**
   * Show what a finished job has in history.
   * @param {string} jobId
   * @param {Tab} tab
   * @param {{ isNews?: boolean }} [options] nobody was told of its end before
   */
  async showResult(jobId, tab, { isNews = false } = {}) {
    const kept = await showKept(this.services.api, jobId, tab);
    if (!kept) {
      if (this.#jobs.ofTab(tab.id).length === 0) tab.run.end();
      return;
    }
    const { isSuccess, problem } = kept;
    if (problem) this.#show(tab, [problem]);
    const failure = isNews && problem && !isSuccess ? { label: tab.title.get(), problem } : undefined;
    await this.#ended(jobId, tab, isSuccess ? "done" : "error", { failure });
  }

  /** @param {string} jobId @param {Tab | undefined} tab @param {"done" | "error" | "interrupted"} phase @param {{ failure?: Failure, saved?: Saved }} told */
  async #ended(jobId, tab, phase, { failure, saved }) {
    tab?.lastJob.set(jobId);
    for (const listener of [...this.#endListeners]) listener(tab, phase, failure, saved);
    if (tab) await explain(this.services.api, jobId, tab);
  }
}

/** Which pictures of what it is making a job shall send. @param {Pick<Settings, "get">} settings @returns {"auto" | "none"} */
export function previewMethod(settings) {
  return settings.get(PREVIEWS_SETTING) ? "auto" : "none";
}
