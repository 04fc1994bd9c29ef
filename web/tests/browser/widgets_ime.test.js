import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { focusCanvas, InputMethod, openEditor, openPanel, standing, widget } from "./editor_page.js";

/** @typedef {import("playwright-core").Locator} Locator */

/** @type {Awaited<ReturnType<typeof openEditor>>} */
let editor;
/** @type {InputMethod} */
let method;

before(async () => {
  editor = await openEditor({ locale: "zh-CN" });
  method = await InputMethod.of(editor.page);
});
after(() => editor?.close());

/** Letters that are commands on the canvas: n, i, h, a, o; and keys that choose a candidate. */
const STEPS = ["n", "ni", "ni h", "ni ha", "ni hao"];

/**
 * Compose 你好 in a field and check that nothing else heard of it.
 * @param {Locator} field
 */
async function composeIn(field) {
  const { page } = editor;
  await field.fill("");
  await field.focus();
  const before = await standing(page);
  await method.compose(STEPS);
  await becomes(() => field.inputValue(), "ni hao", "the composed text is in the field");
  for (const key of ["ArrowDown", "Enter", "Escape", "Tab", "Delete"]) await method.candidateKey(key);
  await becomes(() => field.evaluate((element) => document.activeElement === element), true, "the field keeps the focus");
  await becomes(() => field.inputValue(), "ni hao");
  await method.commit("你好");
  await becomes(() => field.inputValue(), "你好");
  await becomes(() => standing(page), before, "no command ran");
}

/** @type {readonly [input: string, selector: string][]} */
const WIDGETS = [["name", "input"], ["prompt", "textarea"]];
for (const [input, selector] of WIDGETS) {
  test(`Chinese is composed in the widget "${input}", and kept when it is left`, async () => {
    const field = widget(editor.page, input).locator(selector);
    await composeIn(field);
    await field.blur();
    await becomes(() => field.inputValue(), "你好");
    await focusCanvas(editor.page);
    await editor.page.keyboard.press("Control+z");
    await editor.page.waitForFunction((name) => {
      const found = document.querySelector(`.widget-row[data-widget="${name}"] :is(input, textarea)`);
      return found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement ? found.value === "" : false;
    }, input);
  });
}

test("undo from elsewhere never writes into a text that is being composed", async () => {
  const { page } = editor;
  const field = widget(page, "prompt").locator("textarea");
  await field.fill("");
  await field.focus();
  await method.compose(["n", "ni"]);
  // Another panel shows the same value; a change there must not disturb the composition here.
  await page.evaluate(() => {
    const shared = /** @type {HTMLInputElement} */ (document.querySelector('.widget-row[data-widget="name"] input'));
    shared.value = "other";
    shared.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  await becomes(() => field.inputValue(), "ni");
  await method.commit("你");
  await becomes(() => field.inputValue(), "你");
});

test("full-width digits are composed in a number field and read as a number", async () => {
  const field = widget(editor.page, "width").locator("input");
  await field.focus();
  await field.fill("");
  const before = await standing(editor.page);
  await method.compose(["５", "５１", "５１２×２"]);
  await method.candidateKey("Enter");
  await becomes(() => field.inputValue(), "５１２×２", "Enter of the input method does not end the entry");
  await method.commit("５１２×２");
  await field.press("Enter");
  await becomes(() => field.inputValue(), "1024");
  await becomes(() => standing(editor.page), before);
});

test("Chinese is composed in the search of a menu, which stays open", async () => {
  await widget(editor.page, "mode").locator("button").click();
  const search = editor.page.locator(".choice-search");
  await composeIn(search);
  await becomes(() => editor.page.locator(".choice-menu:popover-open").count(), 1);
  await editor.page.keyboard.press("Escape");
});

test("Chinese is composed in the palette, which stays open and searches for it", async () => {
  await focusCanvas(editor.page);
  await editor.page.keyboard.press("Tab");
  await composeIn(editor.page.locator(".palette-input"));
  await becomes(() => editor.page.locator(".palette:popover-open").count(), 1);
  await editor.page.keyboard.press("Escape");
});

test("Chinese is composed in a colour field and refused in a sentence", async () => {
  const field = widget(editor.page, "colour").locator("input[type=text]");
  await composeIn(field);
  await field.press("Enter");
  await becomes(() => field.inputValue(), "#4a7a9a");
});

for (const panel of ["library", "models", "find", "settings", "shortcuts"]) {
  test(`Chinese is composed in the search of the panel "${panel}"`, async () => {
    const place = await openPanel(editor.page, panel);
    await composeIn(place.locator(".panel-search").first());
    await becomes(() => place.locator(".panel-search").first().isVisible(), true);
  });
}

test("Chinese is composed in the title and the texts of the parameter panel", async () => {
  const { page } = editor;
  await page.locator(".node-header, .node header, [class*=node-title]").first().click();
  const place = await openPanel(page, "parameters");
  await composeIn(place.locator(".parameters-title input"));
  await composeIn(place.locator("textarea").first());
  await becomes(() => widget(page, "prompt").locator("textarea").inputValue(), "你好");
});

test("nothing went wrong on the way", () => assert.deepEqual(editor.errors, []));
