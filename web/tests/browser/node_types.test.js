/** Node types change while the editor is open. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { EditorPage, launch, Server } from "./page.js";
import { openWorkflow, toast } from "./shell_page.js";

/** @import { Browser } from "playwright-core" */

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

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;

before(async () => {
  [server, browser] = await Promise.all([
    Server.start(async (folder) => {
      await mkdir(join(folder, "custom_nodes"), { recursive: true });
      await writeFile(join(folder, "custom_nodes", "tinted.py"), PACK);
    }),
    launch(),
  ]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("an old type is replaced on opening, said and undone; R asks for the types again", async () => {
  const { page } = new EditorPage(await browser.newPage({ locale: "en-US" }));
  page.setDefaultTimeout(60_000);
  await page.goto(server.url);
  await page.locator("#topbar .tab-open").first().waitFor();
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
