/** Messages of a job reach the document that queued it, and no other. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Doc } from "../../src/core/document.js";
import { Jobs } from "../../src/state/jobs.js";
import { RunEvents } from "../../src/state/run_events.js";
import { Tab } from "../../src/state/tab.js";

/** @type {Map<string, (data: any) => void>} */
let listeners;
/** @type {Tab} */
let one;
/** @type {Tab} */
let other;
/** @type {Jobs} */
let jobs;
/** @type {[string, string][]} */
let ended;
/** Up to where the stopped run is saved. @type {import("../../src/state/run_events.js").Saved | undefined} */
let saved;
/** What was told of failures. @type {any[]} */
let failures;
let now = 0;
/** @type {RunEvents} */
let events;

const PROMPT = { 1: { class_type: "A", inputs: {} }, 2: { class_type: "B", inputs: {} } };

beforeEach(() => {
  listeners = new Map();
  now = 0;
  ended = [];
  failures = [];
  one = new Tab(Doc.empty(), { id: "one", title: "one" });
  other = new Tab(Doc.empty(), { id: "other", title: "other" });
  jobs = new Jobs();
  events = new RunEvents({
    jobs, now: () => now,
    tabOf: (id) => [one, other].find((tab) => tab.id === id),
    onEnd: (id, tab, phase, { failure, saved: at }) => {
      saved = at;
      ended.push([id, phase]);
      if (failure) failures.push([tab?.id, failure.label, failure.problem.message]);
    },
  });
  events.listen(/** @type {any} */ ({
    on: (/** @type {string} */ type, /** @type {any} */ listener) => listeners.set(type, listener),
    onPreview: (/** @type {any} */ listener) => listeners.set("preview", listener),
  }));
  jobs.expect({ id: "a", tabId: "one", label: "portrait", prompt: PROMPT });
  jobs.expect({ id: "b", tabId: "other", label: "", prompt: PROMPT });
});

/** @param {string} type @param {unknown} data */
function send(type, data) {
  listeners.get(type)?.(data);
}

test("progress of one document lights no node of another", () => {
  send("execution_start", { prompt_id: "a" });
  send("executing", { prompt_id: "a", node: "1", display_node: "1" });
  send("progress_state", { prompt_id: "a", nodes: { 1: { state: "running", value: 3, max: 10 } } });
  assert.deepEqual({ ...one.run.get("1") }, { state: "running", outputs: undefined, value: 3, max: 10 });
  assert.equal(one.run.get("2")?.state, "waiting");
  assert.deepEqual([...other.run.entries()], []);
});

test("a finished node tells how long it took", () => {
  send("execution_start", { prompt_id: "a" });
  now = 1000;
  send("executing", { prompt_id: "a", node: "1" });
  now = 3500;
  send("progress_state", { prompt_id: "a", nodes: { 1: { state: "finished", value: 1, max: 1 } } });
  assert.equal(one.run.get("1")?.state, "done");
  assert.equal(one.run.get("1")?.seconds, 2.5);
});

test("the time of a node counts only the attempt that finished it", () => {
  send("execution_start", { prompt_id: "a" });
  send("executing", { prompt_id: "a", node: "1" });
  send("progress_state", { prompt_id: "a", nodes: { 1: { state: "running", value: 3, max: 10 } } });
  now = 60_000;
  events.startOver("a");
  assert.deepEqual({ ...one.run.get("1") }, { state: "waiting", outputs: undefined });
  now = 90_000;
  send("execution_start", { prompt_id: "a" });
  send("executing", { prompt_id: "a", node: "1" });
  now = 92_000;
  send("progress_state", { prompt_id: "a", nodes: { 1: { state: "finished", value: 1, max: 1 } } });
  assert.equal(one.run.get("1")?.seconds, 2);
});

test("a node that ran while the server was not heard tells no time", () => {
  send("execution_start", { prompt_id: "a" });
  send("executing", { prompt_id: "a", node: "1" });
  events.lost();
  now = 3000;
  send("executing", { prompt_id: "a", node: "2" });
  now = 5000;
  send("progress_state", { prompt_id: "a", nodes: { 1: { state: "finished" }, 2: { state: "finished" } } });
  assert.deepEqual([one.run.get("1")?.seconds, one.run.get("2")?.seconds], [undefined, 2]);
});

