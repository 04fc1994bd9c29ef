/** The queue as it is shown: told by messages at once, and by answers that are not outdated. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { Doc } from "../../src/core/document.js";
import { createNode } from "../../src/core/nodes.js";
import { createStore } from "../../src/core/store.js";
import { PREVIEWS_SETTING, RunControl } from "../../src/state/runs.js";
import { Tab } from "../../src/state/tab.js";

/** @import { QueueEntry } from "../../src/state/jobs.js" */
/** @typedef {{ paused: boolean, jobs: QueueEntry[] }} Answer */

/** @type {Map<string, (data: any) => void>} */
let listeners;
/** Requests for the queue that wait for their answer. @type {((answer: Answer) => void)[]} */
let asked;
/** Prompts that were sent. @type {any[]} */
let sent;
/** What waits on the server, with its prompts. @type {any[]} */
let pending;
/** What is done of the jobs that run. @type {{ [id: string]: number }} */
let shares;
/** Addresses that were posted to. @type {string[]} */
let posted;
/** What the server does before it answers those. @type {() => Promise<void>} */
let answerPost;
/** @type {Map<string, unknown>} */
let settings;
/** @type {RunControl} */
let runs;

const CATALOGUE = readObjectInfo({ Show: { input: { required: {} }, output: [], output_node: true } });
const RUNNING = { id: "a", number: 1, running: true, tab: "one", label: "", details: null, nodes: 1 };

beforeEach(() => {
  listeners = new Map();
  asked = [];
  sent = [];
  posted = [];
  pending = [];
  shares = {};
  answerPost = async () => {};
  settings = new Map([[PREVIEWS_SETTING, true]]);
  const tab = new Tab(Doc.empty(), { id: "one", title: "one" });
  const socket = {
    state: createStore("open"),
    on: (/** @type {string} */ type, /** @type {any} */ listener) => listeners.set(type, listener),
    onPreview: () => {},
  };
  const api = {
    json: (/** @type {string} */ path) => {
      if (path === "/api/tessera/queue") return new Promise((answer) => asked.push(answer));
      if (path === "/api/queue") return Promise.resolve({ queue_running: [], queue_pending: pending });
      return Promise.resolve(path === "/api/tessera/queue/progress" ? shares : {});
    },
    post: async (/** @type {string} */ path) => {
      posted.push(path);
      await answerPost();
    },
    queuePrompt: async (/** @type {any} */ prompt) => {
      sent.push(prompt);
      return { number: sent.length, node_errors: {} };
    },
  };
  runs = new RunControl(/** @type {any} */ ({
    api, socket, settings, catalogue: createStore(CATALOGUE), tabs: { list: createStore([tab]), active: createStore(tab) }, onError: assert.ifError,
  }));
  runs.start();
});

/** What runs is looked at again and again until it ends. */
afterEach(() => answered({ paused: false, jobs: [] }));

/** @param {string} type */
function send(type) {
  listeners.get(type)?.({ prompt_id: "a" });
}

/** @param {Answer} answer */
async function answered(answer) {
  const sync = runs.sync();
  asked.at(-1)?.(answer);
  await sync;
}

/** @returns {Promise<string[]>} the jobs shown once all that is known was told */
async function shown() {
  await new Promise((resolve) => setTimeout(resolve, 250));
  return runs.jobs.get().map(({ id, phase }) => `${id} ${phase}`);
}

test("a job that ended while the queue was asked for does not come back as running", async () => {
  await answered({ paused: false, jobs: [RUNNING] });
  const sync = runs.sync();
  send("execution_success");
  asked.at(-1)?.({ paused: false, jobs: [RUNNING] });
  await sync;
  assert.deepEqual(await shown(), []);
});

test("a job that began while the queue was asked for does not wait again", async () => {
  await answered({ paused: false, jobs: [{ ...RUNNING, running: false }] });
  const sync = runs.sync();
  send("execution_start");
  asked.at(-1)?.({ paused: false, jobs: [{ ...RUNNING, running: false }] });
  await sync;
  assert.deepEqual(await shown(), ["a running"]);
});

