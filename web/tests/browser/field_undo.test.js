/** Undo pressed in fields: their own text first, then the graph, and never another field's text. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { focusCanvas, InputMethod, openEditor, openPanel, widget } from "./editor_page.js";

/** @typedef {import("playwright-core").Locator} Locator */

/** @type {Awaited<ReturnType<typeof openEditor>>} */
let editor;

before(async () => {
  editor = await openEditor();
});
after(() => editor?.close());

const prompt = () => widget(editor.page, "prompt").locator("textarea");
const name = () => widget(editor.page, "name").locator("input");
const width = () => widget(editor.page, "width").locator("input").first();
const search = () => editor.page.locator("#panel-left .panel-search");

async function undo() {
  await editor.page.keyboard.press("Control+z");
}

/** What the graph holds, as it is seen. */
async function shown() {
  return {
    prompt: await prompt().inputValue(), name: await name().inputValue(), width: await width().inputValue(),
    titles: await editor.page.locator(".node-title").allTextContents(),
  };
}

test("undo in a field that was only opened undoes the graph and touches no other text", async () => {
  const { page } = editor;
  await prompt().click();
  await prompt().pressSequentially("kept");
  await focusCanvas(page);
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+g");
  const title = page.locator(".group-title-field");
  await title.waitFor();
  const given = await title.inputValue();
  await title.pressSequentially("Mine");
  await undo();
  await becomes(() => title.inputValue(), given, "what was typed in it comes first");
  await undo();
  await title.waitFor({ state: "detached" });
  await becomes(() => prompt().inputValue(), "kept");
  await becomes(() => page.evaluate(() => document.activeElement?.classList.contains("canvas-root")), true);
  await undo();
  await becomes(() => prompt().inputValue(), "");
});

test("edits made by any means are undone from anywhere, each by one stroke", async () => {
  const { page } = editor;
  await openPanel(page, "library");
  const start = await shown();
  await name().click();
  await name().pressSequentially("portrait");
  await width().fill("640");
  await width().press("Enter");
  await prompt().click();
  await prompt().pressSequentially("a cat");
  await page.locator(".node-title").first().click();
  await page.keyboard.press("F2");
  await page.locator(".node-title-field").fill("Mine");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+d");
  await page.waitForFunction((count) => document.querySelectorAll(".node-title").length > count, start.titles.length);
  /** @type {(() => Promise<unknown>)[]} Where it is pressed: fields, a switch of a panel, the canvas. */
  const places = [
    () => search().focus(), () => prompt().focus(), () => width().focus(),
    () => page.locator(".rail-button").first().focus(), () => focusCanvas(page),
  ];
  for (const go of places) {
    await go();
    await undo();
  }
  await becomes(() => shown(), start);
  for (const go of places) {
    await go();
    await page.keyboard.press("Control+Shift+z");
  }
  const { titles, ...values } = await shown();
  assert.deepEqual(values, { prompt: "a cat", name: "portrait", width: "640" });
  assert.equal(titles.filter((title) => title === "Mine").length, 2);
  for (const go of places.reverse()) {
    await go();
    await undo();
  }
  await becomes(() => shown(), start);
});

test("a search has undo and redo of its own", async () => {
  const { page } = editor;
  await name().fill("stays");
  await search().click();
  await search().pressSequentially("load");
  await undo();
  await becomes(() => search().inputValue(), "");
  await page.keyboard.press("Control+y");
  await becomes(() => search().inputValue(), "load");
  await undo();
  await undo();
  await becomes(() => name().inputValue(), "", "then the graph's undo");
});

test("the browser's own command for undo goes the same way", async () => {
  const { page } = editor;
  await name().fill("first");
  await prompt().click();
  await prompt().pressSequentially("second");
  const session = await page.context().newCDPSession(page);
  await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "F20", commands: ["undo"] });
  await becomes(() => prompt().inputValue(), "");
  await becomes(() => name().inputValue(), "first");
  await undo();
  await becomes(() => name().inputValue(), "");
});

test("what an input method composed is one step, and composing is not disturbed", async () => {
  const { page } = editor;
  const method = await InputMethod.of(page);
  await name().fill("stays");
  await search().focus();
  await method.compose(["n", "ni"]);
  await method.candidateKey("KeyZ");
  await becomes(() => search().inputValue(), "ni");
  await method.commit("你");
  await becomes(() => search().inputValue(), "你");
  await undo();
  await becomes(() => search().inputValue(), "");
  await becomes(() => name().inputValue(), "stays");
  await undo();
  await becomes(() => name().inputValue(), "");
});

test("a node's name in the parameters follows undo", async () => {
  const { page } = editor;
  await page.locator(".node-title").first().click();
  const panel = await openPanel(page, "parameters");
  const title = panel.locator(".parameters-title input");
  await title.fill("Named here");
  await title.press("Enter");
  await page.locator(".node-title", { hasText: "Named here" }).waitFor();
  await undo();
  await page.locator(".node-title", { hasText: "Named here" }).waitFor({ state: "detached" });
  await becomes(() => title.inputValue(), "");
});

test("nothing went wrong on the way", () => assert.deepEqual(editor.errors, []));
