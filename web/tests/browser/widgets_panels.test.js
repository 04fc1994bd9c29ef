import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { focusCanvas, openEditor, openPanel, widget } from "./editor_page.js";

/** @type {Awaited<ReturnType<typeof openEditor>>} */
let editor;

before(async () => {
  editor = await openEditor();
});
after(() => editor?.close());

/** @param {string} selector @param {number} count */
async function counts(selector, count) {
  await editor.page.waitForFunction(([wanted, number]) => document.querySelectorAll(wanted).length === number,
    /** @type {const} */ ([selector, count]));
}

test("the palette ranks, holds few rows and adds what is picked, one step to undo", async () => {
  const { page } = editor;
  await focusCanvas(page);
  await page.keyboard.press("Tab");
  const palette = page.locator(".palette:popover-open");
  await palette.waitFor();
  await becomes(async () => await palette.locator(".listbox-row").count() <= 30, true);
  await becomes(() => palette.locator("[role=option]").first().getAttribute("aria-setsize"), String(1500 + 9));
  await page.keyboard.type("zoo");
  await becomes(() => palette.locator(".palette-title").first().textContent(), "Widget Zoo");
  await becomes(() => palette.locator(".palette-card").textContent(), /One widget of/);
  await palette.locator(".palette-card strong", { hasText: "every" }).waitFor();
  await page.keyboard.press("Enter");
  await counts(".widget-seed", 3);
  await becomes(() => palette.count(), 0);
  await focusCanvas(page);
  await page.keyboard.press("Control+z");
  await counts(".widget-seed", 2);
});

test("types in the palette are kept to those with a port", async () => {
  const { page } = editor;
  await focusCanvas(page);
  await page.keyboard.press("Tab");
  const palette = page.locator(".palette:popover-open");
  await palette.waitFor();
  await page.keyboard.type("out:CONDITIONING");
  const titles = await palette.locator(".palette-title").allTextContents();
  assert.equal(titles[0], "CLIP Text Encode", "types with the port itself come before those that take anything");
  assert.ok(!titles.includes("Load Image"));
  await page.keyboard.press("Escape");
  await becomes(() => palette.count(), 0);
});

test("the library opens categories by keyboard and explains the marked type", async () => {
  const { page } = editor;
  const panel = await openPanel(page, "library");
  const search = panel.locator(".panel-search");
  await search.focus();
  await page.keyboard.press("ArrowDown");
  const first = panel.locator(".library-category").first();
  await becomes(() => first.getAttribute("aria-expanded"), "false");
  await page.keyboard.press("ArrowRight");
  await becomes(() => panel.locator(".library-category").first().getAttribute("aria-expanded"), "true");
  await page.keyboard.press("ArrowDown");
  await panel.locator(".library-help h2").waitFor();
  await becomes(async () => await panel.locator(".library-list .listbox-row").count() <= 30, true);
});

test("a pack's help page is shown with its pictures, and can do nothing", async () => {
  const { page } = editor;
  const panel = page.locator("#panel-left");
  await panel.locator(".panel-search").fill("Filler 0");
  const help = panel.locator(".help-page");
  await help.locator("h1", { hasText: "Filler" }).waitFor();
  const source = await help.locator("img[alt='A picture']").getAttribute("src");
  assert.match(source ?? "", /\/extensions\/filler\/docs\/Filler0\/filler\.png$/);
  await becomes(() => help.locator("script, style, iframe, form, input, [style], [onclick], [onerror], [id]").count(), 0);
  await becomes(() => help.locator("a[href^=javascript]").count(), 0);
  await becomes(() => page.evaluate(() => "harmed" in window), false);
  // While the page is being cleaned the browser tells what its policy would have blocked.
  const told = editor.errors.splice(0);
  // The page names a picture that is not there, as it would an address that is watched.
  const others = told.filter((message) => !message.includes("Content Security Policy directive") && !message.endsWith("/Filler0/x)"));
  assert.deepEqual(others, []);
});

