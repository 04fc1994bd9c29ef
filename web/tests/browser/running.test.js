/** Running: results, problems, and a server or worker that dies in the middle. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { useRunner } from "./runner.js";
import { emptyImage, openWorkflow, tabTitles, toast, workflow } from "./shell_page.js";

const runner = useRunner();

test("nodes tell how long they took, then that they were found in the cache, and why", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(emptyImage(0x123456)));
  await page.locator("#run").click();
  await runner.editor.node("EmptyImage").and(page.locator("[data-run=done]")).waitFor();
  await page.locator(".node-image").first().waitFor();
  await page.locator("#run").click();
  await runner.editor.node("EmptyImage").and(page.locator("[data-run=cached]")).waitFor();
  assert.deepEqual(runner.editor.errors, []);
});

test("results are there after a reload", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(emptyImage(0x654321)), "kept.json");
  await page.locator("#run").click();
  await page.locator(".node-image").first().waitFor();
  await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await page.reload();
  await page.locator(".tab.active .tab-name", { hasText: "kept" }).waitFor();
  await page.locator(".node-image").first().waitFor();
});

test("a run up to a node that shows nothing itself shows there what it makes", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(emptyImage(0x112233)));
  const made = runner.editor.node("EmptyImage");
  await made.locator(".node-title").click();
  await page.keyboard.press("Control+Shift+Enter");
  await made.and(page.locator("[data-run=done]")).locator(".node-image").waitFor();
  await becomes(() => page.locator(".node-image").count(), 1);
  assert.deepEqual(runner.editor.errors, []);
});

test("progress of one workflow lights no node of another that is shown meanwhile", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(10)), "busy.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await openWorkflow(page, workflow(runner.slow(9)), "quiet.json");
  await page.locator(".tab.running .tab-name", { hasText: "busy" }).waitFor();
  await becomes(() => page.locator(".node[data-run=running]").count(), 0);
  await page.locator(".tab-open", { hasText: "busy" }).click();
  await runner.editor.node("Slow").and(page.locator("[data-run=done]")).waitFor();
  await page.locator(".node-image").first().waitFor();
});

test("a failing node is marked, stands in the one list, and F8 goes there", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(emptyImage(), "Fails"));
  await page.locator("#run").click();
  await runner.editor.node("Fails").and(page.locator("[data-run=error]")).waitFor();
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".problem", { hasText: "the moon is in the wrong place" }).waitFor();
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("F8");
  await runner.editor.node("Fails").and(page.locator(".selected")).waitFor();
  await page.locator(".problem").evaluate((problem) => problem.setAttribute("data-of", "the first run"));
  await page.locator("#run").click();
  await page.locator(".problem:not([data-of])").first().waitFor();
  await becomes(() => page.locator(".problem").count(), 1);
});

test("a run that fails says so on every tab, which is marked until it is looked at", async () => {
  const { page } = runner.editor;
  const fails = { 1: runner.slow(6), 2: { class_type: "Fails", inputs: { image: ["1", 0] } }, 3: { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "x" } } };
  await openWorkflow(page, fails, "fails.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await page.locator('[aria-label="New workflow"]').click();
  const told = toast(page, "The run of “fails” failed. Fails #2: the moon is in the wrong place");
  await told.waitFor();
  await becomes(() => page.locator(".toast").count(), 1);
  await page.locator(".tab", { hasText: "fails" }).getByRole("img", { name: "Its last run failed" }).waitFor();
  await told.locator("button", { hasText: "Show" }).click();
  await page.locator(".tab.active .tab-name", { hasText: "fails" }).waitFor();
  await runner.editor.node("Fails").and(page.locator(".selected")).waitFor();
  await page.locator(".tab-failed:visible").waitFor({ state: "detached" });
  await toast(page, "the moon is in the wrong place").waitFor();
  await becomes(() => page.locator(".toast").count(), 1);
  await page.locator("#run").click();
  await toast(page, "The run failed. Fails #2: the moon is in the wrong place").waitFor();
  await becomes(() => page.locator(".toast").count(), 1);
});

test("what cannot run says which input needs what, before anything runs", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, { 3: { class_type: "SaveImage", inputs: { filename_prefix: "x" } } });
  await page.locator("#run").click();
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".problem", { hasText: "needs a connection or a value" }).waitFor();
  await runner.editor.node("Save Image").and(page.locator("[data-run=error]")).waitFor();
});

test("a refused run says so, shows the first reason, and goes with the mistake and the tab", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, { 3: { class_type: "SaveImage", inputs: { filename_prefix: "x" } }, 4: { class_type: "SaveImage", inputs: { filename_prefix: "y" } } });
  await page.locator("#run").click();
  await toast(page, "Not run, for 2 reasons. The first one: Save Image #3: The input “images” needs a connection").locator("button", { hasText: "Show" }).click();
  await runner.editor.node("Save Image").and(page.locator(".selected")).waitFor();
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

test("a run is stopped, and its nodes do not stay lit", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(20)));
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
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
  const { page } = runner.editor;
  for (const worker of ["idle", "busy"]) {
    await page.route("**/api/tessera/workers", (route) => route.fulfill({ json: [{ name: "cpu", state: worker, device: "cpu", memory_bytes: 0 }] }));
    await page.reload();
    await runner.editor.ready();
    await page.locator('.device-status [data-state="idle"]').waitFor();
    await page.evaluate(() => {
      const [stop, dot] = ["button.stop-button", ".device-status .state-dot"].map((selector) => document.querySelector(selector));
      const seen = /** @type {any} */ (window).seen = /** @type {string[]} */ ([]);
      const look = () => seen.push(`${dot?.getAttribute("data-state")} ${stop?.hasAttribute("disabled") ? "rests" : "stops"}`);
      new MutationObserver(look).observe(/** @type {Element} */ (document.querySelector("#topbar")), { subtree: true, attributes: true });
    });
    await openWorkflow(page, workflow(runner.slow(worker === "idle" ? 1 : 1.1)), `${worker}.json`);
    await page.locator("#run").click();
    await page.locator(".node-image").first().waitFor();
    await page.locator('.device-status [data-state="idle"]').waitFor();
    const seen = await page.evaluate(() => [...new Set(/** @type {any} */ (window).seen)]);
    assert.deepEqual(seen.sort(), ["busy stops", "idle rests"]);
  }
});

