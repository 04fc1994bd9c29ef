import assert from "node:assert/strict";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";

const use = useServer();

test("a new editor opens with a workflow that runs and shows its picture on the node", async () => {
  const editor = await EditorPage.open(use.browser, use.server);
  await editor.page.locator("#run").click();
  const saved = editor.node("Save Image");
  await saved.locator("img").first().waitFor({ timeout: 60_000 });
  const picture = await saved.locator("img").first().evaluate(async (/** @type {HTMLImageElement} */ image) => {
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
  });
  assert.ok(picture.every((side) => side > 0), `the picture is ${picture.join(" x ")}`);
  assert.equal(await saved.getAttribute("data-run"), "done");
  assert.deepEqual(editor.errors, []);
  await editor.page.close();
});

test("panels that open leave the whole graph in view, until somebody moves it", async () => {
  const { page } = await EditorPage.open(use.browser, use.server);
  // Room for all panels at once: in less the nodes would be drawn from afar, without elements to measure.
  await page.setViewportSize({ width: 1920, height: 1080 });
  /** How far the outermost node reaches beyond the canvas, in pixels; negative: the room around all. */
  const beyond = () => page.evaluate(() => {
    const view = /** @type {Element} */ (document.querySelector(".canvas-root")).getBoundingClientRect();
    const boxes = [...document.querySelectorAll(".node")].map((node) => node.getBoundingClientRect());
    return Math.max(...boxes.map((box) => Math.max(view.left - box.left, view.top - box.top, box.right - view.right, box.bottom - view.bottom)));
  });
  const nodes = await page.locator(".node").count();
  for (const panel of ["library", "parameters", "errors"]) {
    const before = await page.locator(".canvas-root").boundingBox();
    // In one go: the panel opens while the view still glides to what it is to show.
    await page.locator(".canvas-root").evaluate((canvas, panel) => {
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "F", code: "KeyF", shiftKey: true, bubbles: true }));
      /** @type {HTMLElement} */ (document.querySelector(`[data-panel="${panel}"]`)).click();
    }, panel);
    await page.waitForFunction((area) => {
      const now = /** @type {Element} */ (document.querySelector(".canvas-root")).getBoundingClientRect();
      return now.width * now.height < area;
    }, (before?.width ?? 0) * (before?.height ?? 0));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await becomes(() => page.locator(".node").count(), nodes);
    assert.ok((await beyond()) <= 0, `after ${panel} the graph is cut off by ${await beyond()} px`);
  }
  await page.close();
});

test("the main menu leads to settings and shortcuts", async () => {
  const { page, errors } = await EditorPage.open(use.browser, use.server);
  for (const panel of ["Settings", "Shortcuts"]) {
    await page.locator("#topbar .main-menu").click();
    await page.locator(".menu-item", { hasText: panel }).click();
    await page.locator("#panel-left h2", { hasText: panel }).first().waitFor();
  }
  assert.deepEqual(errors, []);
  await page.close();
});