test("what is found in the cache is marked so, and keeps the mark when its picture comes", () => {
  send("execution_cached", { prompt_id: "a", nodes: ["1"] });
  send("executed", { prompt_id: "a", node: "1", output: { images: [{ filename: "x.png" }] } });
  assert.equal(one.run.get("1")?.state, "cached");
  assert.equal(one.run.get("1")?.outputs?.images?.[0]?.filename, "x.png");
});

test("nodes of an expansion show on the node that stands for them", () => {
  send("progress_state", { prompt_id: "a", nodes: { "1.0.1": { state: "running", value: 1, max: 2, display_node_id: "1" } } });
  assert.equal(one.run.get("1")?.state, "running");
  assert.equal(one.run.get("1.0.1"), undefined);
});

test("a failure is a problem with its place, in the list of its document", () => {
  send("execution_error", {
    prompt_id: "a", node_id: "2", node_type: "B", exception_type: "ValueError",
    exception_message: "no such model\n", traceback: ["line 1\n", "line 2\n"],
  });
  assert.deepEqual(one.problems.get(), [{
    severity: "error", code: "ValueError", message: "no such model", detail: "line 1\nline 2\n", executionId: "2",
  }]);
  assert.equal(one.run.get("2")?.state, "error");
  assert.deepEqual(other.problems.get(), []);
  assert.deepEqual(ended, [["a", "error"]]);
  assert.deepEqual(failures, [["one", "portrait", "no such model"]]);
});

test("a run that was stopped, or went well, is no failure", () => {
  send("execution_interrupted", { prompt_id: "a" });
  send("execution_success", { prompt_id: "b" });
  assert.deepEqual(ended, [["a", "interrupted"], ["b", "done"]]);
  assert.deepEqual(failures, []);
});

test("a run that is followed from its beginning need not be asked for, and an attempt begins at nothing", async () => {
  send("execution_start", { prompt_id: "a" });
  send("execution_cached", { prompt_id: "a", nodes: ["1"] });
  send("progress_state", { prompt_id: "a", nodes: { 2: { value: 20, max: 600, state: "running" } } });
  assert.equal(jobs.hasUnheard(), false);
  await new Promise((resolve) => jobs.list.subscribe(resolve));
  assert.equal(jobs.list.get()[0]?.progress, (1 + 20 / 600) / 2);
  events.startOver("a");
  assert.equal(jobs.hasUnheard(), true, "its next beginning is not told yet");
  await new Promise((resolve) => jobs.list.subscribe(resolve));
  assert.equal(jobs.list.get()[0]?.progress, 0);
});

test("a stopped training says up to where it is saved; any other run says nothing", () => {
  send("execution_interrupted", { prompt_id: "a", node_id: "2", saved: { step: 20, steps: 600 } });
  assert.deepEqual(saved, { step: 20, steps: 600 });
  send("execution_interrupted", { prompt_id: "b", node_id: "2" });
  assert.equal(saved, undefined);
});

test("a blocked branch is told, and the run goes on", () => {
  send("execution_error", { prompt_id: "a", node_id: "2", exception_type: "ExecutionBlocked", exception_message: "no face found" });
  assert.equal(one.problems.get()[0]?.message, "no face found");
  assert.deepEqual(ended, []);
  assert.deepEqual(failures, []);
  assert.ok(jobs.get("a"));
});

test("a job's share of work adds up over its nodes", async () => {
  send("execution_start", { prompt_id: "a" });
  send("execution_cached", { prompt_id: "a", nodes: ["1"] });
  send("progress_state", { prompt_id: "a", nodes: { 2: { state: "running", value: 5, max: 10 } } });
  await new Promise((resolve) => jobs.list.subscribe(resolve));
  const [first] = jobs.list.get();
  assert.equal(first?.id, "a");
  assert.equal(first?.progress, 0.75);
});

test("a preview of the older kind belongs to the node that runs", async () => {
  send("executing", { prompt_id: "a", node: "2" });
  send("preview", { image: new Blob(["x"]) });
  await new Promise((resolve) => one.run.subscribe("2", (run) => run?.previewUrl && resolve(undefined)));
  assert.match(one.run.get("2")?.previewUrl ?? "", /^blob:/);
  one.run.clear();
});
