/** The whole browser dies, and is started again on the same profile: no edit is lost. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { DoomedBrowser } from "../harness/browser.js";
import { EditorPage, Server } from "./page.js";
import { closePanels, emptyImage, openWorkflow, workflow } from "./shell_page.js";

/** @import { Page } from "playwright-core" */

const TEXT = { class_type: "CLIPTextEncode", inputs: { text: "" } };

/** @type {Server} */
let server;
/** @type {string} */
let profile;
/** @type {DoomedBrowser} */
let browser;

before(async () => {
  server = await Server.start();
});

after(async () => server?.stop());

beforeEach(async () => {
  await closePanels(server.url);
  profile = await mkdtemp(join(tmpdir(), "tessera-profile-"));
  browser = await DoomedBrowser.start(profile);
});

afterEach(async () => {
  await browser.kill();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
});

/** @returns {Promise<EditorPage>} the editor, or what it asks at its start */
async function openEditor() {
  const editor = new EditorPage(await browser.newPage());
  editor.page.setDefaultTimeout(60_000);
  await editor.page.goto(server.url);
  await editor.page.locator("dialog .primary, #topbar .tab-open").first().waitFor();
  return editor;
}

/** End the browser as a crash of the machine would, and start it again on the same profile. */
async function crash() {
  await browser.kill();
  browser = await DoomedBrowser.start(profile);
}

/** Wait until the browser's own database holds a text. @param {Page} page @param {"heads" | "edits"} store @param {RegExp} text */
async function keptHere(page, store, text) {
  const kept = () => page.evaluate(async (name) => {
    const done = (/** @type {IDBRequest} */ request) => new Promise((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
    const db = await done(indexedDB.open("tessera"));
    const all = await done(db.transaction(name).objectStore(name).getAll());
    db.close();
    return JSON.stringify(all);
  }, store);
  // Not `waitForFunction`: it takes the promise of an async predicate for a yes.
  const deadline = Date.now() + 60_000;
  while (!text.test(await kept())) {
    assert.ok(Date.now() < deadline, `${text} is not in ${store}: ${await kept()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the canvas shows: every node with its place, and what is typed in it. @param {Page} page */
async function shown(page) {
  return page.locator(".node").evaluateAll((nodes) => nodes.map((node) => ({
    id: node.getAttribute("data-node"),
    title: node.querySelector(".node-title")?.textContent,
    at: /** @type {HTMLElement} */ (node).style.transform,
    texts: [...node.querySelectorAll("textarea, input")].map((field) => /** @type {HTMLInputElement} */ (field).value),
  })).sort((one, other) => Number(one.id) - Number(other.id)));
}

/** Drag a node by its title and type a text: edits that no file has. @param {EditorPage} editor @param {string} text */
async function work({ page }, text) {
  const title = page.locator(".node-title", { hasText: "CLIP Text Encode" });
  const box = await title.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 20, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + 80, box.y + 65, { steps: 5 });
  await page.mouse.up();
  await page.locator(".node textarea").first().fill(text);
  await page.locator(".node textarea").first().blur();
}

test("after the browser was killed its unsaved work is offered, and is what it was to the last edit", async () => {
  const editor = await openEditor();
  await openWorkflow(editor.page, { ...workflow(emptyImage(0x335577)), 7: TEXT }, "lost.json");
  await work(editor, "a lighthouse, 灯塔");
  await keptHere(editor.page, "edits", /a lighthouse, 灯塔/);
  const before = await shown(editor.page);
  await crash();
  const { page, errors } = await openEditor();
  const list = page.locator("dialog.dialog", { hasText: "Recover your work" });
  await list.locator("li", { hasText: "lost" }).waitFor();
  await list.locator(".primary").click();
  await page.locator(".tab.dirty .tab-name", { hasText: "lost" }).waitFor();
  await page.locator(".node", { hasText: "CLIP Text Encode" }).waitFor();
  await becomes(() => shown(page), before);
  assert.equal(before.length, 3);
  assert.deepEqual(errors, []);
});

test("work that is not taken at once is offered again, also after another crash", async () => {
  const editor = await openEditor();
  await openWorkflow(editor.page, { 7: TEXT }, "patient.json");
  await work(editor, "wait for me");
  await keptHere(editor.page, "edits", /wait for me/);
  for (const time of ["first", "second"]) {
    await crash();
    const { page } = await openEditor();
    const dialog = page.locator("dialog.dialog", { hasText: "Recover your work" });
    await dialog.locator("li", { hasText: "patient" }).waitFor();
    await becomes(() => dialog.locator("li").count(), 1, `the ${time} time`);
    await dialog.locator("button", { hasText: "Later" }).click();
    await page.locator("#topbar .tab-open").first().waitFor();
  }
});

test("what a file has already is not offered after a crash", async () => {
  const { page } = await openEditor();
  await openWorkflow(page, { 7: TEXT }, "safe.json");
  await page.locator(".node textarea").first().fill("in a file");
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Control+Shift+S");
  await page.locator("dialog input").fill("safe");
  await page.keyboard.press("Enter");
  await page.locator(".tab.active:not(.dirty) .tab-name", { hasText: "safe" }).waitFor();
  await keptHere(page, "heads", /"title":"safe","file":"safe.json","dirty":false/);
  await crash();
  const later = await openEditor();
  await later.ready();
  await becomes(() => later.page.locator("dialog").count(), 0);
});
