/** The queue as the server has it, and jobs that ended while nobody told. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Jobs } from "../../src/state/jobs.js";
import { between } from "../../src/state/queue_changes.js";

/** @param {string} id @param {number} number @param {object} [change] */
function entry(id, number, change = {}) {
  return { id, number, running: false, tab: "t", label: "L", details: null, nodes: 2, ...change };
}

/** @param {Jobs} jobs */
async function shown(jobs) {
  await new Promise((resolve) => jobs.list.subscribe(resolve));
  return jobs.list.get().map(({ id, phase }) => `${id} ${phase}`);
}

test("what runs comes first, then what waits in its order", async () => {
  const jobs = new Jobs();
  jobs.sync([entry("c", 3), entry("a", -1), entry("b", 2, { running: true })]);
  assert.deepEqual(await shown(jobs), ["b running", "a waiting", "c waiting"]);
});

test("a job that left the queue unheard is reported once", () => {
  const jobs = new Jobs();
  jobs.sync([entry("a", 1), entry("b", 2)]);
  assert.deepEqual(jobs.sync([entry("b", 2)]).ended, ["a"]);
  assert.deepEqual(jobs.sync([entry("b", 2)]).ended, []);
});

test("a job whose answer is still under way is not taken for ended", () => {
  const jobs = new Jobs();
  jobs.expect({ id: "new", tabId: "t", label: "", prompt: {} });
  assert.deepEqual(jobs.sync([]).ended, []);
  assert.ok(jobs.get("new"));
  jobs.update("new", { number: 4 });
  assert.deepEqual(jobs.sync([]).ended, ["new"]);
});

test("a job that ran and waits again came back from its worker, until it runs anew", async () => {
  const jobs = new Jobs();
  jobs.sync([entry("a", 1, { running: true }), entry("b", 2)]);
  const { ended, returned } = jobs.sync([entry("a", 1), entry("b", 2)]);
  assert.deepEqual([ended, returned.map(({ id }) => id)], [[], ["a"]]);
  assert.deepEqual(jobs.sync([entry("a", 1), entry("b", 2)]).returned, [], "it is told once");
  await shown(jobs);
  assert.deepEqual(jobs.list.get().map(({ isReturned }) => isReturned), [true, false]);
  jobs.sync([entry("a", 1, { running: true }), entry("b", 2)]);
  await shown(jobs);
  assert.deepEqual(jobs.list.get().map(({ isReturned }) => isReturned), [false, false]);
});

test("jobs of other programs have no document", async () => {
  const jobs = new Jobs();
  jobs.sync([entry("x", 1, { tab: null, label: null })]);
  await shown(jobs);
  assert.deepEqual({ ...jobs.list.get()[0] }, { id: "x", phase: "waiting", number: 1, label: "", tabId: null, node: undefined, details: undefined, isReturned: false, isStopping: false, progress: 0 });
});

test("a place between two others is between them", () => {
  assert.equal(between(undefined, undefined), 0);
  assert.equal(between(undefined, -3), -4);
  assert.equal(between(7, undefined), 8);
  assert.equal(between(7, 8), 7.5);
});

/** @param {Jobs} jobs */
async function progress(jobs) {
  await shown(jobs);
  return jobs.list.get()[0]?.progress;
}

test("the steps of the node that runs count, and nothing is taken back", async () => {
  const jobs = new Jobs();
  jobs.sync([entry("a", 1, { running: true, nodes: 3 })]);
  jobs.progress("a", "data", 1);
  const shares = [];
  for (const step of [0, 20, 300, 600]) {
    jobs.progress("a", "train", step / 600);
    shares.push(await progress(jobs));
  }
  assert.deepEqual(shares, [1 / 3, (1 + 20 / 600) / 3, 1.5 / 3, 2 / 3]);
  jobs.progress("a", "train", 0);
  jobs.progress("a", "show", 0.5);
  assert.equal(await progress(jobs), 2.5 / 3);
});

test("a run that was not told of from its beginning is asked for until its end, and the higher counts", async () => {
  const jobs = new Jobs();
  jobs.sync([entry("a", 1, { running: true, nodes: 2 })]);
  assert.equal(jobs.hasUnheard(), true);
  jobs.update("a", { share: 0.6 });
  assert.equal(await progress(jobs), 0.6, "what came from the cache was not told here");
  jobs.progress("a", "train", 0.2);
  assert.equal(await progress(jobs), 0.6);
  assert.equal(jobs.hasUnheard(), true);
  jobs.update("a", { isHeard: true });
  assert.equal(jobs.hasUnheard(), false);
});
