/** Running: results, problems, the queue, and a server that dies in the middle. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { addSlowPack, closePanels, emptyImage, openWorkflow, tabTitles, toast, workflow } from "./shell_page.js";

const use = useServer(addSlowPack);
/** @type {EditorPage} */
let editor;

beforeEach(async () => {
  await closePanels(use.server.url);
  editor = await EditorPage.open(use.browser, use.server);
  editor.page.setDefaultTimeout(60_000);
});

afterEach(async () => {
  await fetch(`${use.server.url}/queue`, { method: "POST", body: '{"clear": true}' });
  await fetch(`${use.server.url}/interrupt`, { method: "POST" });
  await fetch(`${use.server.url}/api/tessera/queue/resume`, { method: "POST" });
  await editor.page.close();
});

let slowOnes = 0;

/** A node that takes so long, a little longer each time: none is found in the cache of another test. @param {number} seconds */
function slow(seconds) {
  slowOnes += 1;
  return { class_type: "Slow", inputs: { seconds: seconds + slowOnes / 1000 } };
}

/** @returns {Promise<any>} */
async function queue() {
  return (await fetch(`${use.server.url}/api/tessera/queue`)).json();
}

test("nodes tell how long they took, then that they were found in the cache, and why", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(0x123456)));
  await page.locator("#run").click();
  await editor.node("EmptyImage").and(page.locator("[data-run=done]")).waitFor();
  await page.locator(".node-image").first().waitFor();
  await page.locator("#run").click();
  await editor.node("EmptyImage").and(page.locator("[data-run=cached]")).waitFor();
  assert.deepEqual(editor.errors, []);
});

test("results are there after a reload", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(0x654321)), "kept.json");
  await page.locator("#run").click();
  await page.locator(".node-image").first().waitFor();
  await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await page.reload();
  await page.locator(".tab.active .tab-name", { hasText: "kept" }).waitFor();
  await page.locator(".node-image").first().waitFor();
});

test("a run up to a node that shows nothing itself shows there what it makes", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(0x112233)));
  const made = editor.node("EmptyImage");
  await made.locator(".node-title").click();
  await page.keyboard.press("Control+Shift+Enter");
  await made.and(page.locator("[data-run=done]")).locator(".node-image").waitFor();
  await becomes(() => page.locator(".node-image").count(), 1);
  assert.deepEqual(editor.errors, []);
});

test("progress of one workflow lights no node of another that is shown meanwhile", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(10)), "busy.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await openWorkflow(page, workflow(slow(9)), "quiet.json");
  await page.locator(".tab.running .tab-name", { hasText: "busy" }).waitFor();
  await becomes(() => page.locator(".node[data-run=running]").count(), 0);
  await page.locator(".tab-open", { hasText: "busy" }).click();
  await editor.node("Slow").and(page.locator("[data-run=done]")).waitFor();
  await page.locator(".node-image").first().waitFor();
});

test("a failing node is marked, stands in the one list, and F8 goes there", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(), "Fails"));
  await page.locator("#run").click();
  await editor.node("Fails").and(page.locator("[data-run=error]")).waitFor();
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".problem", { hasText: "the moon is in the wrong place" }).waitFor();
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("F8");
  await editor.node("Fails").and(page.locator(".selected")).waitFor();
  await page.locator(".problem").evaluate((problem) => problem.setAttribute("data-of", "the first run"));
  await page.locator("#run").click();
  await page.locator(".problem:not([data-of])").first().waitFor();
  await becomes(() => page.locator(".problem").count(), 1);
});

test("a run that fails says so on every tab, which is marked until it is looked at", async () => {
  const { page } = editor;
  const fails = { 1: slow(6), 2: { class_type: "Fails", inputs: { image: ["1", 0] } }, 3: { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "x" } } };
  await openWorkflow(page, fails, "fails.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await page.locator('[aria-label="New workflow"]').click();
  const told = toast(page, "The run of “fails” failed. Fails #2: the moon is in the wrong place");
  await told.waitFor();
  await becomes(() => page.locator(".toast").count(), 1);
  await page.locator(".tab", { hasText: "fails" }).getByRole("img", { name: "Its last run failed" }).waitFor();
  await told.locator("button", { hasText: "Show" }).click();
  await page.locator(".tab.active .tab-name", { hasText: "fails" }).waitFor();
  await editor.node("Fails").and(page.locator(".selected")).waitFor();
  await page.locator(".tab-failed:visible").waitFor({ state: "detached" });
  await toast(page, "the moon is in the wrong place").waitFor();
  await becomes(() => page.locator(".toast").count(), 1);
  await page.locator("#run").click();
  await toast(page, "The run failed. Fails #2: the moon is in the wrong place").waitFor();
  await becomes(() => page.locator(".toast").count(), 1);
});

