/** Looking at pictures: ten thousand of them, one of them large, and using it again. */

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { closePanels, emptyImage, openWorkflow, tabTitles, toast, workflow } from "./shell_page.js";

const COUNT = 10_000;
/** A transparent GIF of one pixel. */
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

const use = useServer();
/** @type {EditorPage} */
let editor;

beforeEach(async () => {
  await closePanels(use.server.url);
  editor = await EditorPage.open(use.browser, use.server);
  editor.page.setDefaultTimeout(60_000);
});

afterEach(async () => editor.page.close());

/** @param {string} title @param {number} color */
async function makePicture(title, color) {
  const { page } = editor;
  await openWorkflow(page, workflow(emptyImage(color)), `${title}.json`);
  await page.locator("#run").click();
  await page.locator(".node-image").first().waitFor();
}

/** @param {URL} url @returns {object} a page of the made-up history */
function madeUpPage(url) {
  const before = Number(url.searchParams.get("before") ?? COUNT + 1);
  const limit = Math.min(Number(url.searchParams.get("limit")), before - 1);
  const entries = Array.from({ length: limit }, (_, at) => {
    const place = before - 1 - at;
    const file = { node: "9", kind: "images", filename: `${place}.png`, subfolder: "", type: "output" };
    return { id: `job-${place}`, place, label: `run ${place}`, state: "success", finished_ms: 0, seconds: 1, files: [file] };
  });
  const last = before - limit;
  return { entries, next: last > 1 ? last : null };
}

test("of ten thousand pictures only those in view exist", async () => {
  const { page } = editor;
  await page.route("**/api/tessera/gallery?*", (route) => route.fulfill({ json: madeUpPage(new URL(route.request().url())) }));
  await page.route("**/api/tessera/thumbnail?*", (route) => route.fulfill({ contentType: "image/gif", body: PIXEL }));
  await page.locator('[data-panel="gallery"]').click();
  await page.locator(".gallery-tile").first().waitFor();
  const scroller = page.locator("#panel-left .panel-content");
  let most = 0;
  for (let height = 0; ;) {
    most = Math.max(most, await page.locator(".gallery-tile").count());
    const next = await scroller.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
      return element.scrollHeight;
    });
    if (next === height && await page.locator('.gallery-tile[title$="· 1.png"]').count() > 0) break;
    height = next;
    await page.waitForFunction(() => document.querySelectorAll(".gallery-tile").length > 0);
  }
  assert.ok(most < 120, `${most} tiles at once`);
  await page.locator('.gallery-tile[title="run 1 · 1.png"]').waitFor();
});

test("pictures are found by what made them, and appear when they are made", async () => {
  const { page } = editor;
  await makePicture("red", 0xff0000);
  await page.locator('[data-panel="gallery"]').click();
  await page.locator('.gallery-tile[title^="red"]').waitFor();
  await makePicture("green", 0x00ff00);
  await page.locator('.gallery-tile[title^="green"]').waitFor();
  const search = page.locator("#panel-left input[type=search]");
  await search.fill("red");
  await page.locator('.gallery-tile[title^="green"]').waitFor({ state: "detached" });
  await search.fill("EmptyImage SaveImage");
  await page.locator('.gallery-tile[title^="green"]').waitFor();
  await search.fill("no such word");
  await page.locator(".empty", { hasText: "No picture matches." }).waitFor();
});

