/** A server that keeps several people's settings, workflows and drafts apart. */

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { emptyImage, openWorkflow, removeNode, saveAs, until, workflow } from "./shell_page.js";

/** @import { BrowserContext, Page } from "playwright-core" */

const use = useServer(undefined, ["--multi-user"]);
/** @type {BrowserContext[]} */
const contexts = [];

after(() => Promise.all(contexts.map((context) => context.close())));

/** A browser that was never here. */
async function newBrowser() {
  const context = await use.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
  contexts.push(context);
  return context;
}

/** @param {BrowserContext} context */
async function openPage(context) {
  const editor = new EditorPage(await context.newPage());
  editor.page.setDefaultTimeout(60_000);
  await editor.page.goto(use.server.url);
  return editor;
}

/** @param {Page} page */
function question(page) {
  return page.locator("dialog.dialog", { hasText: "Who are you?" });
}

/** Open the editor as somebody new. @param {BrowserContext} context @param {string} name */
async function openAs(context, name) {
  const editor = await openPage(context);
  await question(editor.page).locator("input[type=text]").fill(name);
  await editor.page.keyboard.press("Enter");
  await editor.ready();
  return editor;
}

/** @param {Page} page */
async function askToSwitch(page) {
  await page.locator(".main-menu").click();
  await page.locator(".menu-item", { hasText: "Switch user" }).click();
  await question(page).waitFor();
}

/** @param {Page} page @param {string} name of the list */
async function choose(page, name) {
  await question(page).getByLabel(name, { exact: true }).check();
  await page.keyboard.press("Enter");
}

/** Choose the other look, and wait until the server has it. @param {Page} page */
async function changeTheme(page) {
  const saved = page.waitForResponse((answer) => answer.request().method() === "POST" && /Tessera\.Theme/.test(answer.request().postData() ?? ""));
  await page.locator(".main-menu").click();
  await page.locator(".menu-item", { hasText: "Light or dark" }).click();
  assert.equal((await saved).status(), 200);
}

/** @param {Page} page */
const theme = (page) => page.evaluate(() => document.documentElement.dataset["theme"]);

/** @param {Page} page @returns {Promise<string[]>} the user's workflows that the panel lists */
const ownFiles = (page) => page.locator("#panel-left .file-row > span", { hasText: /own$/ }).allTextContents();

test("two people in two browsers have settings and workflows of their own", async () => {
  const [ann, ben] = [await openAs(await newBrowser(), "Ann"), await openAs(await newBrowser(), "本")];
  await changeTheme(ann.page);
  await saveAs(ann, "Ann's own");
  await saveAs(ben, "Ben's own");
  for (const [editor, look, file] of /** @type {[EditorPage, string, string][]} */ ([[ann, "light", "Ann's own"], [ben, "dark", "Ben's own"]])) {
    const { page } = editor;
    await page.reload();
    await editor.ready();
    await becomes(() => theme(page), look);
    await page.locator('[data-panel="workflows"]').click();
    await becomes(() => ownFiles(page), [file]);
    await becomes(() => question(page).count(), 0, "the browser knows who works here");
  }
  const folders = await readdir(join(use.server.folder, "user"));
  const [annsFolder] = folders.filter((name) => name.startsWith("Ann_"));
  assert.deepEqual(await readdir(join(use.server.folder, "user", annsFolder ?? "", "workflows")), ["Ann's own.json"]);
  assert.deepEqual(await readdir(join(use.server.folder, "user/default/workflows")), [], "nobody worked as the default user");
  assert.deepEqual([...ann.errors, ...ben.errors], []);
});

test("a name is text, an empty answer or Esc none, and what the server refuses is said", async () => {
  const name = '<img src=x onerror="document.title = 1">';
  const editor = await openPage(await newBrowser());
  const asked = question(editor.page);
  const field = asked.locator("input[type=text]");
  await becomes(() => asked.locator(".primary").isDisabled(), true);
  await editor.page.keyboard.press("Escape");
  await field.fill("x".repeat(101));
  await editor.page.keyboard.press("Enter");
  await becomes(() => asked.locator("[role=alert]").textContent(), /1 to 100 printable characters/);
  await becomes(() => field.inputValue(), "x".repeat(101));
  await field.fill(name);
  await editor.page.keyboard.press("Enter");
  await editor.ready();
  const other = await openPage(await newBrowser());
  await becomes(async () => (await question(other.page).locator("li").allTextContents()).includes(name), true);
  await becomes(() => question(other.page).locator("img").count(), 0);
  await choose(other.page, name);
  await other.ready();
  await other.page.keyboard.press("Control+Comma");
  await becomes(() => other.page.locator(".settings-user p").textContent(), `You are ${name}.`);
  await becomes(() => other.page.locator(".settings-user img").count(), 0);
  assert.notEqual(await other.page.title(), "1");
  assert.deepEqual(other.errors, []);
});

test("drafts of one user are not offered to the next in the same browser, and are there again later", async () => {
  const context = await newBrowser();
  const editor = await openAs(context, "Cleo");
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage()), "cleos.json");
  await removeNode(editor, "Save Image");
  await askToSwitch(page);
  await question(page).locator("input[type=text]").fill("Dan");
  const loaded = page.waitForEvent("load");
  await page.keyboard.press("Enter");
  await loaded;
  await editor.ready();
  await becomes(() => page.locator(".tab-name", { hasText: "cleos" }).count(), 0);
  const second = await openPage(context);
  await second.ready();
  await becomes(() => second.page.locator("dialog").count(), 0, "nothing is offered, nobody asked");
  await second.page.close();
  const stored = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name?.replace(/_.*/, "")).sort());
  assert.deepEqual(stored, ["tessera.Cleo", "tessera.Dan"]);
  await askToSwitch(page);
  const back = page.waitForEvent("load");
  await choose(page, "Cleo");
  await back;
  await page.locator(".tab.dirty .tab-name", { hasText: "cleos" }).click();
  await page.locator(".node", { hasText: "EmptyImage" }).waitFor();
  await becomes(() => page.locator(".node", { hasText: "Save Image" }).count(), 0);
  assert.deepEqual(editor.errors, []);
});

test("a name that is known already is that user, and one that is kept no more is asked for again", async () => {
  const context = await newBrowser();
  const editor = await openAs(context, "Eve");
  const again = await openAs(await newBrowser(), " Eve ");
  /** @param {EditorPage} one @returns {Promise<string | null>} */
  const userOf = ({ page }) => page.evaluate(() => sessionStorage.getItem("tessera.user"));
  assert.equal(await userOf(again), await userOf(editor));
  await context.addInitScript(() => sessionStorage.setItem("tessera.user", '"gone_1"'));
  await editor.page.reload();
  await question(editor.page).waitFor();
  await until(async () => (await question(editor.page).locator("li").allTextContents()).includes("Eve"));
  assert.deepEqual(editor.errors, []);
});
