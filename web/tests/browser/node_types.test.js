/** Node types change while the editor is open. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { openWorkflow, toast } from "./shell_page.js";

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