test("a picture is shown large, zoomed, and the next one follows", async () => {
  const { page } = editor;
  await makePicture("first", 0x0000ff);
  await makePicture("second", 0xffff00);
  await page.locator('[data-panel="gallery"]').click();
  await page.locator('.gallery-tile[title^="second"]').click();
  const picture = page.locator(".zoom-picture");
  await picture.and(page.locator("[style*=scale]")).waitFor();
  const fitted = await picture.getAttribute("style");
  await page.locator(".zoom-area").hover();
  await page.mouse.wheel(0, -400);
  await page.waitForFunction((style) => document.querySelector(".zoom-picture")?.getAttribute("style") !== style, fitted);
  await page.locator(".picture-info dd", { hasText: "second" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.locator(".picture-info dd", { hasText: "first" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".viewer").waitFor({ state: "detached" });
});

test("a double click on a picture opens one viewer", async () => {
  const { page } = editor;
  await makePicture("twice", 0x808000);
  await page.locator('[data-panel="gallery"]').click();
  // Both clicks reach the tile: the viewer is not there before its module is loaded.
  await page.locator('.gallery-tile[title^="twice"]').evaluate((/** @type {HTMLElement} */ tile) => {
    tile.click();
    tile.click();
  });
  await page.locator(".picture-info dd", { hasText: "twice" }).waitFor();
  await becomes(() => page.locator("dialog").count(), 1);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
});

test("a run is forgotten only after a question that says what goes and what stays", async () => {
  const { page } = editor;
  await makePicture("forgettable", 0x118811);
  await page.locator('[data-panel="gallery"]').click();
  const tile = page.locator('.gallery-tile[title^="forgettable"]');
  const files = await readdir(join(use.server.folder, "output"));
  const ask = async () => {
    await tile.click({ button: "right" });
    await page.locator(".menu-item", { hasText: "Forget this run" }).click();
    await page.locator("dialog", { hasText: "All pictures of this run (1) leave the gallery and the history" }).waitFor();
  };
  await ask();
  await page.locator("dialog button", { hasText: "Cancel" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await becomes(() => tile.count(), 1);
  await ask();
  await page.locator("dialog button", { hasText: "Forget" }).click();
  await tile.waitFor({ state: "detached" });
  await becomes(() => readdir(join(use.server.folder, "output")), files);
});

test("a small picture fills the viewer in whole steps, is seen as large as it is, and stays in view", async () => {
  const { page } = editor;
  await makePicture("small", 0x33aa66);
  await page.locator(".node-image").first().dblclick();
  const area = page.locator(".zoom-area"), picture = page.locator(".zoom-picture");
  const width = async () => (await picture.boundingBox())?.width ?? 0;
  await picture.and(page.locator("[style*=scale]")).waitFor();
  const room = await area.boundingBox();
  assert.ok(room);
  await becomes(() => width(), 32 * Math.floor(Math.min(room.width, room.height) / 32));
  await becomes(() => picture.evaluate((image) => image.style.imageRendering), "pixelated");
  await page.keyboard.press("f");
  await becomes(() => width(), 32);
  await page.mouse.move(room.x + 5, room.y + 5);
  for (let turn = 0; turn < 6; turn += 1) {
    const before = await picture.getAttribute("style");
    await page.mouse.wheel(0, -400);
    await page.waitForFunction((style) => document.querySelector(".zoom-picture")?.getAttribute("style") !== style, before);
    const box = await picture.boundingBox();
    assert.ok(box && Math.min(box.x + box.width, room.x + room.width) - Math.max(box.x, room.x) >= 32, "some of it is seen");
    assert.ok(Math.min(box.y + box.height, room.y + room.height) - Math.max(box.y, room.y) >= 32, "some of it is seen");
  }
  await page.keyboard.press("Escape");
  await page.locator(".viewer").waitFor({ state: "detached" });
});

test("a picture opens its workflow in a new tab, and becomes an input", async () => {
  const { page } = editor;
  await makePicture("origin", 0x224466);
  const before = await tabTitles(page);
  await page.locator('[data-panel="gallery"]').click();
  const tile = page.locator('.gallery-tile[title^="origin"]').first();
  await tile.click({ button: "right" });
  await page.locator(".menu-item", { hasText: "Open its workflow" }).click();
  await page.locator(".tab-name", { hasText: "origin" }).nth(1).waitFor();
  await becomes(async () => (await tabTitles(page)).length, before.length + 1);
  await tile.click({ button: "right" });
  await page.locator(".menu-item", { hasText: "Use as input" }).click();
  await toast(page, "is in the input folder").waitFor();
  const loader = page.locator(".node.selected", { hasText: "Load Image" });
  await loader.locator(".widget-choice-text", { hasText: ".png" }).waitFor();
  await becomes(() => loader.locator("[aria-invalid]").count(), 0);
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Escape");
  await page.locator(".node.selected").waitFor({ state: "detached" });
  await tile.click({ button: "right" });
  await page.locator(".menu-item", { hasText: "Use as input" }).click();
  await loader.waitFor();
  await becomes(() => page.locator(".node-title", { hasText: "Load Image" }).count(), 1, "the one there is was meant");
  await becomes(async () => (await readdir(join(use.server.folder, "input"))).filter((name) => name.endsWith(".png")).length, 1);
});

test("a double click on a node's picture shows it, a right click offers to save it", async () => {
  const { page } = editor;
  await makePicture("node", 0x991122);
  await page.locator(".node-image").first().dblclick();
  await page.locator(".viewer-title", { hasText: "1 / 1" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".node-image").first().click({ button: "right" });
  const download = page.waitForEvent("download");
  await page.locator(".menu-item", { hasText: "Save picture" }).click();
  assert.match((await download).suggestedFilename(), /^test_\d+_\.png$/);
});
