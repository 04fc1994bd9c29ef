/** Pictures of work in progress, on the node that makes them. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";
import { openWorkflow, workflow } from "./shell_page.js";

/** A node that shows a red picture of what it makes until it is stopped. */
const PACK = `
import time

import torch
from PIL import Image

import comfy.model_management
import comfy.utils


class Paints:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    CATEGORY = "test"

    def work(self):
        bar = comfy.utils.ProgressBar(6000)
        for step in range(6000):
            comfy.model_management.throw_exception_if_processing_interrupted()
            bar.update_absolute(step, 6000, ("JPEG", Image.new("RGB", (16, 16), (255, 0, 0)), 64))
            time.sleep(0.02)
        return (torch.zeros(1, 16, 16, 3),)


NODE_CLASS_MAPPINGS = {"Paints": Paints}
`;

const use = useServer(async (folder) => {
  await mkdir(join(folder, "custom_nodes"), { recursive: true });
  await writeFile(join(folder, "custom_nodes", "paints.py"), PACK);
});

afterEach(() => fetch(`${use.server.url}/interrupt`, { method: "POST" }));

/** An editor in which the node runs and tells how far it is. */
async function running() {
  const editor = await EditorPage.open(use.browser, use.server);
  editor.page.setDefaultTimeout(60_000);
  await openWorkflow(editor.page, workflow({ class_type: "Paints", inputs: {} }));
  await editor.page.locator("#run").click();
  const node = editor.node("Paints");
  await node.locator(".node-badge", { hasText: /^\d+\/6000$/ }).waitFor();
  return { page: editor.page, node };
}

test("a node shows what it is making while it runs, and no more when it is stopped", async () => {
  const { page } = await running();
  const picture = page.locator(".node-image[src^='blob:']");
  await picture.first().waitFor();
  const color = await picture.first().evaluate((image) => {
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d"));
    context.drawImage(/** @type {HTMLImageElement} */ (image), 0, 0);
    return [...context.getImageData(0, 0, 1, 1).data];
  });
  const [red = 0, green = 255, blue = 255] = color;
  assert.ok(red > 240 && green < 16 && blue < 16, `${color}`);
  await page.locator(".stop-button").click();
  await picture.first().waitFor({ state: "detached" });
  await page.close();
});

test("who sets previews off gets none", async () => {
  await fetch(`${use.server.url}/settings`, { method: "POST", body: JSON.stringify({ "Tessera.Run.Previews": false }) });
  const { page, node } = await running();
  await page.evaluate(() => {
    const create = URL.createObjectURL;
    URL.createObjectURL = (object) => {
      document.documentElement.dataset["made"] = "yes";
      return create(object);
    };
  });
  await node.locator(".node-badge", { hasText: /^\d{3,}\/6000$/ }).waitFor();
  await becomes(() => page.locator("html[data-made]").count(), 0);
  await becomes(() => page.locator(".node-image").count(), 0);
  await page.close();
});
