/**
 * Brings what the server tells of jobs to the documents they came from. A message belongs to the
 * tab its job was queued by, whatever tab is shown now.
 */

/** @import { NodeOutputs, Preview, Socket } from "../app_types.js" */
/** @import { JsonObject, Problem } from "../core/types.js" */
/** @import { Tab } from "./tab.js" */
/** @import { Jobs } from "./jobs.js" */

import { problemOfFailure } from "./prompt_problems.js";

/** @typedef {{ readonly label: string, readonly problem: Problem }} Failure what ended a run, and the run's name */
/** @typedef {{ readonly step: number, readonly steps: number }} Saved a stopped node goes on from this step of so many */
/** @typedef {{ value?: number, max?: number, state?: string, display_node_id?: string, node_id?: string }} NodeProgress */

export class RunEvents {
  /** @type {Map<string, number | undefined>} When a node of a job began, by "job node"; undefined: it is not known. */
  #began = new Map();

  /**
   * @param {object} services
   * @param {Jobs} services.jobs
   * @param {(id: string) => Tab | undefined} services.tabOf
   * @param {(jobId: string, tab: Tab | undefined, phase: "done" | "error" | "interrupted", told: { failure?: Failure, saved?: Saved }) => void} services.onEnd
   * @param {() => number} [services.now] milliseconds
   */
  constructor({ jobs, tabOf, onEnd, now = () => performance.now() }) {
    this.jobs = jobs;
    this.tabOf = tabOf;
    this.onEnd = onEnd;
    this.now = now;
    /** @type {Map<string, { [id: string]: NodeProgress }>} Told of jobs whose document is not open, or not yet. */
    this.early = new Map();
  }

  /** @param {Socket} socket */
  listen(socket) {
    socket.on("execution_start", (data) => this.#start(data.prompt_id));
    socket.on("execution_cached", (data) => this.#cached(data));
    socket.on("executing", (data) => this.#executing(data));
    socket.on("progress_state", (data) => this.progress(data));
    socket.on("executed", (data) => this.#executed(data));
    socket.on("execution_success", (data) => this.end(data.prompt_id, "done"));
    socket.on("execution_interrupted", (data) => this.end(data.prompt_id, "interrupted", { node: data.node_id, saved: data.saved }));
    socket.on("execution_error", (data) => this.#failed(data));
    socket.onPreview((preview) => this.#preview(preview));
  }

  /** @param {string} jobId @returns {Tab | undefined} */
  #tab(jobId) {
    const tabId = this.jobs.get(jobId)?.tabId;
    return tabId ? this.tabOf(tabId) : undefined;
  }

  /** @param {string} jobId */
  #start(jobId) {
    this.startOver(jobId);
    this.jobs.update(jobId, { phase: "running", isReturned: false, isHeard: true });
  }

  /** A job's nodes wait for it to begin, whatever an earlier attempt did. @param {string} jobId */
  startOver(jobId) {
    this.jobs.update(jobId, { done: new Map(), share: 0, isHeard: false, node: undefined });
    this.#forget(jobId);
    this.#tab(jobId)?.run.begin(this.jobs.get(jobId)?.nodeIds ?? []);
  }

  /** Nothing is heard any more: how long what runs now takes will not be known. */
  lost() {
    for (const key of this.#began.keys()) this.#began.set(key, undefined);
  }

  /** @param {string} jobId */
  #forget(jobId) {
    this.early.delete(jobId);
    for (const key of this.#began.keys()) if (key.startsWith(`${jobId} `)) this.#began.delete(key);
  }

  /** @param {{ prompt_id: string, nodes: string[] }} data */
  #cached({ prompt_id: jobId, nodes }) {
    for (const node of nodes) {
      this.jobs.progress(jobId, node, 1);
      this.#tab(jobId)?.run.update(node, { state: "cached" });
    }
  }

  /** @param {{ prompt_id?: string, node: string | null, display_node?: string }} data */
  #executing({ prompt_id: jobId, node, display_node: shown }) {
    if (node === null || jobId === undefined) return;
    this.jobs.update(jobId, { phase: "running", node: shown ?? node });
    this.#running(jobId, shown ?? node, {});
  }

  /** @param {{ prompt_id: string, nodes: { [id: string]: NodeProgress } }} data */
  progress({ prompt_id: jobId, nodes }) {
    if (!this.#tab(jobId)) this.early.set(jobId, { ...this.early.get(jobId), ...nodes });
    for (const [id, { value = 0, max = 1, state, display_node_id: display }] of Object.entries(nodes)) {
      const shown = display ?? id;
      const share = state === "finished" ? 1 : max > 0 ? Math.min(1, value / max) : 0;
      this.jobs.progress(jobId, id, share);
      if (state === "running") this.#running(jobId, shown, { value, max });
      else if (state === "finished") this.#finished(jobId, shown);
    }
  }

  /** @param {string} jobId @param {string} node @param {{ value?: number, max?: number }} progress */
  #running(jobId, node, progress) {
    const key = `${jobId} ${node}`;
    if (!this.#began.has(key)) this.#began.set(key, this.now());
    this.#tab(jobId)?.run.update(node, { state: "running", ...progress });
  }

  /** @param {string} jobId @param {string} node */
  #finished(jobId, node) {
    const run = this.#tab(jobId)?.run;
    const began = this.#began.get(`${jobId} ${node}`);
    const isOver = ["done", "cached", "error"].includes(run?.get(node)?.state ?? "");
    if (!run || isOver) return;
    const seconds = began === undefined ? undefined : (this.now() - began) / 1000;
    run.update(node, { state: "done", seconds });
  }

  /** @param {{ prompt_id: string, node: string, display_node?: string, output: NodeOutputs | null }} data */
  #executed({ prompt_id: jobId, node, display_node: display, output }) {
    const shown = display ?? node;
    this.jobs.progress(jobId, node, 1);
    this.#finished(jobId, shown);
    if (output) this.#tab(jobId)?.run.update(shown, { outputs: output });
  }

  /** @param {JsonObject & { prompt_id: string }} data */
  #failed(data) {
    const problem = problemOfFailure(data);
    const tab = this.#tab(data.prompt_id);
    tab?.problems.update((problems) => [...problems, problem]);
    if (problem.executionId) tab?.run.update(problem.executionId, { state: "error", error: problem });
    // A blocked branch is told the same way, but the run goes on.
    if (data["exception_type"] !== "ExecutionBlocked") this.end(data.prompt_id, "error", { problem });
  }

  /** @param {Preview} preview */
  #preview(preview) {
    const jobId = preview.promptId ?? this.jobs.running()?.id;
    const node = preview.displayNodeId ?? preview.nodeId ?? this.jobs.running()?.node;
    if (jobId !== undefined && node !== undefined) this.#tab(jobId)?.run.showPreview(node, preview);
  }

  /**
   * @param {string} jobId
   * @param {"done" | "error" | "interrupted"} phase
   * @param {{ problem?: Problem, node?: string, saved?: Saved }} [told] node: the one that was stopped
   */
  end(jobId, phase, { problem, node, saved } = {}) {
    const tab = this.#tab(jobId);
    const failure = problem && { label: this.jobs.get(jobId)?.label ?? "", problem };
    tab?.run.end(saved && node);
    this.#forget(jobId);
    this.jobs.remove(jobId);
    this.onEnd(jobId, tab, phase, { failure, saved });
  }
}
