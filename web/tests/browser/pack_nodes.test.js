import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, useServer } from "./page.js";

const PYTHON = `
WEB_DIRECTORY = "./web"

class PackNode:
    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "testing", "run", (), True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"steps": ("INT", {"default": 20}), "curve": ("PACK_CURVE", {"default": "low"})}}

    def run(self, steps, curve):
        return {"ui": {"text": [f"{steps} {curve}"]}}

NODE_CLASS_MAPPINGS = {"PackNode": PackNode}
`;

const OURS = `
export const apiVersion = 1;
export function activate(tessera) {
  tessera.widgets.register("PACK_CURVE", (element, { get, set, signal }) => {
    const field = document.createElement("input");
    field.className = "pack-curve";
    field.value = get();
    field.addEventListener("change", () => set(field.value), { signal });
    element.append(field);
    return { update: (value) => { field.value = value; } };
  });
  tessera.badges.add("PackNode", (node) => node.values.steps + " steps");
}
`;

const COMFY = `
import { app } from "../../scripts/app.js";
app.registerExtension({
  name: "pack.comfy",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (nodeData.name !== "PackNode") return;
    nodeType.prototype.onNodeCreated = function () {
      this.addWidget("button", "Double", null, () => {
        const steps = this.widgets.find(({ name }) => name === "steps");
        steps.value = steps.value * 2;
      });
    };
    nodeType.prototype.onExecuted = function (output) { this.title = output.text[0]; };
  },
});
`;

const WORKFLOW = { 1: { class_type: "PackNode", inputs: { steps: 20, curve: "low" } } };

const use = useServer(async (folder) => {
  const web = join(folder, "custom_nodes/pack/web");
  await mkdir(web, { recursive: true });
  await writeFile(join(web, "../__init__.py"), PYTHON);
  await writeFile(join(web, "ours.js"), OURS);
  await writeFile(join(web, "comfy.js"), COMFY);
  await writeFile(join(folder, "custom_nodes/lacking.py"), "import no_such_module_here\n");
  await writeFile(join(folder, "custom_nodes/half.py"), PYTHON.replaceAll("PackNode", "Shelfless").replace("return {", 'raise LookupError("no shelf"); return {'));
});

test("a pack's badge, button, widget and reaction to a run work on its node, and undo takes them back", async () => {
  const editor = await EditorPage.open(use.browser, use.server);
  const { page } = editor;
  const drop = await page.evaluateHandle((workflow) => {
    const data = new DataTransfer();
    data.items.add(new File([JSON.stringify(workflow)], "pack.json", { type: "application/json" }));
    return data;
  }, WORKFLOW);
  await page.dispatchEvent("#canvas", "drop", { dataTransfer: drop });
  const node = page.locator('.node[data-node="1"]');
  await node.locator(".node-pack-badge", { hasText: "20 steps" }).waitFor();
  await node.getByRole("button", { name: "Double" }).click();
  await node.locator(".node-pack-badge", { hasText: "40 steps" }).waitFor();
  await page.locator("#canvas").focus();
  await page.keyboard.press("Control+z");
  await node.locator(".node-pack-badge", { hasText: "20 steps" }).waitFor();
  await node.locator(".pack-curve").fill("high");
  await node.locator(".pack-curve").press("Tab");
  await page.locator("#run").click();
  await node.locator(".node-title", { hasText: "20 high" }).waitFor({ timeout: 60_000 });
  await node.locator(".node-preview .node-text", { hasText: "20 high" }).waitFor();
  assert.deepEqual(editor.errors, []);
  await page.close();
});

test("the pack view says what of a pack failed, why, and what to do", async () => {
  const editor = await EditorPage.open(use.browser, use.server);
  const { page } = editor;
  await page.locator('[data-panel="packs"]').click();
  const lacking = page.locator(".pack.failed", { hasText: "lacking" });
  await lacking.locator("p", { hasText: "It needs the Python module “no_such_module_here”" }).waitFor();
  await becomes(() => lacking.locator("pre").first().textContent(), /python\S* -m pip install no_such_module_here$/);
  await becomes(() => lacking.locator("small").textContent(), "Not loaded");
  await becomes(() => lacking.locator("details pre").isVisible(), false, "the traceback is folded");
  await lacking.locator("summary").click();
  await lacking.locator("details pre", { hasText: "Traceback (most recent call last)" }).waitFor();
  const half = page.locator(".pack.failed", { hasText: "Shelfless" });
  await half.locator("p", { hasText: "Node type “Shelfless” is left out: LookupError: no shelf" }).waitFor();
  await half.locator("small", { hasText: "Node types: 0" }).waitFor();
  assert.deepEqual(editor.errors, []);
  await page.close();
});
