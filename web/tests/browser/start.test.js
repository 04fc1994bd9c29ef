/** What a visit asks the server for: scripts, styles and texts come once. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EditorPage, useServer } from "./page.js";

const use = useServer();

/** Files of the editor in a first visit, and their bytes on the wire with headers. */
const MOST_FILES = 250;
const MOST_BYTES = 560_000;

/** @typedef {{ url: string, bytes: number, kept: boolean }} Asked */

/**
 * What of the editor's files came over the wire until a workflow could be used and nothing more came.
 * @param {import("playwright-core").BrowserContext} context
 * @returns {Promise<Asked[]>}
 */
async function filesOfVisit(context) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  /** @type {Map<string, Asked>} */
  const asked = new Map();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => asked.set(requestId, { url: request.url, bytes: 0, kept: false }));
  session.on("Network.requestServedFromCache", ({ requestId }) => Object.assign(asked.get(requestId) ?? {}, { kept: true }));
  session.on("Network.responseReceived", ({ requestId, response }) => {
    if (response.fromDiskCache) Object.assign(asked.get(requestId) ?? {}, { kept: true });
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => Object.assign(asked.get(requestId) ?? {}, { bytes: encodedDataLength }));
  await page.goto(use.server.url);
  await new EditorPage(page).ready();
  await page.locator(".node").first().waitFor();
  await page.waitForLoadState("networkidle"); // what loads behind the workflow counts too, and is kept
  await page.close();
  return [...asked.values()].filter(({ url, kept }) => new URL(url).pathname.startsWith("/@") && !kept);
}

test("a first visit asks for no more files than was measured, the next for none", async () => {
  const context = await use.browser.newContext();
  const first = await filesOfVisit(context);
  const bytes = first.reduce((sum, file) => sum + file.bytes, 0);
  assert.ok(first.length > 100, `only ${first.length} files were seen`);
  assert.ok(first.length <= MOST_FILES, `${first.length} files were asked for`);
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes came`);
  assert.deepEqual((await filesOfVisit(context)).map(({ url }) => url), []);
  await context.close();
});
