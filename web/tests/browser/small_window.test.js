/** In a small window: names of tabs, the minimap, the zoom bar and messages keep out of one another's way. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

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
  assert.equal(await changed.locator(".tab-close").isVisible(), false);
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

test("the minimap gives way where there is no room for it, and comes back", async () => {
  const { page } = editor;
  await openPanel(page, "library");
  await openPanel(page, "parameters");
  await page.locator(".canvas-minimap").waitFor({ state: "hidden" });
  await page.setViewportSize({ width: 1500, height: 960 });
  await page.locator(".canvas-minimap").waitFor();
});
