/** What is not saved yet is not lost: reloads, crashes, storage that fails. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { closePanels, emptyImage, journals, keepToasts, keptToasts, openWorkflow, removeNode, saveAs, tabTitles, until, workflow } from "./shell_page.js";

/** @import { BrowserContext } from "playwright-core" */

const use = useServer();
/** @type {BrowserContext} */
let context;
/** @type {EditorPage} */
let editor;

beforeEach(async () => {
  await closePanels(use.server.url);
  context = await use.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
  editor = await openEditor();
});

afterEach(async () => context.close());

/** Another tab of the same browser. */
async function openEditor() {
  const opened = new EditorPage(await context.newPage());
  opened.page.setDefaultTimeout(60_000);
  await opened.page.goto(use.server.url);
  await opened.page.locator("dialog .primary, #topbar .tab-open").first().waitFor({ timeout: 60_000 });
  return opened;
}

test("a reload brings every document back, edits and all", async () => {
  const { page } = editor;
  const [first] = await tabTitles(page);
  await openWorkflow(page, workflow(emptyImage()), "second.json");
  await removeNode(editor, "Save Image");
  await until(async () => (await journals(use.server)).find(({ title }) => title === "second"));
  await page.reload();
  await editor.ready();
  await page.locator(".tab.active .tab-name", { hasText: "second" }).waitFor();
  await becomes(() => tabTitles(page), [first, "second"]);
  await becomes(() => page.locator(".tab.active .tab-name").textContent(), "second");
  await page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => page.locator(".node", { hasText: "Save Image" }).count(), 0);
  assert.deepEqual(editor.errors, []);
});

test("after a crash the work of the lost window is offered and comes back", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage()), "unsaved.json");
  await removeNode(editor, "Save Image");
  const { id } = await until(async () => (await journals(use.server)).find(({ title }) => title === "unsaved"));
  await page.evaluate(() => dispatchEvent(new Event("pagehide")));
  await page.close({ runBeforeUnload: false });
  const later = await openEditor();
  const list = later.page.locator("dialog.dialog", { hasText: "Recover your work" });
  await list.locator("li", { hasText: "unsaved" }).waitFor();
  await list.locator(".primary").click();
  await later.page.locator(".tab-name", { hasText: "unsaved" }).waitFor();
  await later.page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => later.page.locator(".tab.dirty .tab-name", { hasText: "unsaved" }).count(), 1);
  await becomes(async () => (await journals(use.server)).some((entry) => entry.id === id), true);
});

test("a browser that lost everything gets its work from the server's journal", async () => {
  await openWorkflow(editor.page, workflow(emptyImage()), "elsewhere.json");
  await removeNode(editor, "Save Image");
  await until(async () => (await journals(use.server)).some(({ title }) => title === "elsewhere"));
  await context.close();
  context = await use.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
  editor = await openEditor();
  await editor.page.locator(".main-menu").click();
  await editor.page.locator(".menu-item", { hasText: "Recover workflows" }).click();
  await editor.page.locator("dialog li", { hasText: "elsewhere" }).waitFor();
  await editor.page.locator("dialog .primary").click();
  await editor.page.locator(".tab-name", { hasText: "elsewhere" }).waitFor();
});

test("a browser whose database was lost offers what the server's journal has of its work", async () => {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage()), "outlived.json");
  await removeNode(editor, "Save Image");
  await until(async () => (await journals(use.server)).some(({ title }) => title === "outlived"));
  await page.close({ runBeforeUnload: false });
  const blank = await context.newPage();
  await blank.goto(`${use.server.url}/styles/theme.css`);
  await blank.evaluate(() => new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("tessera");
    request.onsuccess = resolve;
    request.onerror = reject;
  }));
  editor = await openEditor();
  const list = editor.page.locator("dialog.dialog", { hasText: "Recover your work" });
  await list.locator("li", { hasText: "outlived" }).waitFor();
  await becomes(() => list.locator("li").count(), 1, "nobody else's work is offered");
  await list.locator(".primary").click();
  await editor.page.locator(".tab.dirty .tab-name", { hasText: "outlived" }).waitFor();
  await editor.page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => editor.page.locator(".node", { hasText: "Save Image" }).count(), 0);
});

