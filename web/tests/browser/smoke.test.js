import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { EditorPage, launch, Server } from "./page.js";

/** @import { Browser } from "playwright-core" */

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a new editor opens with a workflow that runs and shows its picture on the node", async () => {
  const editor = await EditorPage.open(browser, server);
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
