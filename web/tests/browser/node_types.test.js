/** Node types change while the editor is open. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { dropFile, openWorkflow, toast } from "./shell_page.js";

/** @import { Page } from "playwright-core" */

const PACK = `
class Tinted:
    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"tint": ("STRING", {"default": "red"})}}

    def run(self, tint):
        return ()

NODE_CLASS_MAPPINGS = {"Tinted": Tinted}
NODE_REPLACEMENTS = {"Coloured": {"to": "Tinted", "inputs": {"colour": "tint"}}}
`;

const use = useServer(async (folder) => {
  await mkdir(join(folder, "custom_nodes"), { recursive: true });
  await writeFile(join(folder, "custom_nodes", "tinted.py"), PACK);
});

/** @returns {Promise<Page>} the editor as it opens */
async function openEditor() {
  const { page } = new EditorPage(await use.browser.newPage({ locale: "en-US" }));
  page.setDefaultTimeout(60_000);
  await page.goto(use.server.url);
  await page.locator("#topbar .tab-open").first().waitFor();
  return page;
}

test("an old type is replaced on opening, said and undone; R asks for the types again", async () => {
  const page = await openEditor();
  await openWorkflow(page, {
    1: { class_type: "Coloured", inputs: { colour: "green" } },
    2: { class_type: "NotInstalled", inputs: { model_name: "fresh.safetensors" } },
  });
  await toast(page, "Coloured → Tinted").waitFor();
  await page.locator("dialog .primary").click();
  await page.locator(".node", { hasText: "Tinted" }).waitFor();
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Control+z");
  await page.locator(".node", { hasText: "Coloured" }).waitFor();
  const answer = page.waitForResponse((response) => response.url().endsWith("/api/object_info"));
  await page.keyboard.press("r");
  assert.equal((await answer).ok(), true);
});

test("files that came since are in the menus after R, and no value is called missing that is there now", async () => {
  const page = await openEditor();
  await openWorkflow(page, {
    1: { class_type: "LoadImage", inputs: { image: "" } },
    2: { class_type: "VAELoader", inputs: { vae_name: "fresh-vae.safetensors" } },
  }, "menus.json");
  await page.locator("dialog", { hasText: "fresh-vae.safetensors" }).waitFor();
  await page.keyboard.press("Escape");
  const vae = page.locator(".widget-choice", { hasText: "fresh-vae.safetensors" });
  await vae.and(page.locator("[aria-invalid]")).waitFor();
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await writeFile(join(use.server.folder, "input", "fresh-picture.png"), "no picture yet");
  const folder = join(use.server.folder, "models", "vae");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "fresh-vae.safetensors"), Buffer.alloc(16));
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("r");
  await toast(page, "Node types and model lists are up to date").waitFor();
  await vae.and(page.locator(":not([aria-invalid])")).waitFor();
  await page.locator(".node", { hasText: "Load Image" }).locator(".widget-choice").click();
  await page.keyboard.type("fresh-pic");
  await page.locator(".listbox-row", { hasText: "fresh-picture.png" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".widget-choice", { hasText: "fresh-picture.png" }).waitFor();
  await becomes(() => page.evaluate(() => "sameDocument" in window), true);
});

test("a workflow dropped before the node types are known waits for them, and keeps every value", async () => {
  const { page } = new EditorPage(await use.browser.newPage({ locale: "en-US" }));
  page.setDefaultTimeout(60_000);
  /** @type {() => void} */
  let answer = () => {};
  const known = new Promise((resolve) => { answer = () => resolve(undefined); });
  await page.route("**/api/object_info", async (route) => {
    await known;
    await route.continue();
  });
  await page.goto(use.server.url);
  await page.locator(".start-note").waitFor();
  await becomes(() => page.locator(".canvas-empty").isVisible(), false, "nothing invites to work yet");
  const nodes = [
    { id: 1, type: "EmptyImage", pos: [0, 0], size: [300, 200], widgets_values: [48, 40, 3, 255], outputs: [{ name: "IMAGE", type: "IMAGE", links: [] }] },
    { id: 2, type: "Note", pos: [400, 0], size: [300, 200], widgets_values: ["mind the gap"] },
  ];
  await dropFile(page, { name: "early.json", content: JSON.stringify({ version: 0.4, nodes, links: [], groups: [] }) });
  await toast(page, "“early.json” is opened as soon as the node types are loaded.").waitFor();
  answer();
  await page.locator(".tab.active .tab-name", { hasText: "early" }).waitFor();
  await page.locator(".node-note", { hasText: "mind the gap" }).waitFor();
  const values = page.locator(".node", { hasText: "EmptyImage" }).locator("input");
  await becomes(() => values.evaluateAll((fields) => fields.slice(0, 3).map((field) => /** @type {HTMLInputElement} */ (field).value)), ["48", "40", "3"]);
  await becomes(() => page.locator("dialog").count(), 0, "nothing is missing");
  await page.close();
});