test("what cannot run says which input needs what, before anything runs", async () => {
  const { page } = editor;
  await openWorkflow(page, { 3: { class_type: "SaveImage", inputs: { filename_prefix: "x" } } });
  await page.locator("#run").click();
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".problem", { hasText: "needs a connection or a value" }).waitFor();
  await editor.node("Save Image").and(page.locator("[data-run=error]")).waitFor();
});

test("a refused run says so, shows the first reason, and goes with the mistake and the tab", async () => {
  const { page } = editor;
  await openWorkflow(page, { 3: { class_type: "SaveImage", inputs: { filename_prefix: "x" } }, 4: { class_type: "SaveImage", inputs: { filename_prefix: "y" } } });
  await page.locator("#run").click();
  await toast(page, "Not run, for 2 reasons. The first one: Save Image #3: The input “images” needs a connection").locator("button", { hasText: "Show" }).click();
  await editor.node("Save Image").and(page.locator(".selected")).waitFor();
  await toast(page, "needs a connection or a value").waitFor();
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Delete");
  await page.locator(".badge-error", { hasText: "1" }).waitFor();
  await page.locator(".toast").waitFor({ state: "detached" });
  await becomes(() => page.locator(".node[data-run=error]").count(), 1);
  await page.locator("#run").click();
  await toast(page, "Not run. Save Image #4: The input “images” needs a connection").waitFor();
  await page.locator('[aria-label="New workflow"]').click();
  await page.locator(".toast").waitFor({ state: "detached" });
});

test("a paused queue says so, and a run offers to go on", async () => {
  const { page } = editor;
  await fetch(`${use.server.url}/api/tessera/queue/pause`, { method: "POST" });
  await page.locator(".device-status", { hasText: "Paused" }).click();
  await page.locator(".queue-list").waitFor({ state: "attached" });
  await openWorkflow(page, workflow(emptyImage(0x10203)));
  await page.locator("#run").click();
  await toast(page, "The queue is paused").locator("button", { hasText: "Continue" }).click();
  await page.locator(".node-image").first().waitFor();
  await page.locator(".toast").waitFor({ state: "detached" });
  await page.locator('.device-status [data-state="paused"]').waitFor({ state: "detached" });
});

test("waiting runs are put in order, cancelled one by one, and cleared", async () => {
  const { page } = editor;
  await page.locator('[data-panel="queue"]').click();
  await page.locator(".panel-tools .button").first().click();
  await page.locator(".panel-tools .button.primary").waitFor();
  for (const name of ["one", "two", "three"]) {
    await openWorkflow(page, workflow(emptyImage(name.length)), `${name}.json`);
    await page.locator("#run").click();
    await page.locator(".job-name", { hasText: name }).waitFor();
  }
  const names = () => page.locator(".job-name").allTextContents();
  await becomes(() => names(), ["one", "two", "three"]);
  await page.locator(".job", { hasText: "three" }).click({ button: "right" });
  await page.locator(".menu-item", { hasText: "Run next" }).click();
  await page.locator(".job").first().and(page.locator(":has-text('three')")).waitFor();
  await page.locator(".job", { hasText: "one" }).locator(".icon-button").click();
  await page.locator(".job", { hasText: "one" }).waitFor({ state: "detached" });
  await becomes(() => names(), ["three", "two"]);
  await page.locator(".panel-tools .button", { hasText: "Clear waiting" }).click();
  await page.locator(".job").first().waitFor({ state: "detached" });
  await becomes(async () => (await queue()).jobs, []);
});

test("a label and a number of runs go with what is queued", async () => {
  const { page } = editor;
  await fetch(`${use.server.url}/api/tessera/queue/pause`, { method: "POST" });
  await page.locator('[data-panel="queue"]').click();
  await page.locator(".panel-tools input").fill("苹果 study");
  await page.locator(".batch-count").fill("3");
  await page.locator(".batch-count").press("Enter");
  await page.locator(".canvas-root:focus").waitFor();
  assert.deepEqual((await queue()).jobs, [], "the number alone runs nothing");
  await page.keyboard.press("Control+Enter");
  await page.locator(".job-name", { hasText: "苹果 study" }).nth(2).waitFor();
  await becomes(async () => (await page.locator(".job-details").allTextContents()).map((text) => text.slice(0, 3)), ["1/3", "2/3", "3/3"]);
  await page.reload();
  await page.locator(".job-name", { hasText: "苹果 study" }).nth(2).waitFor();
  await becomes(async () => (await page.locator(".job-details").allTextContents()).map((text) => text.slice(0, 3)), ["1/3", "2/3", "3/3"]);
  const { jobs } = await queue();
  assert.deepEqual(jobs.map((/** @type {any} */ job) => job.label), ["苹果 study", "苹果 study", "苹果 study"]);
});

