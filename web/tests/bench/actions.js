/** Single actions of the bench: how long each takes from the call to the frame that shows it. */

/** @import { Page } from "playwright-core" */
/** @import { BenchWindow } from "./scenarios.js" */

const TIMES = 8;
const EVENTS = 40;
const EVENTS_MS = 50;

/** Calls `step` again and again, each time until its frame is over. @param {Page} page @param {string} step Source of a function of the round and what `prepare` made. @param {string} [prepare] Source of an async function. @returns {Promise<number[]>} ms */
function timed(page, step, prepare = "async () => undefined") {
  return page.evaluate(async ([call, made, times]) => {
    const { harness } = /** @type {BenchWindow} */ (/** @type {unknown} */ (window));
    /** @type {(source: string) => any} */
    const compiled = (source) => new Function("harness", `return (${source});`)(harness);
    const act = compiled(call), material = await compiled(made)();
    const durations = [];
    for (let round = 0; round < times; round += 1) {
      const start = performance.now();
      act(round, material);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      durations.push(performance.now() - start);
    }
    return durations;
  }, /** @type {[string, string, number]} */ ([step, prepare, TIMES]));
}

/** Takes wires off and puts them back. @param {Page} page */
export function reconnect(page) {
  return timed(page, `(round) => {
    const { tab } = harness;
    const link = [...tab.doc.root.links.values()][round];
    tab.edit("x", (tx) => { tx.connect("root", link); });
  }`);
}

/** Undoes what `reconnect` did. @param {Page} page */
export function undo(page) {
  return timed(page, "() => harness.tab.undo()");
}

/** Goes to another tab and back. @param {Page} page */
export function switchTabs(page) {
  return timed(page, "(round, other) => harness.view.setTab(round % 2 === 0 ? other : harness.tab)", `async () => {
    const [{ Tab }, { Doc }] = await Promise.all([import("/src/state/tab.js"), import("/src/core/document.js")]);
    return new Tab(Doc.empty(), { title: "Other" });
  }`);
}

/** A node in view reports 20 steps a second, as a job does. @param {Page} page */
export async function run(page) {
  await page.evaluate(async ([events, pause]) => {
    const { tab, view } = /** @type {BenchWindow} */ (/** @type {unknown} */ (window)).harness;
    const [id] = view.nodes.views.keys();
    for (let value = 1; value <= events; value += 1) {
      tab.run.update(id, { state: "running", value, max: events });
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }, /** @type {[number, number]} */ ([EVENTS, EVENTS_MS]));
  return null;
}

export const ROUNDS = { actions: TIMES, events: EVENTS };
