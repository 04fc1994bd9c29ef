import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { focusCanvas, openEditor, widget } from "./editor_page.js";

/** @typedef {import("playwright-core").Locator} Locator */

/** @type {Awaited<ReturnType<typeof openEditor>>} */
let editor;

before(async () => {
  editor = await openEditor();
});
after(() => editor?.close());

/** @param {string} name @param {number} [node] */
function valueOf(name, node = 0) {
  return widget(editor.page, name, node).locator("input").first();
}

/** Wait for the text of a field. @param {Locator} field @param {string} text */
async function shows(field, text) {
  const handle = await field.elementHandle();
  await editor.page.waitForFunction(([element, wanted]) => /** @type {HTMLInputElement} */ (element).value === wanted,
    /** @type {const} */ ([handle, text])).catch(() => {}); // the text that stands there says more than the time
  await becomes(() => field.inputValue(), text);
}

async function undo() {
  await focusCanvas(editor.page);
  await editor.page.keyboard.press("Control+z");
}

/** Drag from the middle of an element. @param {Locator} target @param {number} by pixels @param {string} [modifier] */
async function drag(target, by, modifier) {
  const { page } = editor;
  const box = await target.boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  if (modifier) await page.keyboard.down(modifier);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + by, y, { steps: 8 });
  await page.mouse.up();
  if (modifier) await page.keyboard.up(modifier);
}

test("an expression is typed into a number, and is one step to undo", async () => {
  const width = valueOf("width");
  await width.click();
  await width.fill("512*2");
  await width.press("Enter");
  await shows(width, "1024");
  await undo();
  await shows(width, "512");
});

test("a number out of range goes to the limit, and it is said", async () => {
  const width = valueOf("width");
  await width.fill("9");
  await width.press("Enter");
  await shows(width, "16");
  await becomes(() => editor.page.locator(".widget-remark").last().textContent(), "The smallest value here is 16.");
  await undo();
});

test("what is no number is refused in a sentence and goes back when it is left", async () => {
  const width = valueOf("width");
  await width.fill("wide");
  await width.press("Enter");
  await becomes(() => width.getAttribute("aria-invalid"), "true");
  await becomes(() => editor.page.locator(".widget-remark.is-error").last().textContent(), /“wide” is not a number/);
  await focusCanvas(editor.page);
  await shows(width, "512");
});

test("arrow keys step, ten times with Shift, a tenth with Ctrl", async () => {
  const cfg = valueOf("cfg");
  await cfg.focus();
  await cfg.press("ArrowUp");
  await shows(cfg, "8.1");
  await cfg.press("Shift+ArrowUp");
  await shows(cfg, "9.1");
  await cfg.press("Control+ArrowDown");
  await shows(cfg, "9.09");
});

test("dragging a number changes it, moves no node, and is one step to undo", async () => {
  const { page } = editor;
  const before = await page.locator(".widget-seed").first().boundingBox();
  await drag(widget(page, "width"), 41);
  await shows(valueOf("width"), "592");
  await becomes(() => page.locator(".widget-seed").first().boundingBox(), before);
  await undo();
  await shows(valueOf("width"), "512");
});

test("a slider is dragged to a place", async () => {
  const slider = widget(editor.page, "strength");
  const box = await slider.boundingBox();
  assert.ok(box);
  await drag(slider, box.width / 4);
  await becomes(async () => Math.abs(Number(await valueOf("strength").inputValue()) - 0.75) <= 0.03, true);
  await becomes(() => valueOf("strength").getAttribute("role"), "slider");
});

test("the seed's control is chosen from a menu", async () => {
  const { page } = editor;
  const seed = widget(page, "seed");
  const mode = seed.locator(".widget-icon-button.is-kept");
  await becomes(() => mode.getAttribute("aria-label"), "Before each run: keep the seed");
  await mode.click();
  await page.locator("[role^=menuitem]", { hasText: "a new random seed" }).click();
  await becomes(() => mode.getAttribute("aria-label"), "Before each run: a new random seed");
  await undo();
});

test("a new seed is rolled, below 2^50", async () => {
  const seed = widget(editor.page, "seed");
  await seed.hover();
  await seed.getByRole("button", { name: "New random seed" }).click();
  const value = Number(await valueOf("seed").inputValue());
  assert.ok(Number.isInteger(value) && value !== 7 && value <= 2 ** 50);
  await undo();
  await shows(valueOf("seed"), "7");
});

test("a menu is searched by typing on it, and few of its rows are in the page", async () => {
  const { page } = editor;
  const button = widget(page, "mode").locator("button");
  await button.click();
  const rows = page.locator(".choice-menu .listbox-row");
  await becomes(async () => await rows.count() <= 30, true);
  await page.keyboard.press("Escape");
  await button.focus();
  await page.keyboard.press("1");
  await page.keyboard.type("99");
  await page.keyboard.press("Enter");
  await becomes(() => button.textContent(), "mode 199▾");
  await becomes(() => button.evaluate((element) => document.activeElement === element), true);
  await page.keyboard.press("ArrowDown");
  await becomes(() => button.textContent(), "mode 200▾");
});

