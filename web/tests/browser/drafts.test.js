/** What is not saved yet is not lost: reloads, crashes, storage that fails. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { emptyImage, journals, keepToasts, keptToasts, openWorkflow, removeNode, saveAs, tabTitles, until, workflow } from "./shell_page.js";
import { useTabs } from "./tabs.js";

const tabs = useTabs();

test("a reload brings every document back, edits and all", async () => {
  const { page } = tabs.editor;
  const [first] = await tabTitles(page);
  await openWorkflow(page, workflow(emptyImage()), "second.json");
  await removeNode(tabs.editor, "Save Image");
  await until(async () => (await journals(tabs.server)).find(({ title }) => title === "second"));
  await page.reload();
  await tabs.editor.ready();
  await page.locator(".tab.active .tab-name", { hasText: "second" }).waitFor();
  await becomes(() => tabTitles(page), [first, "second"]);
  await becomes(() => page.locator(".tab.active .tab-name").textContent(), "second");
  await page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => page.locator(".node", { hasText: "Save Image" }).count(), 0);
  assert.deepEqual(tabs.editor.errors, []);
});

test("after a crash the work of the lost window is offered and comes back", async () => {
  const { page } = tabs.editor;
  await openWorkflow(page, workflow(emptyImage()), "unsaved.json");
  await removeNode(tabs.editor, "Save Image");
  const { id } = await until(async () => (await journals(tabs.server)).find(({ title }) => title === "unsaved"));
  await page.evaluate(() => dispatchEvent(new Event("pagehide")));
  await page.close({ runBeforeUnload: false });
  const later = await tabs.open();
  const list = later.page.locator("dialog.dialog", { hasText: "Recover your work" });
  await list.locator("li", { hasText: "unsaved" }).waitFor();
  await list.locator(".primary").click();
  await later.page.locator(".tab-name", { hasText: "unsaved" }).waitFor();
  await later.page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => later.page.locator(".tab.dirty .tab-name", { hasText: "unsaved" }).count(), 1);
  await becomes(async () => (await journals(tabs.server)).some((entry) => entry.id === id), true);
});

test("a browser that lost everything gets its work from the server's journal", async () => {
  await openWorkflow(tabs.editor.page, workflow(emptyImage()), "elsewhere.json");
  await removeNode(tabs.editor, "Save Image");
  await until(async () => (await journals(tabs.server)).some(({ title }) => title === "elsewhere"));
  await tabs.context.close();
  await tabs.begin();
  await tabs.editor.page.locator(".main-menu").click();
  await tabs.editor.page.locator(".menu-item", { hasText: "Recover workflows" }).click();
  await tabs.editor.page.locator("dialog li", { hasText: "elsewhere" }).waitFor();
  await tabs.editor.page.locator("dialog .primary").click();
  await tabs.editor.page.locator(".tab-name", { hasText: "elsewhere" }).waitFor();
});

test("a browser whose database was lost offers what the server's journal has of its work", async () => {
  const { page } = tabs.editor;
  await openWorkflow(page, workflow(emptyImage()), "outlived.json");
  await removeNode(tabs.editor, "Save Image");
  await until(async () => (await journals(tabs.server)).some(({ title }) => title === "outlived"));
  await page.close({ runBeforeUnload: false });
  const blank = await tabs.context.newPage();
  await blank.goto(`${tabs.server.url}/styles/theme.css`);
  await blank.evaluate(() => new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("tessera");
    request.onsuccess = resolve;
    request.onerror = reject;
  }));
  tabs.editor = await tabs.open();
  const list = tabs.editor.page.locator("dialog.dialog", { hasText: "Recover your work" });
  await list.locator("li", { hasText: "outlived" }).waitFor();
  await becomes(() => list.locator("li").count(), 1, "nobody else's work is offered");
  await list.locator(".primary").click();
  await tabs.editor.page.locator(".tab.dirty .tab-name", { hasText: "outlived" }).waitFor();
  await tabs.editor.page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => tabs.editor.page.locator(".node", { hasText: "Save Image" }).count(), 0);
});

test("a full browser says so once, and the server's journal brings the edits back", async () => {
  await tabs.context.addInitScript(() => {
    IDBObjectStore.prototype.add = () => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
  });
  await keepToasts(tabs.context);
  const full = await tabs.open();
  const { page } = full;
  await becomes(async () => (await keptToasts(page)).join("\n"), /This browser cannot keep drafts/);
  await openWorkflow(page, workflow(emptyImage()), "full.json");
  await removeNode(full, "Save Image");
  await until(async () => (await journals(tabs.server)).some(({ title }) => title === "full"));
  const said = await keptToasts(page);
  assert.deepEqual(said.filter((text) => /draft|quota/i.test(text)).length, 1, said.join("\n"));
  await page.reload();
  await page.locator(".tab.active.dirty .tab-name", { hasText: "full" }).waitFor();
  await page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => page.locator(".node", { hasText: "Save Image" }).count(), 0);
});

test("a browser that blocks all storage says so, and the server's journal brings the edits back", async () => {
  await openWorkflow(tabs.editor.page, workflow(emptyImage()), "seen before.json");
  await removeNode(tabs.editor, "Save Image");
  await until(async () => (await journals(tabs.server)).some(({ title }) => title === "seen before"));
  await tabs.context.addInitScript(() => {
    const blocked = () => {
      throw new DOMException("Access is denied for this document.", "SecurityError");
    };
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, { get: blocked });
    LockManager.prototype.request = async () => blocked();
  });
  await keepToasts(tabs.context);
  const blocked = await tabs.open();
  const { page } = blocked;
  await becomes(async () => (await keptToasts(page)).join("\n"), /This browser cannot note which drafts it has/);
  await page.locator("dialog li", { hasText: "seen before" }).waitFor();
  await page.locator("dialog button", { hasText: "Later" }).click();
  await blocked.ready();
  await openWorkflow(page, workflow(emptyImage()), "blocked.json");
  await removeNode(blocked, "Save Image");
  await until(async () => (await journals(tabs.server)).some(({ title }) => title === "blocked"));
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
    await tabs.context.addInitScript((spoilt) => {
      for (const storage of [localStorage, sessionStorage]) {
        for (const key of ["tessera.drafts", "tessera.tabs", "tessera.client"]) storage.setItem(key, spoilt);
      }
    }, text);
    await keepToasts(tabs.context);
    const other = await tabs.open();
    await becomes(async () => (await keptToasts(other.page)).join("\n"), /This browser cannot note which drafts it has/);
    assert.deepEqual(other.errors, []);
  });
}

test("where browsers hold back ids, locks and the clipboard the editor works all the same", async () => {
  await tabs.context.addInitScript(() => {
    Reflect.deleteProperty(Crypto.prototype, "randomUUID");
    for (const name of ["locks", "clipboard"]) Object.defineProperty(navigator, name, { value: undefined });
  });
  const other = await tabs.open();
  await openWorkflow(other.page, workflow(emptyImage(0x101010)), "insecure.json");
  await saveAs(other, "insecure saved");
  await other.page.locator("#run").click();
  await other.page.locator(".node-image").first().waitFor();
  assert.deepEqual(other.errors, []);
});
