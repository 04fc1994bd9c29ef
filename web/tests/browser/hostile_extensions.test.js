/** Packs whose scripts misbehave beside packs whose scripts work, in the real editor. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, launch, Server } from "./page.js";
import { emptyImage, keepToasts, keptToasts, openWorkflow, toast, workflow } from "./shell_page.js";

/** @import { Browser, Page } from "playwright-core" */

const WILD = {
  "throws.js": `throw new Error("<b>it fell over</b>");`,
  "activates_badly.js": `export const activate = () => { throw { toString() { throw new Error("no text"); } }; };`,
  "hangs.js": `await new Promise(() => {});`,
  "patches.js": `
    Array.prototype.map = () => [];
    Object.prototype.surprise = 1;
    JSON.stringify = () => "{}";
    String.prototype.trim = function () { throw new Error("patched"); };`,
  "too_new.js": `export const apiVersion = 99; export const activate = () => {};`,
  "waits.js": `
    import { app } from "../../scripts/app.js";
    app.registerExtension({ name: "wild.waits", setup: () => new Promise(() => {}), getCustomWidgets: () => new Promise(() => {}) });`,
  "rejects.js": `
    import { app } from "../../scripts/app.js";
    app.registerExtension({ name: "wild", async setup() { throw new Error("setup went wrong"); }, nodeCreated() { throw new Error("node went wrong"); } });`,
};

const GOOD = {
  "native.js": `
    export const apiVersion = 1;
    export function activate(tessera) {
      tessera.panels.add({ id: "notes", title: "Good notes", mount: (element) => { element.textContent = "the panel of a good pack"; } });
      tessera.commands.add({ id: "hello", title: "Say hello", keys: ["Alt+J"], run: () => tessera.toast("info", "hello " + tessera.nodes.list().length) });
      tessera.widgets.register("GOOD_WORDS", (element, { get, set, signal }) => {
        const input = document.createElement("input");
        input.className = "good-words";
        input.value = String(get());
        input.addEventListener("change", () => set(input.value), { signal });
        element.append(input);
        return { update: (value) => { input.value = String(value); } };
      });
    }`,
  "comfy.js": `
    import { app } from "../../scripts/app.js";
    import { api } from "../../scripts/api.js";
    app.registerExtension({
      name: "good.comfy",
      async setup() { await api.fetchApi("/system_stats"); document.body.dataset.good = "set up"; },
      nodeCreated(node) { if (node.comfyClass === "GoodWords") node.widgets[0].value = "from a script"; },
    });`,
};

const GOOD_NODE = `
class GoodWords:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"words": ("STRING", {"default": "none", "widgetType": "GOOD_WORDS"})}}

    RETURN_TYPES = ("STRING",)
    FUNCTION = "work"
    CATEGORY = "test"

    def work(self, words):
        return (words,)


NODE_CLASS_MAPPINGS = {"GoodWords": GoodWords}
`;

/** @param {string} base @param {string} name @param {{ [file: string]: string }} scripts @param {string} python */
async function addPack(base, name, scripts, python) {
  const folder = join(base, "custom_nodes", name);
  await mkdir(join(folder, "web"), { recursive: true });
  await writeFile(join(folder, "__init__.py"), `${python}\nWEB_DIRECTORY = "./web"\n`);
  for (const [file, text] of Object.entries(scripts)) await writeFile(join(folder, "web", file), text);
}

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {Page} */
let page;
/** @type {EditorPage} */
let editor;

before(async () => {
  const prepare = async (/** @type {string} */ base) => {
    await addPack(base, "wild", WILD, "NODE_CLASS_MAPPINGS = {}");
    await addPack(base, "good", GOOD, GOOD_NODE);
  };
  [server, browser] = await Promise.all([Server.start(prepare), launch()]);
  editor = new EditorPage(await browser.newPage({ viewport: { width: 1280, height: 800 } }));
  ({ page } = editor);
  page.setDefaultTimeout(60_000);
  await keepToasts(page);
  await page.goto(server.url);
  await editor.ready();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("what scripts changed of the language is taken back and named", async () => {
  await becomes(async () => (await keptToasts(page)).join("\n"), /Array\.prototype\.map/);
  const language = await page.evaluate(() => [[1, 2].map((n) => 2 * n), "surprise" in {}, JSON.stringify([1]), " a ".trim()]);
  assert.deepEqual(language, [[2, 4], false, "[1]", "a"]);
});

test("the pack view names each script that failed, and why, as text", async () => {
  await page.locator('[data-panel="packs"]').click();
  const reasons = {
    "throws.js": "<b>it fell over</b>", "activates_badly.js": "an error that has no text",
    "hangs.js": "longer than 5 s", "too_new.js": "version 99",
  };
  for (const [script, reason] of Object.entries(reasons)) {
    const card = page.locator(".pack.failed", { hasText: script });
    await card.locator("pre", { hasText: reason }).waitFor();
  }
  for (const script of Object.keys(GOOD)) await page.locator(".pack:not(.failed)", { hasText: script }).waitFor();
  await becomes(() => page.locator(".pack b").count(), 0);
});

test("scripts that work do so beside those that fail", async () => {
  await page.locator('body[data-good="set up"]').waitFor();
  await page.locator('[data-panel="good.notes"]').click();
  await page.getByText("the panel of a good pack").waitFor();
  await openWorkflow(page, { 1: { class_type: "GoodWords", inputs: { words: "typed" } } }, "words.json");
  const words = page.locator("input.good-words");
  await words.fill("own words");
  await words.press("Enter");
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Alt+J");
  await toast(page, "good: hello 1").waitFor();
  await page.keyboard.press("Control+Z");
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector("input.good-words")).value !== "own words");
});

test("the editor runs, edits and undoes as if nothing had happened", async () => {
  await openWorkflow(page, workflow(emptyImage(0x0a0b0c)), "usable.json");
  await page.locator("#run").click();
  await editor.node("Save Image").locator(".node-image").waitFor();
  await editor.node("EmptyImage").locator(".node-title").click();
  await page.keyboard.press("Delete");
  await editor.node("EmptyImage").waitFor({ state: "detached" });
  await page.keyboard.press("Control+Z");
  await editor.node("EmptyImage").waitFor();
});