test("of two answers that overtake one another the newer request counts", async () => {
  const first = runs.sync();
  const second = runs.sync();
  asked[1]?.({ paused: true, jobs: [RUNNING] });
  asked[0]?.({ paused: false, jobs: [] });
  await Promise.all([first, second]);
  assert.equal(runs.paused.get(), true);
  assert.deepEqual(await shown(), ["a running"]);
});

test("an answer that was outdated is asked for again", async () => {
  await answered({ paused: false, jobs: [RUNNING] });
  const sync = runs.sync();
  send("execution_success");
  asked.at(-1)?.({ paused: false, jobs: [RUNNING] });
  await sync;
  const known = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 350));
  assert.equal(asked.length, known + 1);
});

test("the start of a run is told at once, and the steps of it five times a second at most", async () => {
  await answered({ paused: false, jobs: [{ ...RUNNING, running: false }] });
  await shown();
  let told = 0;
  runs.jobs.subscribe(() => void (told += 1));
  const begun = performance.now();
  send("execution_start");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(told > 0, "the start waits");
  for (let value = 0; value < 20; value += 1) {
    listeners.get("progress_state")?.({ prompt_id: "a", nodes: { 1: { state: "running", value, max: 20 } } });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const most = 1 + (performance.now() - begun) / 200;
  assert.ok(told <= most, `${told} times`);
});

test("who asked for runs hears how many of them wait", async () => {
  /** @type {number[]} */
  const heard = [];
  runs.onAsked((_, queued) => void heard.push(queued));
  runs.services.i18n = { t: (key) => key };
  await runs.run({ count: 3 });
  const [tab] = runs.services.tabs.list.get();
  const type = CATALOGUE.get("Show");
  assert.ok(tab && type);
  assert.deepEqual(tab.problems.get().map(({ code }) => code), ["prompt_no_outputs"]);
  tab.edit("edit.addNode", (tx) => tx.addNode("root", createNode(type, { x: 0, y: 0 })));
  await runs.run({ count: 3 });
  assert.deepEqual(heard, [0, 3]);
});

test("what tells runs from one another goes with them, and comes back with the queue", async () => {
  const [tab] = runs.services.tabs.list.get();
  const type = CATALOGUE.get("Show");
  assert.ok(tab && type);
  tab.edit("edit.addNode", (tx) => tx.addNode("root", createNode(type, { x: 0, y: 0 })));
  await runs.run({ count: 2 });
  const noted = sent.map(({ extra_data }) => extra_data.tessera.details);
  assert.deepEqual(noted, [{ number: 1, count: 2 }, { number: 2, count: 2 }]);
  const reloaded = new RunControl(runs.services);
  const sync = reloaded.sync();
  asked.at(-1)?.({ paused: false, jobs: [{ ...RUNNING, details: noted[1] }] });
  await sync;
  await new Promise((resolve) => reloaded.jobs.subscribe(resolve));
  assert.deepEqual(reloaded.jobs.get().map(({ details }) => details), [noted[1]]);
});

test("runs ask for pictures of what they make, unless the artist wants none", async () => {
  const [tab] = runs.services.tabs.list.get();
  const type = CATALOGUE.get("Show");
  assert.ok(tab && type);
  tab.edit("edit.addNode", (tx) => tx.addNode("root", createNode(type, { x: 0, y: 0 })));
  await runs.run();
  settings.set(PREVIEWS_SETTING, false);
  await runs.run();
  assert.deepEqual(sent.map(({ extra_data }) => extra_data.preview_method), ["auto", "none"]);
});

test("a run up to a node that shows nothing is sent with that node as its end, and this is told", async () => {
  const [tab] = runs.services.tabs.list.get();
  assert.ok(tab);
  const catalogue = readObjectInfo({ Make: { input: { required: {} }, output: ["LATENT"] } });
  const type = catalogue.get("Make");
  assert.ok(type);
  runs.services.catalogue.set(catalogue);
  tab.edit("edit.addNode", (tx) => tx.addNode("root", createNode(type, { x: 0, y: 0 })));
  const [id = ""] = tab.doc.root.nodes.keys();
  /** @type {[number, boolean][]} */
  const heard = [];
  runs.onAsked((_, queued, isShown) => void heard.push([queued, isShown]));
  await runs.run({ tab, targets: [id] });
  assert.deepEqual(sent[0]?.partial_execution_targets, [id]);
  assert.deepEqual(heard, [[1, false]]);
});

test("a run up to a node leaves what was refused elsewhere marked, and does not tell it again", async () => {
  const [tab] = runs.services.tabs.list.get();
  const type = CATALOGUE.get("Show");
  assert.ok(tab && type);
  const [first = "", second = ""] = [0, 1].map(() => {
    tab.edit("edit.addNode", (tx) => void tx.addNode("root", createNode(type, { x: 0, y: 0 })));
    return [...tab.doc.root.nodes.keys()].at(-1);
  });
  const refused = Object.fromEntries([first, second].map((id) => [id, { class_type: "Show", errors: [{ type: "bad", message: "m" }] }]));
  runs.services.api.queuePrompt = async () => ({ prompt_id: "", number: 1, node_errors: refused });
  /** @type {number[]} */
  const told = [];
  runs.onAsked((_tab, _queued, _isShown, problems) => void told.push(problems.length));
  const marked = () => [first, second].filter((id) => tab.run.get(id)?.state === "error");
  await runs.run();
  assert.deepEqual(marked(), [first, second]);
  runs.services.api.queuePrompt = async () => ({ prompt_id: "", number: 2, node_errors: {} });
  await runs.run({ targets: [first] });
  assert.deepEqual(marked(), [second]);
  assert.deepEqual(tab.problems.get().map(({ executionId }) => executionId), [second]);
  await runs.run();
  assert.deepEqual([marked(), tab.problems.get()], [[], []]);
  assert.deepEqual(told, [2, 0, 0]);
});

test("a job whose worker ended is told once, and can be stopped while it waits for the next", async () => {
  /** @type {string[]} */
  const told = [];
  runs.onReturn((label) => void told.push(label));
  await answered({ paused: false, jobs: [{ ...RUNNING, label: "portrait" }] });
  await answered({ paused: false, jobs: [{ ...RUNNING, label: "portrait", running: false }] });
  await answered({ paused: false, jobs: [{ ...RUNNING, label: "portrait", running: false }] });
  assert.deepEqual(told, ["portrait"]);
  await shown();
  const stopping = runs.interrupt();
  await new Promise((resolve) => setTimeout(resolve));
  asked.at(-1)?.({ paused: false, jobs: [] });
  await stopping;
  assert.deepEqual(posted, ["/api/interrupt", "/api/tessera/jobs/a/cancel"]);
});

test("after an outage a job that waits again is no worker's fault", async () => {
  /** @type {string[]} */
  const told = [];
  runs.onReturn((label) => void told.push(label));
  await answered({ paused: false, jobs: [RUNNING] });
  runs.services.socket.state.set("lost");
  runs.services.socket.state.set("open");
  await answered({ paused: false, jobs: [{ ...RUNNING, running: false }] });
  assert.deepEqual(told, []);
});

test("a run that was taken off the queue leaves no node waiting", async () => {
  const [tab] = runs.services.tabs.list.get();
  await answered({ paused: false, jobs: [RUNNING] });
  tab?.run.begin(["1"]);
  await answered({ paused: false, jobs: [] });
  assert.deepEqual([...(tab?.run.entries() ?? [])], []);
});

test("what was told to stop is shown so at once, until it ends or telling it failed", async () => {
  const stopping = () => runs.jobs.get().map(({ id, isStopping }) => [id, isStopping]);
  await answered({ paused: false, jobs: [RUNNING, { ...RUNNING, id: "b", running: false }] });
  await shown();
  /** @type {() => void} */
  let refuse = () => {};
  answerPost = () => new Promise((_resolve, reject) => { refuse = () => reject(new Error("no")); });
  const asked = runs.interrupt();
  await shown();
  assert.deepEqual(stopping(), [["a", true], ["b", false]]);
  refuse();
  await assert.rejects(asked, /no/);
  await shown();
  assert.deepEqual(stopping(), [["a", false], ["b", false]]);
});

test("the nodes of a queued run wait, unless they show a run of the same document", async () => {
  const [tab] = runs.services.tabs.list.get();
  const type = CATALOGUE.get("Show");
  assert.ok(tab && type);
  tab.edit("edit.addNode", (tx) => tx.addNode("root", createNode(type, { x: 0, y: 0 })));
  const states = () => [...tab.run.entries()].map(([, { state }]) => state);
  await runs.run();
  assert.deepEqual(states(), ["waiting"]);
  const id = sent[0].prompt_id;
  listeners.get("execution_start")?.({ prompt_id: id });
  listeners.get("executing")?.({ prompt_id: id, node: "1" });
  await runs.run();
  assert.deepEqual(states(), ["running"]);
});

/** A picture that is saved, and one that the server refused to. */
const PROMPT = {
  1: { class_type: "Make", inputs: {} }, 2: { class_type: "Show", inputs: { images: ["1", 0] } }, 3: { class_type: "Show", inputs: {} },
};
const states = () => [...(runs.services.tabs.list.get()[0]?.run.entries() ?? [])].map(([id, { state }]) => `${id} ${state}`).sort();

test("after a reload the nodes of the first queued run wait again, once the documents are open", async () => {
  pending = [[2, "b", PROMPT, {}, ["2"]], [1, "a", PROMPT, {}, ["3"]]];
  const jobs = [{ ...RUNNING, id: "b", running: false }, { ...RUNNING, running: false }];
  await answered({ paused: false, jobs });
  assert.deepEqual(states(), []);
  await runs.showQueued();
  assert.deepEqual(states(), ["1 waiting", "2 waiting"]);
  listeners.get("execution_start")?.({ prompt_id: "a" });
  assert.deepEqual(states(), ["1 waiting", "2 waiting", "3 waiting"]);
});

test("what was told of a running job before its document was open counts when it is", async () => {
  pending = [[1, "a", PROMPT, {}, ["2"]]];
  listeners.get("progress_state")?.({ prompt_id: "a", nodes: { 1: { state: "running", value: 3, max: 4 } } });
  await runs.showQueued();
  await answered({ paused: false, jobs: [RUNNING] });
  assert.deepEqual(states(), ["1 running", "2 waiting"]);
  listeners.get("progress_state")?.({ prompt_id: "a", nodes: { 1: { state: "finished" } } });
  assert.deepEqual(states(), ["1 done", "2 waiting"]);
});

test("of a running job that is told to another page no node is said to wait", async () => {
  pending = [[1, "a", PROMPT, {}, ["2"]]];
  await runs.showQueued();
  await answered({ paused: false, jobs: [RUNNING] });
  assert.deepEqual(states(), []);
});

test("how far a job of another window is is asked for, until it is told", async () => {
  shares = { a: 0.5 };
  await answered({ paused: false, jobs: [{ ...RUNNING, tab: null }] });
  const progress = () => runs.jobs.get().map((job) => job.progress);
  await until(() => progress()[0] === 0.5);
  shares = { a: 0.75 };
  await until(() => progress()[0] === 0.75);
  listeners.get("progress_state")?.({ prompt_id: "a", nodes: { 1: { state: "running", value: 9, max: 10 } } });
  await shown();
  assert.deepEqual(progress(), [0.9]);
});

/** @param {() => boolean} isSo */
async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => runs.jobs.subscribe(resolve));
}