test("a run is stopped, and its nodes do not stay lit", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(20)));
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  /** @type {() => void} */
  let letGo = () => {};
  const seen = new Promise((resolve) => { letGo = () => resolve(undefined); });
  await page.route("**/api/interrupt", async (route) => {
    await seen;
    await route.continue();
  });
  await page.locator(".stop-button").click();
  await page.locator(".device-status", { hasText: "Stopping…" }).waitFor();
  await page.locator('.stop-button[title="Stopping…"]:disabled').waitFor();
  letGo();
  await page.locator(".node[data-run=running]").waitFor({ state: "detached" });
  await page.locator(".device-status", { hasText: "Stopping…" }).waitFor({ state: "detached" });
  await page.locator('.stop-button[title="Stop what runs"]').waitFor();
});

test("what the state bar and the stop button say agrees all the time, whatever the workers were last asked", async () => {
  const { page } = editor;
  for (const worker of ["idle", "busy"]) {
    await page.route("**/api/tessera/workers", (route) => route.fulfill({ json: [{ name: "cpu", state: worker, device: "cpu", memory_bytes: 0 }] }));
    await page.reload();
    await editor.ready();
    await page.locator('.device-status [data-state="idle"]').waitFor();
    await page.evaluate(() => {
      const [stop, dot] = ["button.stop-button", ".device-status .state-dot"].map((selector) => document.querySelector(selector));
      const seen = /** @type {any} */ (window).seen = /** @type {string[]} */ ([]);
      const look = () => seen.push(`${dot?.getAttribute("data-state")} ${stop?.hasAttribute("disabled") ? "rests" : "stops"}`);
      new MutationObserver(look).observe(/** @type {Element} */ (document.querySelector("#topbar")), { subtree: true, attributes: true });
    });
    await openWorkflow(page, workflow(slow(worker === "idle" ? 1 : 1.1)), `${worker}.json`);
    await page.locator("#run").click();
    await page.locator(".node-image").first().waitFor();
    await page.locator('.device-status [data-state="idle"]').waitFor();
    const seen = await page.evaluate(() => [...new Set(/** @type {any} */ (window).seen)]);
    assert.deepEqual(seen.sort(), ["busy stops", "idle rests"]);
  }
});

test("only what the selected node needs is run", async () => {
  const { page } = editor;
  const both = { ...workflow(emptyImage(0x11)), 8: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "other" }, _meta: { title: "Other" } } };
  await openWorkflow(page, both);
  await editor.node("Other").locator(".node-title").click();
  await page.keyboard.press("Control+Shift+Enter");
  await editor.node("Other").locator(".node-image").waitFor();
  await becomes(() => page.locator(".node-image").count(), 1);
});

test("with automatic runs an edit is enough", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(0x77)));
  await page.locator(".run-more").click();
  await page.locator(".menu-item", { hasText: "Run on every change" }).click();
  await page.locator(".node-image").first().waitFor();
  const before = await page.locator(".node-image").first().getAttribute("src");
  const height = editor.node("EmptyImage").locator("input").nth(1);
  await height.fill("48");
  await height.press("Enter");
  await page.waitForFunction((src) => document.querySelector(".node-image")?.getAttribute("src") !== src, before);
});

test("a server that dies in the middle comes back with the run, without a reload", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(6)), "survivor.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await use.server.kill();
  await toast(page, "The server does not answer").waitFor();
  await editor.node("Slow").locator(".node-title").click();
  await page.keyboard.press("Delete");
  await editor.node("Slow").waitFor({ state: "detached" });
  const back = toast(page, "The server is back").waitFor({ timeout: 120_000 });
  await page.locator("#run").click();
  await page.locator(".toast").filter({ hasText: "The server does not answer" }).nth(1).waitFor();
  await Promise.all([use.server.run(), back]);
  await page.locator(".toast", { hasText: "The server does not answer" }).first().waitFor({ state: "detached" });
  await page.locator(".node-image").first().waitFor({ timeout: 120_000 });
  await becomes(async () => (await tabTitles(page)).includes("survivor"), true);
});