test("an example of a type is inserted with what it needs, as one step", async () => {
  const { page } = editor;
  const panel = page.locator("#panel-left");
  await panel.locator(".panel-search").fill("CLIP Text Encode");
  await panel.locator(".library-help h2", { hasText: "CLIP Text Encode" }).waitFor();
  await panel.getByRole("button", { name: "Insert example" }).click();
  await page.locator(".widget-row[data-widget=text]").waitFor();
  await focusCanvas(page);
  await page.keyboard.press("Control+z");
  await counts(".widget-row[data-widget=text]", 0);
});

test("a type is dragged from the library to the canvas", async () => {
  const { page } = editor;
  const panel = page.locator("#panel-left");
  await panel.locator(".panel-search").fill("Preview Image");
  const row = panel.locator(".library-type", { hasText: "Preview Image" });
  await row.click();
  await page.locator("#panel-left .panel-search:focus").waitFor(); // a click leaves the keyboard where it is
  await row.dragTo(page.locator("#canvas"), { targetPosition: { x: 900, y: 860 } });
  const node = page.locator(".node-title", { hasText: "Preview Image" });
  await node.waitFor();
  await focusCanvas(page);
  await page.keyboard.press("Control+z");
  await node.waitFor({ state: "detached" });
});

test("parameters of several nodes are set at once, in one step", async () => {
  const { page } = editor;
  await page.keyboard.press("Shift+F");
  await focusCanvas(page);
  await page.keyboard.press("Control+a");
  const panel = await openPanel(page, "parameters");
  await panel.locator("h3", { hasText: "× 2" }).waitFor();
  const width = panel.locator(".widget", { hasText: "width" }).locator("input");
  await width.fill("768");
  await width.press("Enter");
  for (const node of [0, 1]) await becomes(() => widget(page, "width", node).locator("input").inputValue(), "768");
  await focusCanvas(page);
  await page.keyboard.press("Control+z");
  for (const node of [0, 1]) await becomes(() => widget(page, "width", node).locator("input").inputValue(), "512");
});

test("different values are marked as such", async () => {
  const { page } = editor;
  const name = widget(page, "name", 1).locator("input");
  await name.fill("second");
  await focusCanvas(page);
  await page.keyboard.press("Control+a");
  const row = page.locator(".parameters-row.is-mixed");
  await row.waitFor();
  await becomes(() => row.textContent(), /different values/);
});

test("what is typed while the list of finds is still loaded is looked for, and is no shortcut", async () => {
  const { page } = editor;
  /** @type {() => void} */
  let arrive = () => {};
  const arrived = new Promise((resolve) => { arrive = () => resolve(undefined); });
  await page.route("**/find_panel.js*", async (route) => {
    await arrived;
    await route.continue();
  });
  await focusCanvas(page);
  await page.keyboard.press("Control+F");
  await page.keyboard.type("zoo");
  arrive();
  await page.locator(".find-list .find-row").first().waitFor();
  await becomes(() => page.locator(".panel-search.is-find").inputValue(), "zoo");
});

test("a value is found and its node selected", async () => {
  const { page } = editor;
  await focusCanvas(page);
  await page.keyboard.press("Control+f");
  await page.locator(".panel-search.is-find").fill("second");
  await page.locator(".find-row").waitFor();
  await becomes(() => page.locator(".find-place mark").textContent(), "second");
  await page.keyboard.press("Enter");
  const title = page.locator("#panel-right h3").first();
  await page.waitForFunction(() => document.querySelectorAll("#panel-right .parameters-title").length === 1);
  await becomes(() => title.textContent(), "Widget Zoo");
});