test("files of a menu have pictures, and none looks broken", async () => {
  const { page } = editor;
  const picture = Buffer.from("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", "base64");
  const ink = "/api/experiment/models/preview/loras/0/style/ink.safetensors?absent=empty";
  await page.route((url) => url.href.endsWith(ink), (route) => route.fulfill({ contentType: "image/gif", body: picture }));
  await widget(page, "lora_name").locator("button").click();
  const menu = page.locator(".choice-menu");
  await menu.locator(".thumbnail.is-empty").first().waitFor();
  await becomes(() => menu.locator("img").evaluateAll((images) => images.map((image) => image.getAttribute("src"))), [ink]);
  await page.keyboard.press("Escape");
});

test("a switch is turned by mouse and by keyboard", async () => {
  const button = widget(editor.page, "enabled").getByRole("switch");
  await button.click();
  await becomes(() => button.getAttribute("aria-checked"), "true");
  await becomes(() => button.textContent(), /yes/);
  await button.press("Space");
  await becomes(() => button.getAttribute("aria-checked"), "false");
});

test("a colour is typed, and stays what it was when it is none", async () => {
  const colour = valueOf("colour");
  await colour.fill("#fff");
  await colour.press("Enter");
  await shows(colour, "#ffffff");
  await colour.fill("reddish");
  await colour.press("Enter");
  await shows(colour, "#ffffff");
});

test("typing a word is one step to undo", async () => {
  const name = valueOf("name");
  await name.click();
  await name.pressSequentially("portrait");
  await undo();
  await shows(name, "");
});

test("embeddings are completed after their sign, and that is a step of its own to undo", async () => {
  const { page } = editor;
  const prompt = widget(page, "prompt").locator("textarea");
  await prompt.click();
  await prompt.pressSequentially("a cat, embedding:ea");
  const menu = page.locator(".completion-menu:popover-open");
  await menu.waitFor();
  await becomes(() => menu.locator(".choice-label").allTextContents(), ["easynegative"]);
  await prompt.press("Enter");
  await becomes(() => prompt.inputValue(), "a cat, embedding:easynegative");
  await becomes(() => menu.count(), 0);
  await prompt.press("Control+z");
  await becomes(() => prompt.inputValue(), "a cat, embedding:ea");
});

test("words of the artist's lists are completed by their Chinese names; Enter stays a new line", async () => {
  const { page } = editor;
  const prompt = widget(page, "prompt").locator("textarea");
  await prompt.fill("");
  await prompt.pressSequentially("blue s");
  const menu = page.locator(".completion-menu:popover-open");
  await menu.waitFor();
  await prompt.press("Enter");
  await becomes(() => prompt.inputValue(), "blue s\n");
  await prompt.fill("");
  await prompt.pressSequentially("蓝天");
  await menu.waitFor();
  await prompt.press("Tab");
  await becomes(() => prompt.inputValue(), "blue sky");
});

test("Escape closes completions and keeps the text", async () => {
  const { page } = editor;
  const prompt = widget(page, "prompt").locator("textarea");
  await prompt.fill("");
  await prompt.pressSequentially("__col");
  await page.locator(".completion-menu:popover-open").waitFor();
  await prompt.press("Escape");
  await becomes(() => page.locator(".completion-menu:popover-open").count(), 0);
  await becomes(() => prompt.inputValue(), "__col");
});

test("Ctrl+Up and Ctrl+Down change the weight of the words at the caret", async () => {
  const prompt = widget(editor.page, "prompt").locator("textarea");
  await prompt.fill("a cat, rain");
  await prompt.press("End");
  await prompt.press("Control+ArrowUp");
  await becomes(() => prompt.inputValue(), "a cat, (rain:1.05)");
  await prompt.press("Control+ArrowUp");
  await becomes(() => prompt.inputValue(), "a cat, (rain:1.1)");
  await prompt.press("Control+ArrowDown");
  await prompt.press("Control+ArrowDown");
  await becomes(() => prompt.inputValue(), "a cat, rain");
});

test("a picture that is dropped on its widget is uploaded and chosen", async () => {
  const { page, server } = editor;
  const target = widget(page, "image");
  const transfer = await page.evaluateHandle(() => {
    const made = new DataTransfer();
    made.items.add(new File([new Uint8Array([1, 2, 3])], "猫.png", { type: "image/png" }));
    return made;
  });
  await target.dispatchEvent("dragover", { dataTransfer: transfer });
  await target.dispatchEvent("drop", { dataTransfer: transfer });
  await page.waitForFunction(() => document.querySelector('.widget-row[data-widget="image"] .widget-choice-text')?.textContent === "猫.png");
  assert.equal(server.posts.filter(({ path }) => path === "/api/upload/image").length, 1);
  const source = await target.locator("img").getAttribute("src");
  assert.equal(new URL(source ?? "", "http://x").searchParams.get("filename"), "猫.png");
});

test("what is no picture is refused in a sentence", async () => {
  const { page, server } = editor;
  const uploads = () => server.posts.filter(({ path }) => path === "/api/upload/image").length;
  const before = uploads();
  const transfer = await page.evaluateHandle(() => {
    const made = new DataTransfer();
    made.items.add(new File(["x"], "notes.txt", { type: "text/plain" }));
    return made;
  });
  await widget(page, "image").dispatchEvent("drop", { dataTransfer: transfer });
  await page.locator(".widget-remark.is-error").last().waitFor();
  assert.equal(uploads(), before);
});

test("nothing went wrong on the way", () => assert.deepEqual(editor.errors, []));