test("a run behind another waits visibly, on its nodes and on its tab", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(30)), "before.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await openWorkflow(page, workflow(emptyImage(0x5a5a5a)), "behind.json");
  await page.locator("#run").click();
  await editor.node("EmptyImage").and(page.locator("[data-run=waiting]")).waitFor();
  const mark = page.locator(".tab", { hasText: "behind" }).getByRole("img", { name: "Waits in the queue, runs before it: 1" });
  await mark.waitFor();
  await becomes(() => page.locator(".tab-waits:visible").count(), 1);
  await page.locator(".stop-button").click();
  await page.locator(".node-image").first().waitFor();
  await page.locator(".tab-waits:visible").waitFor({ state: "detached" });
});

test("after a reload nodes show again that they run, and that they wait", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(300), "Fails"), "ahead.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await openWorkflow(page, workflow(emptyImage(0x7b7b7b)), "after.json");
  await page.locator("#run").click();
  await editor.node("EmptyImage").and(page.locator("[data-run=waiting]")).waitFor();
  await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await page.reload();
  await page.locator(".tab.active .tab-name", { hasText: "after" }).waitFor();
  await editor.node("EmptyImage").and(page.locator("[data-run=waiting]")).waitFor();
  await page.locator(".tab-open", { hasText: "ahead" }).click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await editor.node("Fails").and(page.locator("[data-run=waiting]")).waitFor();
  assert.deepEqual(editor.errors, []);
});

test("a window that is opened later shows how far a run is", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(40)), "long.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  const later = await EditorPage.open(use.browser, use.server);
  await later.page.locator('[data-panel="queue"]').click();
  await later.page.locator(".job", { hasText: "long" }).locator(".job-state", { hasText: /^[1-9]/ }).waitFor();
  await later.page.close();
});

test("a worker that dies is told in a sentence, and its run can be stopped until it goes on", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(slow(8)), "orphan.json");
  await page.locator("#run").click();
  await editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  const states = () => page.evaluate(() => /** @type {any} */ (window).states);
  await page.evaluate(() => {
    const dot = /** @type {Element} */ (document.querySelector(".device-status .state-dot"));
    const seen = /** @type {any} */ (window).states = /** @type {(string | null)[]} */ ([]);
    new MutationObserver(() => seen.push(dot.getAttribute("data-state"))).observe(dot, { attributes: true });
  });
  const [worker] = /** @type {any} */ (await (await fetch(`${use.server.url}/api/tessera/workers`)).json());
  process.kill(worker.pid, "SIGKILL");
  await toast(page, "The worker that ran “orphan” ended unexpectedly").waitFor();
  await editor.node("Slow").and(page.locator("[data-run=waiting]")).waitFor();
  await becomes(() => page.locator(".stop-button").isEnabled(), true);
  await page.locator(".node-image").first().waitFor({ timeout: 120_000 });
  await page.locator('.device-status [data-state="idle"]').waitFor();
  const told = (await states()).filter((/** @type {string} */ state, /** @type {number} */ at, /** @type {string[]} */ all) => state !== all[at - 1]);
  assert.deepEqual(told.slice(-3), ["starting", "busy", "idle"], "nothing says that a worker is ready before there is one");
  await becomes(async () => (await queue()).jobs.length, 0);
});

test("a token that is not accepted any more is a sentence, and nothing is lost", async () => {
  const { page } = editor;
  const refusal = { error: { type: "token_needed", message: "This server needs its token." }, node_errors: {} };
  await page.route("**/api/prompt", (route) => route.fulfill({ status: 401, json: refusal }));
  const nodes = await page.locator(".node").count();
  await page.locator("#run").click();
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".problem", { hasText: "token is not accepted any more" }).waitFor();
  await becomes(() => page.locator(".node").count(), nodes);
});

test("an editor at rest asks for no frame and lays nothing out", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(0xabcdef)));
  await page.locator("#run").click();
  await page.locator(".node-image").first().waitFor();
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const read = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const frames = await page.evaluate(async () => {
    let asked = 0;
    const request = window.requestAnimationFrame;
    window.requestAnimationFrame = (callback) => {
      asked += 1;
      return request(callback);
    };
    const askedWithin = async (/** @type {number} */ time) => {
      const before = asked;
      await new Promise((resolve) => setTimeout(resolve, time));
      return asked - before;
    };
    while (await askedWithin(500) > 0); // until the run's last message is shown
    return askedWithin(3000);
  });
  const before = await read();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 3000)));
  const later = await read();
  assert.equal(frames, 0);
  assert.ok((later["LayoutCount"] ?? 0) - (before["LayoutCount"] ?? 0) <= 1, "the state bar alone may be laid out");
});