test("a setting is found, changed, stored and reset", async () => {
  const { page, server } = editor;
  const panel = await openPanel(page, "settings");
  await panel.locator(".panel-search").fill("weight words");
  const row = panel.locator(".setting");
  await becomes(() => row.count(), 1);
  const field = row.locator("input");
  await field.fill("0.1");
  const stored = page.waitForResponse((response) => response.request().postData()?.includes("WeightStep") ?? false);
  await field.press("Enter");
  await stored;
  assert.equal(server.settings["Tessera.Prompt.WeightStep"], 0.1);
  await row.getByRole("button").click();
  await becomes(() => field.inputValue(), "0.05");
});

test("another language takes an open panel along, and the buttons on the canvas", async () => {
  const { page } = editor;
  await openPanel(page, "library"); // leaves the search of an open one behind
  const panel = await openPanel(page, "settings");
  const language = page.locator('[data-setting="Tessera.Language"] select');
  await language.selectOption('"zh"');
  await panel.getByPlaceholder("搜索设置").waitFor();
  await panel.getByRole("button", { name: "关闭" }).waitFor();
  await page.locator(".canvas-bar").getByTitle("放大").waitFor();
  await language.selectOption('"en"');
  await panel.getByPlaceholder("Search settings").waitFor();
});

test("keys are changed, clashes shown, and the usual keys come back", async () => {
  const { page } = editor;
  const panel = await openPanel(page, "shortcuts");
  const row = panel.locator('[data-command="panel.library"]');
  await row.locator(".shortcut-keys").click();
  await page.keyboard.press("Control+z");
  await panel.locator('[data-command="panel.library"].has-conflict').waitFor();
  await becomes(() => panel.locator('[data-command="graph.undo"]').textContent(), /Also: Nodes/);
  await row.locator(".widget-icon-button").click();
  await becomes(() => row.locator("kbd").textContent(), "L");
  await becomes(() => panel.locator(".has-conflict").count(), 0);
});

test("keys of the browser are shown and cannot be changed; the mouse is explained", async () => {
  const { page } = editor;
  const panel = page.locator("#panel-left"); // open since the test before
  const copy = panel.locator('[data-command="edit.copy"]');
  await becomes(() => copy.locator("kbd").textContent(), "Ctrl+C");
  await becomes(() => copy.locator("button").count(), 0);
  const headings = await panel.locator("h3").allTextContents();
  assert.ok(headings.includes("Colors") && headings.includes("Running"));
  assert.deepEqual(headings.filter((heading) => /^[a-z_.]+$/.test(heading)), [], "no part of a command's id is a heading");
  await panel.locator(".panel-search").fill("middle button");
  await becomes(() => panel.locator(".shortcut").count(), 1);
  await panel.locator(".panel-search").fill("");
});

test("a click in the bars leaves the keys to the canvas; who came by keyboard stays", async () => {
  const { page } = editor;
  const onCanvas = () => page.evaluate(() => document.activeElement === document.querySelector(".canvas-root"));
  await page.locator("#topbar .tab-open").first().click();
  await becomes(() => onCanvas(), true);
  await page.keyboard.press("Shift+Tab");
  await becomes(() => onCanvas(), false);
  await page.locator('.rail-button[data-panel="find"]').click();
  await page.waitForFunction(() => document.activeElement?.matches(".panel-search.is-find"));
});

test("a model is added as its loader with Enter", async () => {
  const { page } = editor;
  const panel = await openPanel(page, "models");
  await panel.locator("select").selectOption("loras");
  await panel.locator(".model-row").waitFor();
  await becomes(() => panel.locator(".model-facts").textContent(), /^144 MB · /);
  await panel.locator(".model-row > span.thumbnail").waitFor(); // a box, where the model has no picture
  await becomes(() => panel.locator(".model-row img").count(), 0);
  await panel.locator(".panel-search").fill("det");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#panel-right h3")?.textContent === "Load LoRA");
});

test("nothing went wrong on the way", () => {
  // A hostile help page is cleaned off the page; the browser still reports what it would have blocked.
  const errors = editor.errors.filter((text) => !/^(Executing|Applying) inline .*Content Security Policy/.test(text));
  assert.deepEqual(errors, []);
});
