import assert from "node:assert/strict";
import { test } from "node:test";

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
