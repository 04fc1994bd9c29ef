/** The queue: what waits is seen, ordered, named and taken up again. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage } from "./page.js";
import { useRunner } from "./runner.js";
import { emptyImage, openWorkflow, toast, workflow } from "./shell_page.js";

const runner = useRunner();

test("a paused queue says so, and a run offers to go on", async () => {
  const { page } = runner.editor;
  await fetch(`${runner.server.url}/api/tessera/queue/pause`, { method: "POST" });
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
  const { page } = runner.editor;
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
  await becomes(async () => (await runner.queue()).jobs, []);
});

test("a label and a number of runs go with what is queued", async () => {
  const { page } = runner.editor;
  await fetch(`${runner.server.url}/api/tessera/queue/pause`, { method: "POST" });
  await page.locator('[data-panel="queue"]').click();
  await page.locator(".panel-tools input").fill("苹果 study");
  await page.locator(".batch-count").fill("3");
  await page.locator(".batch-count").press("Enter");
  await page.locator(".canvas-root:focus").waitFor();
  assert.deepEqual((await runner.queue()).jobs, [], "the number alone runs nothing");
  await page.keyboard.press("Control+Enter");
  await page.locator(".job-name", { hasText: "苹果 study" }).nth(2).waitFor();
  await becomes(async () => (await page.locator(".job-details").allTextContents()).map((text) => text.slice(0, 3)), ["1/3", "2/3", "3/3"]);
  await page.reload();
  await page.locator(".job-name", { hasText: "苹果 study" }).nth(2).waitFor();
  await becomes(async () => (await page.locator(".job-details").allTextContents()).map((text) => text.slice(0, 3)), ["1/3", "2/3", "3/3"]);
  const { jobs } = await runner.queue();
  assert.deepEqual(jobs.map((/** @type {any} */ job) => job.label), ["苹果 study", "苹果 study", "苹果 study"]);
});

test("a run behind another waits visibly, on its nodes and on its tab", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(30)), "before.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await openWorkflow(page, workflow(emptyImage(0x5a5a5a)), "behind.json");
  await page.locator("#run").click();
  await runner.editor.node("EmptyImage").and(page.locator("[data-run=waiting]")).waitFor();
  const mark = page.locator(".tab", { hasText: "behind" }).getByRole("img", { name: "Waits in the queue, runs before it: 1" });
  await mark.waitFor();
  await becomes(() => page.locator(".tab-waits:visible").count(), 1);
  await page.locator(".stop-button").click();
  await page.locator(".node-image").first().waitFor();
  await page.locator(".tab-waits:visible").waitFor({ state: "detached" });
});

test("after a reload nodes show again that they run, and that they wait", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(300), "Fails"), "ahead.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await openWorkflow(page, workflow(emptyImage(0x7b7b7b)), "after.json");
  await page.locator("#run").click();
  await runner.editor.node("EmptyImage").and(page.locator("[data-run=waiting]")).waitFor();
  await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await page.reload();
  await page.locator(".tab.active .tab-name", { hasText: "after" }).waitFor();
  await runner.editor.node("EmptyImage").and(page.locator("[data-run=waiting]")).waitFor();
  await page.locator(".tab-open", { hasText: "ahead" }).click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  await runner.editor.node("Fails").and(page.locator("[data-run=waiting]")).waitFor();
  assert.deepEqual(runner.editor.errors, []);
});

test("a window that is opened later shows how far a run is", async () => {
  const { page } = runner.editor;
  await openWorkflow(page, workflow(runner.slow(40)), "long.json");
  await page.locator("#run").click();
  await runner.editor.node("Slow").and(page.locator("[data-run=running]")).waitFor();
  const later = await EditorPage.open(runner.use.browser, runner.server);
  await later.page.locator('[data-panel="queue"]').click();
  await later.page.locator(".job", { hasText: "long" }).locator(".job-state", { hasText: /^[1-9]/ }).waitFor();
  await later.page.close();
});