test("only what the selected node needs is run", async () => {
  const { page } = runner.editor;
  const both = { ...workflow(emptyImage(0x11)), 8: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "other" }, _meta: { title: "Other" } } };
  await openWorkflow(page, both);
  await runner.editor.node("Other").locator(".node-title").click();
  await page.keyboard.press("Control+Shift+Enter");
  await runner.editor.node("Other").locator(".node-image").waitFor();
  await becomes(() => page.locator(".node-image").count(), 1);
});

test("with automatic runs an edit is enough", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(emptyImage(0x77)));
  await page.locator(".run-more").click();
  await page.locator(".menu-item", { hasText: "Run on every change" }).click();
  await page.locator(".node-image").first().waitFor();
  const before = await page.locator(".node-image").first().getAttribute("src");
  const height = runner.editor.node("EmptyImage").locator("input").nth(1);
  await height.fill("48");
  await height.press("Enter");
  await page.waitForFunction((src) => document.querySelector(".node-image")?.getAttribute("src") !== src, before);
});

test("a server that dies in the middle comes back with the run, without a reload", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(6)), "survivor.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await runner.server.kill();
  await toast(page, "The server does not answer").waitFor();
  await runner.editor.node("Slow").locator(".node-title").click();
  await page.keyboard.press("Delete");
  await runner.editor.node("Slow").waitFor({ state: "detached" });
  const back = toast(page, "The server is back").waitFor({ timeout: 120_000 });
  await page.locator("#run").click();
  await page.locator(".toast").filter({ hasText: "The server does not answer" }).nth(1).waitFor();
  await Promise.all([runner.server.run(), back]);
  await page.locator(".toast", { hasText: "The server does not answer" }).first().waitFor({ state: "detached" });
  await page.locator(".node-image").first().waitFor({ timeout: 120_000 });
  await becomes(async () => (await tabTitles(page)).includes("survivor"), true);
});

test("a worker that dies is told in a sentence, and its run can be stopped until it goes on", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(8)), "orphan.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  const states = () => page.evaluate(() => /** @type {any} */ (window).states);
  await page.evaluate(() => {
    const dot = /** @type {Element} */ (document.querySelector(".device-status .state-dot"));
    const seen = /** @type {any} */ (window).states = /** @type {(string | null)[]} */ ([]);
    new MutationObserver(() => seen.push(dot.getAttribute("data-state"))).observe(dot, { attributes: true });
  });
  const [worker] = /** @type {any} */ (await (await fetch(`${runner.server.url}/api/tessera/workers`)).json());
  process.kill(worker.pid, "SIGKILL");
  await toast(page, "The worker that ran “orphan” ended unexpectedly").waitFor();
  await runner.editor.node("Slow").and(page.locator("[data-run=waiting]")).waitFor();
  await becomes(() => page.locator(".stop-button").isEnabled(), true);
  await page.locator(".node-image").first().waitFor({ timeout: 120_000 });
  await page.locator('.device-status [data-state="idle"]').waitFor();
  const told = (await states()).filter((/** @type {string} */ state, /** @type {number} */ at, /** @type {string[]} */ all) => state !== all[at - 1]);
  assert.deepEqual(told.slice(-3), ["starting", "busy", "idle"], "nothing says that a worker is ready before there is one");
  await becomes(async () => (await runner.queue()).jobs.length, 0);
});

test("a token that is not accepted any more is a sentence, and nothing is lost", async () => {
  const { page } = runner.editor;
  const refusal = { error: { type: "token_needed", message: "This server needs its token." }, node_errors: {} };
  await page.route("**/api/prompt", (route) => route.fulfill({ status: 401, json: refusal }));
  const nodes = await page.locator(".node").count();
  await page.locator("#run").click();
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".problem", { hasText: "token is not accepted any more" }).waitFor();
  await becomes(() => page.locator(".node").count(), nodes);
});

test("an editor at rest asks for no frame and lays nothing out", async () => {
  const { page } = runner.editor;
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
