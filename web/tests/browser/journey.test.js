/** A whole piece of work by mouse and keyboard: from an empty canvas to a picture and back. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { EditorPage, launch, Server } from "./page.js";
import { dropFile, shortcut } from "./shell_page.js";

/** @import { Browser, Locator, Page } from "playwright-core" */
/** @typedef {{ x: number, y: number }} Point */

/** More than the edits of the journey; an undo too many does nothing. */
const ALL_STEPS = 20;

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {EditorPage} */
let editor;
/** @type {Page} */
let page;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
  editor = await EditorPage.open(browser, server);
  ({ page } = editor);
  page.setDefaultTimeout(60_000);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Save under a new name. @param {string} name */
async function saveAs(name) {
  await shortcut(page, "Shift+S");
  await page.locator("dialog input").fill(name);
  await page.keyboard.press("Enter");
  await page.locator(".tab.active:not(.dirty) .tab-name", { hasText: name }).waitFor();
  return saved(name);
}

/** Save once more. @param {string} name */
async function save(name) {
  await shortcut(page, "S");
  await page.locator(".tab.active:not(.dirty)").waitFor();
  return saved(name);
}

/** @param {string} name @returns {Promise<string>} what the server's workflow folder has under it */
function saved(name) {
  return readFile(join(server.folder, "user/default/workflows", `${name}.json`), "utf8");
}

/** Take what the open palette finds first. @param {string} search @param {string} title */
async function pick(search, title) {
  const palette = page.locator(".palette:popover-open");
  await palette.waitFor();
  await page.keyboard.type(search);
  await palette.locator(".listbox-row").first().filter({ hasText: title }).waitFor();
  await page.keyboard.press("Enter");
  await palette.waitFor({ state: "detached" });
  await editor.node(title).waitFor();
}

/** @param {Locator} locator @returns {Promise<Point>} */
async function middle(locator) {
  const box = await locator.boundingBox();
  assert.ok(box, "the element is not in the page");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** @param {string} title @param {string} key @param {"in" | "out"} side */
function port(title, key, side) {
  return editor.node(title).locator(`.socket[data-port="${key}"][data-side="${side}"]`);
}

/** Drag a wire from an output. @param {Locator} from @param {Point} to */
async function drag(from, to) {
  const start = await middle(from);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move((start.x + to.x) / 2, (start.y + to.y) / 2, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
}

/** Type a value into a field of a node. @param {string} title @param {string} input @param {string} text */
async function type(title, input, text) {
  const field = editor.node(title).locator(`[data-widget="${input}"] input`).first();
  await field.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
  await page.locator(".canvas-root").focus();
}

async function build() {
  await page.mouse.dblclick(160, 180);
  await pick("empty im", "EmptyImage");
  await page.locator(".canvas-root").focus();
  await page.mouse.move(940, 180);
  await page.keyboard.press("Tab");
  await pick("save image", "Save Image");
  await page.mouse.move(160, 520);
  await page.keyboard.press("Space");
  await pick("invert im", "Invert Image");
  await drag(port("EmptyImage", "IMAGE", "out"), await middle(port("Invert Image", "image", "in")));
  await drag(port("Invert Image", "IMAGE", "out"), { x: 540, y: 520 });
  await page.locator(".palette-filter", { hasText: "IMAGE" }).waitFor();
  await pick("upscale image by", "Upscale Image By");
  await drag(port("Upscale Image By", "IMAGE", "out"), await middle(port("Save Image", "images", "in")));
  await type("EmptyImage", "width", "64*2");
  await type("EmptyImage", "height", "16 + 80");
  await type("Upscale Image By", "scale_by", "0.5");
  await type("Save Image", "filename_prefix", "journey");
}

/** @returns {Promise<{ filename: string, size: number[], corner: number[] }>} of the picture on the node */
async function pictureOn(/** @type {string} */ title) {
  const image = editor.node(title).locator("img.node-image");
  await image.waitFor();
  return image.evaluate(async (/** @type {HTMLImageElement} */ element) => {
    await element.decode();
    const canvas = new OffscreenCanvas(element.naturalWidth, element.naturalHeight);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(element, 0, 0);
    const filename = new URL(element.src).searchParams.get("filename") ?? "";
    return { filename, size: [canvas.width, canvas.height], corner: [...context.getImageData(0, 0, 1, 1).data] };
  });
}

test("a graph is built, run, found again in its picture, undone to nothing and done again", async () => {
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Alt+N");
  await page.locator(".tab.active .tab-name", { hasText: "Untitled" }).waitFor();
  const empty = await saveAs("journey");
  assert.deepEqual(JSON.parse(empty).nodes, []);
  await build();
  const built = await save("journey");
  assert.equal(JSON.parse(built).links.length, 3);

  await page.keyboard.press("Control+Enter");
  const picture = await pictureOn("Save Image");
  assert.deepEqual(picture.size, [64, 48]);
  assert.deepEqual(picture.corner, [255, 255, 255, 255], "black, inverted");

  const answer = await fetch(`${server.url}/view?type=output&filename=${picture.filename}`);
  await dropFile(page, { name: "again.png", type: "image/png", content: Buffer.from(await answer.arrayBuffer()) });
  await page.locator(".tab.active .tab-name", { hasText: "again" }).waitFor();
  assert.equal(await saveAs("found again"), built);

  await page.locator(".tab-open", { hasText: "journey" }).click();
  for (let step = 0; step < ALL_STEPS; step += 1) await shortcut(page, "Z");
  await page.locator(".node").first().waitFor({ state: "detached" });
  assert.equal(await save("journey"), empty);
  for (let step = 0; step < ALL_STEPS; step += 1) await shortcut(page, "Shift+Z");
  assert.equal(await save("journey"), built);
  assert.deepEqual(editor.errors, []);
});
