/** What a run did is told seldom, and only when it changed. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { TabRunState } from "../../src/state/run_state.js";

const JPEG = new Blob([new Uint8Array([1])], { type: "image/jpeg" });

/** @type {{ now: number, hidden: boolean }} */
let world;
/** @type {TabRunState} */
let run;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  world = { now: 0, hidden: false };
  run = new TabRunState({ now: () => world.now, isHidden: () => world.hidden });
});

afterEach(() => mock.timers.reset());

/** @param {number} ms */
function pass(ms) {
  for (let step = 0; step < ms; step += 10) {
    world.now += 10;
    mock.timers.tick(10);
  }
}

test("twenty events a second are told at most five times a second", () => {
  let told = 0;
  run.subscribe("3", () => {
    told += 1;
  });
  for (let step = 1; step <= 40; step += 1) {
    run.update("3", { state: "running", value: step, max: 40 });
    pass(50);
  }
  assert.ok(told >= 8 && told <= 11, `told ${told} times in 2 s`);
  assert.equal(run.get("3")?.value, 40);
});

test("an equal value is told to nobody", () => {
  run.update("3", { state: "running", value: 1 });
  pass(300);
  let told = 0;
  run.subscribeAll(() => {
    told += 1;
  });
  run.update("3", { state: "running", value: 1 });
  pass(1000);
  assert.equal(told, 0);
});

test("a listener hears of its own node alone", () => {
  /** @type {unknown[]} */
  const heard = [];
  const stop = run.subscribe("3", (state) => heard.push(state?.state));
  run.update("4", { state: "running" });
  pass(300);
  assert.deepEqual(heard, []);
  run.update("3", { state: "cached" });
  pass(300);
  stop();
  run.update("3", { state: "done" });
  pass(300);
  assert.deepEqual(heard, ["cached"]);
});

test("previews: the newest is shown, twice a second, and the result takes it away", () => {
  for (let step = 0; step < 20; step += 1) {
    run.showPreview("3", { image: JPEG });
    pass(100);
  }
  const shown = run.get("3")?.previewUrl;
  assert.match(shown ?? "", /^blob:/);
  run.update("3", { state: "done", outputs: { images: [{ filename: "a.png" }] } });
  assert.equal(run.get("3")?.previewUrl, undefined);
  assert.equal(run.get("3")?.outputs?.images?.length, 1);
});

test("at most two previews a second become addresses", () => {
  const urls = new Set();
  run.subscribe("3", (state) => urls.add(state?.previewUrl));
  for (let step = 0; step < 40; step += 1) {
    run.showPreview("3", { image: JPEG });
    pass(50);
  }
  assert.ok(urls.size >= 3 && urls.size <= 5, `${urls.size} addresses in 2 s`);
});

test("nothing is decoded for a page that nobody sees", () => {
  world.hidden = true;
  run.showPreview("3", { image: JPEG });
  pass(1000);
  assert.equal(run.get("3"), undefined);
});

test("a stopped run leaves results, and nothing that waits or runs", () => {
  run.update("1", { state: "done", outputs: { images: [{ filename: "a.png" }] } });
  run.begin(["1", "2", "3"]);
  run.update("2", { state: "running", value: 1 });
  run.end();
  assert.equal(run.get("1")?.state, "done");
  assert.equal(run.get("2"), undefined);
  assert.equal(run.get("3"), undefined);
});

test("what a stopped node showed of work that is saved stays on it until its next run", async () => {
  const newest = new Blob([new Uint8Array([1, 2])], { type: "image/jpeg" });
  run.begin(["1", "2"]);
  run.update("2", { state: "running", value: 1 });
  run.showPreview("2", { image: JPEG });
  pass(300);
  run.showPreview("1", { image: newest });
  run.showPreview("2", { image: newest });
  pass(10);
  run.end("2");
  pass(1000);
  assert.equal(run.get("1"), undefined);
  const { state, previewUrl = "" } = run.get("2") ?? {};
  assert.equal(state, "done");
  assert.deepEqual([...new Uint8Array(await (await fetch(previewUrl)).arrayBuffer())], [1, 2]);
  run.begin(["2"]);
  assert.equal(run.get("2")?.previewUrl, undefined);
  await assert.rejects(fetch(previewUrl), "its picture is kept for nothing");
});

test("a new run takes the errors of the last one away", () => {
  run.update("1", { state: "error", error: { severity: "error", code: "x", message: "m" } });
  run.clearErrors();
  assert.equal(run.get("1"), undefined);
});
