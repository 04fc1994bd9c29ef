/** What the last run of one document did, node by node. */

/** @import { NodeRun, Preview, RunState, Unsubscribe } from "../app_types.js" */
/** @import { Problem } from "../core/types.js" */

/** Listeners hear of changes at most this often: an open editor must not slow what it shows. */
const TELL_EVERY_MS = 200;
const PREVIEW_EVERY_MS = 500;

/** @typedef {(run: NodeRun | undefined) => void} NodeListener */

/** @implements {RunState} */
export class TabRunState {
  /** @type {Map<string, NodeRun>} */
  #nodes = new Map();
  /** @type {Map<string, Set<NodeListener>>} */
  #listeners = new Map();
  /** @type {Set<(changed: ReadonlySet<string>) => void>} */
  #allListeners = new Set();
  /** @type {Set<string>} */
  #changed = new Set();
  /** @type {Map<string, number>} When a node's preview was last shown. */
  #previewed = new Map();
  /** @type {Map<string, Blob>} The newest picture that is not shown yet. */
  #waitingPreviews = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #toldAt = -Infinity;

  /**
   * @param {object} [clock]
   * @param {() => number} [clock.now] milliseconds
   * @param {() => boolean} [clock.isHidden] nobody looks
   */
  constructor({ now = () => performance.now(), isHidden = () => globalThis.document?.hidden ?? false } = {}) {
    this.now = now;
    this.isHidden = isHidden;
  }

  /** @param {string} executionId */
  get(executionId) {
    return this.#nodes.get(executionId);
  }

  entries() {
    return this.#nodes.entries();
  }

  /**
   * @param {string} executionId
   * @param {NodeListener} listener
   * @returns {Unsubscribe}
   */
  subscribe(executionId, listener) {
    const listeners = this.#listeners.get(executionId) ?? new Set();
    this.#listeners.set(executionId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(executionId);
    };
  }

  /** @param {(changed: ReadonlySet<string>) => void} listener @returns {Unsubscribe} */
  subscribeAll(listener) {
    this.#allListeners.add(listener);
    return () => void this.#allListeners.delete(listener);
  }

  /**
   * A run begins: its nodes wait, all others keep what they show.
   * @param {Iterable<string>} executionIds
   */
  begin(executionIds) {
    for (const id of executionIds) {
      this.#dropPreview(id);
      this.#set(id, { state: "waiting", outputs: this.#nodes.get(id)?.outputs });
    }
  }

  /**
   * Change some of what is known of a node. Equal values tell nobody.
   * @param {string} executionId
   * @param {Partial<NodeRun>} change
   */
  update(executionId, change) {
    const before = this.#nodes.get(executionId) ?? { state: /** @type {const} */ ("waiting") };
    const entries = /** @type {[keyof NodeRun, unknown][]} */ (Object.entries(change));
    if (this.#nodes.has(executionId) && entries.every(([key, value]) => before[key] === value)) return;
    const ends = change.state !== undefined && change.state !== "running" && change.state !== "waiting";
    if (ends) this.#dropPreview(executionId);
    this.#set(executionId, { ...before, ...(ends ? { previewUrl: undefined } : {}), ...change });
  }

  /**
   * A run ended: what still waits was not needed, what still runs was stopped.
   * @param {string} [saved] a node whose work is saved: it keeps the picture of it
   */
  end(saved) {
    this.#showWaiting(Infinity);
    for (const [id, run] of this.#nodes) {
      if (run.state !== "waiting" && run.state !== "running") continue;
      if (id === saved && run.previewUrl) this.#set(id, { state: "done", outputs: run.outputs, previewUrl: run.previewUrl });
      else this.#reset(id, run);
    }
  }

  /**
   * What went wrong is not shown any more.
   * @param {ReadonlySet<Problem>} [which] all without it: a new run is asked for
   */
  clearErrors(which) {
    for (const [id, run] of this.#nodes) {
      if (run.state === "error" && (!which || (run.error && which.has(run.error)))) this.#reset(id, run);
    }
  }

  /** Forget all, when the document is closed. */
  clear() {
    for (const [id] of this.#nodes) {
      this.#dropPreview(id);
      this.#changed.add(id);
    }
    this.#nodes.clear();
    this.#plan(TELL_EVERY_MS);
  }

  /** @param {string} executionId @param {Preview} preview */
  showPreview(executionId, { image }) {
    if (this.isHidden()) return;
    this.#waitingPreviews.set(executionId, image);
    this.#plan(Math.max(0, this.#previewDue(executionId) - this.now()));
  }

  /** @param {string} id */
  #previewDue(id) {
    return (this.#previewed.get(id) ?? -Infinity) + PREVIEW_EVERY_MS;
  }

  /** @param {string} id @param {NodeRun} run */
  #reset(id, run) {
    this.#dropPreview(id);
    if (run.outputs) this.#set(id, { state: "done", outputs: run.outputs });
    else {
      this.#nodes.delete(id);
      this.#mark(id);
    }
  }

  /** @param {string} id @param {NodeRun} run */
  #set(id, run) {
    this.#nodes.set(id, run);
    this.#mark(id);
  }

  /** @param {string} id */
  #mark(id) {
    this.#changed.add(id);
    this.#plan(0);
  }

  /** @param {string} id */
  #dropPreview(id) {
    const url = this.#nodes.get(id)?.previewUrl;
    if (url !== undefined) URL.revokeObjectURL(url);
    this.#waitingPreviews.delete(id);
    this.#previewed.delete(id);
  }

  /** @param {number} delay ms; the rate limit comes on top */
  #plan(delay) {
    if (this.#timer !== undefined) return;
    const free = this.#toldAt + TELL_EVERY_MS - this.now();
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, delay, free));
  }

  #tell() {
    this.#timer = undefined;
    this.#toldAt = this.now();
    this.#showWaiting(this.#toldAt);
    const changed = this.#changed;
    this.#changed = new Set();
    for (const id of changed) {
      for (const listener of [...(this.#listeners.get(id) ?? [])]) listener(this.#nodes.get(id));
    }
    if (changed.size > 0) for (const listener of [...this.#allListeners]) listener(changed);
  }

  /** Turn the newest pictures that are due by some time into addresses; the others wait for their turn. @param {number} time ms */
  #showWaiting(time) {
    for (const [id, image] of [...this.#waitingPreviews]) {
      if (this.#previewDue(id) > time) continue;
      const run = this.#nodes.get(id);
      this.#dropPreview(id);
      this.#previewed.set(id, this.now());
      this.#nodes.set(id, { ...(run ?? { state: "running" }), previewUrl: URL.createObjectURL(image) });
      this.#changed.add(id);
    }
    const dues = [...this.#waitingPreviews.keys()].map((id) => this.#previewDue(id));
    if (dues.length > 0) this.#plan(Math.max(0, Math.min(...dues) - this.now()));
  }
}
