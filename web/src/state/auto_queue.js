/** Queues by itself: whenever an edit changes what would run, or again and again. */

/** @import { RunControl } from "./runs.js" */
/** @import { TabList } from "./tabs.js" */
/** @import { Tab } from "./tab.js" */

import { jsonText } from "../core/json.js";

const QUIET_MS = 300;

export class AutoQueue {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What each document was queued with last, as JSON. @type {WeakMap<Tab, string>} */
  #queued = new WeakMap();
  /** @type {() => void} */
  #leave = () => {};

  /** @param {RunControl} runs @param {TabList} tabs */
  constructor(runs, tabs) {
    this.runs = runs;
    this.tabs = tabs;
  }

  start() {
    this.tabs.active.subscribe((tab) => this.#watch(tab));
    this.runs.autoQueue.subscribe(() => this.#changed());
    this.runs.onEnd((tab, phase) => this.#ended(tab, phase));
  }

  /** @param {Tab | null} tab */
  #watch(tab) {
    this.#leave();
    this.#leave = tab ? tab.doc.subscribe(() => this.#changed()) : () => {};
    this.#changed();
  }

  #changed() {
    if (this.runs.autoQueue.get() === "off") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#queueIfDue(), QUIET_MS);
  }

  /** @param {Tab | undefined} tab @param {string} phase */
  #ended(tab, phase) {
    const isOurs = tab !== undefined && tab === this.tabs.active.get();
    if (!isOurs || this.runs.autoQueue.get() === "off") return;
    // What fails or is stopped by hand would fail again, and again.
    if (phase !== "done") this.runs.autoQueue.set("off");
    else if (this.runs.autoQueue.get() === "always") this.#queued.delete(tab);
    this.#changed();
  }

  async #queueIfDue() {
    const tab = this.tabs.active.get();
    if (!tab || this.runs.autoQueue.get() === "off" || this.runs.countOf(tab) > 0) return;
    const prompt = jsonText(this.runs.promptOf(tab).prompt);
    if (this.#queued.get(tab) === prompt) return;
    await this.runs.run({ tab, count: 1 });
    // Rolled seeds are part of what ran: they are no change that asks for another run.
    this.#queued.set(tab, jsonText(this.runs.promptOf(tab).prompt));
  }
}
