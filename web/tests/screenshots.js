/**
 * Takes pictures of the editor with its real server, to be looked at before a release:
 *
 *     node tests/screenshots.js FOLDER [NAME …]
 *
 * writes start-dark, start-light, empty, running, done, error, gallery, chinese and their like (or
 * those named) as PNG files of 1600 x 900 pixels. Nothing is compared: fonts differ between machines.
 * `done` is the picture in the README.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { EditorPage, launch, Server } from "./browser/page.js";
import { addSlowPack, closePanels, emptyImage, openWorkflow, workflow } from "./browser/shell_page.js";

const SIZE = { width: 1600, height: 900 };
/** Colours of the pictures in the gallery. */
const COLORS = [0x4466aa, 0xaa6644, 0x66aa44, 0xccbb55, 0x884499, 0x33aaaa];

class Album {
  /** @param {string} folder @param {readonly string[]} names @param {Server} server @param {import("playwright-core").Browser} browser */
  constructor(folder, names, server, browser) {
    this.folder = folder;
    this.names = names;
    this.server = server;
    this.browser = browser;
  }

  /**
   * Open the editor, bring it about and take its picture.
   * @param {string} name
   * @param {(editor: EditorPage) => Promise<unknown>} prepare
   * @param {{ locale?: string, theme?: string }} [options]
   */
  async take(name, prepare, { locale = "en-US", theme = "dark" } = {}) {
    if (this.names.length > 0 && !this.names.includes(name)) return;
    await closePanels(this.server.url);
    const settings = { "Tessera.Theme": theme, "Tessera.Language": locale === "zh-CN" ? "zh" : "en" };
    await fetch(`${this.server.url}/settings`, { method: "POST", body: JSON.stringify(settings) });
    const context = await this.browser.newContext({ viewport: SIZE, locale });
    const editor = new EditorPage(await context.newPage());
    editor.page.setDefaultTimeout(180_000);
    try {
      await editor.page.goto(this.server.url);
      await editor.ready();
      await prepare(editor);
      await editor.page.screenshot({ path: join(this.folder, `${name}.png`) });
    } finally {
      await context.close();
    }
  }
}

/** @param {EditorPage} editor @param {string} id */
async function openPanel({ page }, id) {
  await page.locator(`.rail-button[data-panel="${id}"]`).click();
  // Its script, and what it lists, come when it is opened.
  await page.waitForLoadState("networkidle");
}

/** @param {EditorPage} editor */
async function runToEnd(editor) {
  await editor.page.locator("#run").click();
  await editor.node("Save Image").locator(".node-image").waitFor();
}

/** The second prompt of two: nothing is loaded any more. @param {EditorPage} editor */
async function runAgain(editor) {
  const prompt = editor.node("CLIP Text Encode (Prompt)").first().locator("textarea");
  await prompt.fill("a banana");
  await runToEnd(editor);
  await prompt.fill("a red apple");
  await editor.page.locator("#run").click();
  await editor.page.locator(".node[data-run=running]").first().waitFor();
  await editor.page.locator(`.node[data-node="${await editor.node("Save Image").getAttribute("data-node")}"][data-run=done]`).waitFor();
  await editor.page.waitForLoadState("networkidle");
}

/** @param {EditorPage} editor */
async function fillGallery(editor) {
  for (const [at, color] of COLORS.entries()) {
    await openWorkflow(editor.page, workflow(emptyImage(color)), `study ${at + 1}.json`);
    await runToEnd(editor);
  }
  await openPanel(editor, "gallery");
  await editor.page.locator("#panel-left img").nth(COLORS.length - 1).waitFor();
}

/** @param {EditorPage} editor */
async function watchRun(editor) {
  await openPanel(editor, "queue");
  await openWorkflow(editor.page, workflow({ class_type: "Slow", inputs: { seconds: 20 } }), "portrait.json");
  await editor.page.locator("#run").click();
  await editor.page.locator(".node[data-run=running]").waitFor();
}

/** @param {EditorPage} editor */
async function fail(editor) {
  await openWorkflow(editor.page, workflow(emptyImage(), "Fails"), "moon.json");
  await editor.page.locator("#run").click();
  await editor.page.locator(".node[data-run=error]").waitFor();
  await openPanel(editor, "errors");
  await editor.page.locator(".problem").first().waitFor();
}

/** @param {EditorPage} editor */
async function search({ page }) {
  await page.mouse.dblclick(700, 820);
  await page.keyboard.type("image");
  await page.locator(".palette:popover-open .palette-card h2, .palette:popover-open .listbox-row").first().waitFor();
}

/** @param {Album} album */
async function takeAll(album) {
  await album.take("start-dark", async () => {});
  await album.take("start-light", async () => {}, { theme: "light" });
  await album.take("empty", ({ page }) => page.locator("#topbar .tab-bar > .icon-button").click());
  await album.take("running", watchRun);
  await fetch(`${album.server.url}/interrupt`, { method: "POST" });
  await album.take("error", fail);
  await album.take("gallery", fillGallery);
  await album.take("gallery-light", (editor) => openPanel(editor, "gallery"), { theme: "light" });
  for (const panel of ["library", "models", "settings", "shortcuts", "packs"]) {
    await album.take(panel, (editor) => openPanel(editor, panel));
    await album.take(`${panel}-chinese`, (editor) => openPanel(editor, panel), { locale: "zh-CN" });
  }
  await album.take("search", search);
  await album.take("chinese", async (editor) => {
    await openPanel(editor, "parameters");
    await search(editor);
  }, { locale: "zh-CN" });
  await album.take("done", async (editor) => {
    await openPanel(editor, "parameters");
    await runAgain(editor);
    await editor.node("KSampler").locator(".node-title").click();
    await editor.page.mouse.move(600, 850);
  });
  await album.take("chinese-light", (editor) => openPanel(editor, "help"), { locale: "zh-CN", theme: "light" });
}

const [folder, ...names] = process.argv.slice(2);
if (!folder) throw new Error("Say where the pictures go: node tests/screenshots.js FOLDER [NAME …]");
await mkdir(folder, { recursive: true });
const [server, browser] = await Promise.all([Server.start(addSlowPack), launch()]);
try {
  await takeAll(new Album(folder, names, server, browser));
} finally {
  await browser.close();
  await server.stop();
}