test("a full browser says so once, and the server's journal brings the edits back", async () => {
  await context.addInitScript(() => {
    IDBObjectStore.prototype.add = () => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
  });
  await keepToasts(context);
  const full = await openEditor();
  const { page } = full;
  await becomes(async () => (await keptToasts(page)).join("\n"), /This browser cannot keep drafts/);
  await openWorkflow(page, workflow(emptyImage()), "full.json");
  await removeNode(full, "Save Image");
  await until(async () => (await journals(use.server)).some(({ title }) => title === "full"));
  const said = await keptToasts(page);
  assert.deepEqual(said.filter((text) => /draft|quota/i.test(text)).length, 1, said.join("\n"));
  await page.reload();
  await page.locator(".tab.active.dirty .tab-name", { hasText: "full" }).waitFor();
  await page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => page.locator(".node", { hasText: "Save Image" }).count(), 0);
});

test("a browser that blocks all storage says so, and the server's journal brings the edits back", async () => {
  await openWorkflow(editor.page, workflow(emptyImage()), "seen before.json");
  await removeNode(editor, "Save Image");
  await until(async () => (await journals(use.server)).some(({ title }) => title === "seen before"));
  await context.addInitScript(() => {
    const blocked = () => {
      throw new DOMException("Access is denied for this document.", "SecurityError");
    };
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, { get: blocked });
    LockManager.prototype.request = async () => blocked();
  });
  await keepToasts(context);
  const blocked = await openEditor();
  const { page } = blocked;
  await becomes(async () => (await keptToasts(page)).join("\n"), /This browser cannot note which drafts it has/);
  await page.locator("dialog li", { hasText: "seen before" }).waitFor();
  await page.locator("dialog button", { hasText: "Later" }).click();
  await blocked.ready();
  await openWorkflow(page, workflow(emptyImage()), "blocked.json");
  await removeNode(blocked, "Save Image");
  await until(async () => (await journals(use.server)).some(({ title }) => title === "blocked"));
  await page.reload();
  await page.locator("dialog li", { hasText: "blocked" }).waitFor();
  // Each that is opened is shown: alone, it stays so.
  for (const other of await page.locator("dialog li", { hasNotText: "blocked" }).getByRole("checkbox").all()) await other.uncheck();
  await page.locator("dialog .primary").click();
  await page.locator(".tab.dirty .tab-name", { hasText: "blocked" }).click();
  await page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => page.locator(".node", { hasText: "Save Image" }).count(), 0);
  assert.deepEqual(blocked.errors, []);
});

for (const text of ["{", '"moon"', '[["a","moon"]]']) {
  test(`a start does not stumble over what others left in the browser's storage: ${text}`, async () => {
    await context.addInitScript((spoilt) => {
      for (const storage of [localStorage, sessionStorage]) {
        for (const key of ["tessera.drafts", "tessera.tabs", "tessera.client"]) storage.setItem(key, spoilt);
      }
    }, text);
    await keepToasts(context);
    const other = await openEditor();
    await becomes(async () => (await keptToasts(other.page)).join("\n"), /This browser cannot note which drafts it has/);
    assert.deepEqual(other.errors, []);
  });
}

test("where browsers hold back ids, locks and the clipboard the editor works all the same", async () => {
  await context.addInitScript(() => {
    Reflect.deleteProperty(Crypto.prototype, "randomUUID");
    for (const name of ["locks", "clipboard"]) Object.defineProperty(navigator, name, { value: undefined });
  });
  const other = await openEditor();
  await openWorkflow(other.page, workflow(emptyImage(0x101010)), "insecure.json");
  await saveAs(other, "insecure saved");
  await other.page.locator("#run").click();
  await other.page.locator(".node-image").first().waitFor();
  assert.deepEqual(other.errors, []);
});
