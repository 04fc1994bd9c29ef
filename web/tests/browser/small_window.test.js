/** In a small window: names of tabs, the minimap, the zoom bar and messages keep out of one another's way. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { focusCanvas, openEditor, openPanel, widget } from "./editor_page.js";

/** @import { Locator } from "playwright-core" */

/** @type {Awaited<ReturnType<typeof openEditor>>} */
let editor;

before(async () => {
  editor = await openEditor();
  await editor.page.setViewportSize({ width: 1024, height: 640 });
});
after(() => editor?.close());

/** @param {Locator} locator */
async function boxOf(locator) {
  const box = await locator.boundingBox();
  assert.ok(box, "it is shown");
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
}

test("tabs that shrink keep the dot of what is not saved, and give their names all the room", async () => {
  const { page } = editor;
  await widget(page, "enabled").click();
  const changed = page.locator(".tab.dirty");
  await changed.waitFor();
  for (let count = 2; count <= 7; count += 1) {
    await page.locator("#topbar .tab-bar > .icon-button").click();
    await page.locator(".tab").nth(count - 1).waitFor();
  }
  await changed.locator(".tab-name").evaluate((name) => { name.textContent = "A name that is longer than its tab"; });
  const [tab, name, dot] = [await boxOf(changed), await boxOf(changed.locator(".tab-name")), await boxOf(changed.locator(".tab-dot"))];
  assert.ok(dot.x >= name.right && dot.right <= tab.right, `${JSON.stringify(dot)} in ${JSON.stringify(tab)}`);
  assert.ok(name.width + dot.width >= tab.width - 36, `the name has ${name.width} of ${tab.width} pixels`);
  await becomes(() => changed.locator(".tab-close").isVisible(), false);
  await changed.hover();
  await changed.locator(".tab-close").waitFor();
});

test("messages lie above the minimap", async () => {
  const { page } = editor;
  await focusCanvas(page);
  await page.keyboard.press("F8");
  const [message, map] = [await boxOf(page.locator(".toast").first()), await boxOf(page.locator(".canvas-minimap"))];
  assert.ok(message.bottom <= map.y, `${message.bottom} and ${map.y}`);
});

test("messages lie above the zoom bar in the narrowest window", async () => {
  const { page } = editor;
  await page.setViewportSize({ width: 360, height: 640 });
  await page.locator(".canvas-minimap").waitFor({ state: "hidden" });
  await focusCanvas(page);
  await page.keyboard.press("F8");
  const [message, bar] = [await boxOf(page.locator(".toast").first()), await boxOf(page.locator(".canvas-bar"))];
  assert.ok(message.bottom <= bar.y, `${message.bottom} and ${bar.y}`);
  await page.setViewportSize({ width: 1024, height: 640 });
  await page.locator(".canvas-minimap").waitFor();
});

test("the frame of the minimap is whole, however much is in view", async () => {
  const { page } = editor;
  const edges = page.locator(".canvas-minimap-edge");
  await page.locator(".canvas-root").hover({ position: { x: 300, y: 300 } });
  await page.keyboard.down("Control");
  for (let notch = 0; notch < 20; notch += 1) await page.mouse.wheel(0, 300);
  await page.keyboard.up("Control");
  await page.waitForFunction(() => Number(document.querySelector(".canvas-minimap-edge")?.getBoundingClientRect().width) > 190);
  const outer = await boxOf(page.locator(".canvas-minimap"));
  await becomes(() => edges.count(), 4);
  for (const edge of await edges.all()) {
    const inner = await boxOf(edge);
    assert.ok(inner.x >= outer.x && inner.y >= outer.y && inner.right <= outer.right + 0.1 && inner.bottom <= outer.bottom + 0.1,
      `${JSON.stringify(inner)} in ${JSON.stringify(outer)}`);
  }
});

test("the minimap gives way where there is no room for it, and comes back", async () => {
  const { page } = editor;
  await openPanel(page, "library");
  await openPanel(page, "parameters");
  await page.locator(".canvas-minimap").waitFor({ state: "hidden" });
  await page.setViewportSize({ width: 1500, height: 960 });
  await page.locator(".canvas-minimap").waitFor();
});

test("where a panel has no room beside the canvas it lies on it, and keeps the width that was chosen", async () => {
  const { page } = editor;
  await page.locator("#panel-left .panel-header .icon-button").click();
  await page.locator("#panel-right .panel-header .icon-button").click();
  for (const width of [320, 500]) {
    await page.setViewportSize({ width, height: 640 });
    const panel = await boxOf(await openPanel(page, "library"));
    assert.ok(panel.width >= 200 && panel.right <= width, JSON.stringify(panel));
    await becomes(async () => (await boxOf(page.locator("#canvas"))).right, width, "the canvas stays as wide as it was");
    for (const part of ["#run", ".stop-button", ".batch-count", ".state-dot"]) await becomes(async () => (await boxOf(page.locator(part))).right <= width, true, part);
    await page.locator('.rail-button[data-panel="library"]').click();
  }
  await page.setViewportSize({ width: 1500, height: 960 });
  const library = await openPanel(page, "library");
  await becomes(async () => (await boxOf(library)).width, 300, "as it was before");
});

test("with the colours of the system words on buttons and the state of switches can be seen", async () => {
  const { page } = editor;
  await page.emulateMedia({ forcedColors: "active" });
  const looks = (/** @type {Locator} */ place, /** @type {string} */ part = "") => place.evaluate((element, pseudo) => {
    const { color, backgroundColor, forcedColorAdjust } = getComputedStyle(element, pseudo || null);
    return { color, backgroundColor, forcedColorAdjust };
  }, part);
  const run = await looks(page.locator("#run"));
  assert.equal(run.forcedColorAdjust, "none", "no plate of the page's colour lies behind the words");
  assert.notEqual(run.color, run.backgroundColor);
  const panel = await openPanel(page, "settings");
  const [off, on] = [panel.locator(".switch:not(:checked)").first(), panel.locator(".switch:checked").first()];
  for (const one of [off, on]) assert.notEqual((await looks(one)).backgroundColor, (await looks(one, "::after")).backgroundColor);
  assert.notEqual((await looks(off)).backgroundColor, (await looks(on)).backgroundColor);
  await page.emulateMedia({ forcedColors: "none" });
});

test("a window that gets narrower keeps the active tab in view", async () => {
  const { page } = editor;
  await page.setViewportSize({ width: 1500, height: 960 });
  await page.locator(".tab-open").last().click();
  for (const width of [480, 320]) {
    await page.setViewportSize({ width, height: 640 });
    await page.waitForFunction(() => {
      const [row, tab] = [".tab-row", ".tab.active"].map((part) => document.querySelector(part)?.getBoundingClientRect());
      return row && tab && row.width > 0 && tab.left >= row.left - 1 && tab.right <= row.right + 1;
    });
  }
});
