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

const STACK_PYTHON = `
WEB_DIRECTORY = "./web"

class Stack:
    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "testing", "run", (), True

    @classmethod
    def INPUT_TYPES(cls):
        parts = {f"part_{at}": (["a", "b"],) for at in (1, 2, 3)}
        return {"required": {"text": ("STRING", {"multiline": True}), "count": ("INT", {"default": 2, "min": 1, "max": 3}), **parts}}

    def run(self, text, count, **parts):
        return {"ui": {"text": [f"{text} {count}"]}}

NODE_CLASS_MAPPINGS = {"Stack": Stack}
`;

const STACK = `
import { app } from "../../scripts/app.js";
import { ComfyWidgets } from "../../scripts/widgets.js";
app.registerExtension({
  name: "stack.comfy",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (nodeData.name !== "Stack") return;
    nodeType.prototype.onExecuted = function (output) {
      const shown = this.widgets.find(({ name }) => name === "shown")
        ?? ComfyWidgets["STRING"](this, "shown", ["STRING", { multiline: true }], app).widget;
      shown.inputEl.readOnly = true;
      shown.inputEl.style.opacity = 0.6;
      shown.value = output.text[0];
    };
    nodeType.prototype.getExtraMenuOptions = function (_canvas, options) {
      options.unshift({ content: "Say hello", callback: () => { this.title = "hello"; } }, null);
    };
  },
  nodeCreated(node) {
    if (node.comfyClass !== "Stack") return;
    node.addWidget("button", "Shuffle", null, () => {});
    node.addWidget("toggle", "keep", true, () => {});
    node.addWidget("combo", "mood", "calm", () => {}, { values: ["calm", "wild"] });
    node.addWidget("slider", "amount", 0.5, (value) => { node.title = "amount " + value; }, { min: 0, max: 1 });
    node.addWidget("number", "tries", 4, () => {});
    node.addWidget("text", "tag", "x", () => {});
    const count = node.widgets.find(({ name }) => name === "count");
    const update = () => {
      for (const widget of node.widgets.filter(({ name }) => name.startsWith("part_"))) {
        const isUsed = Number(widget.name.at(-1)) <= count.value;
        widget.usedType ??= widget.type;
        widget.type = isUsed ? widget.usedType : "hidden";
        widget.computeSize = isUsed ? undefined : () => [0, -4];
      }
      node.setSize(node.computeSize());
    };
    count.callback = update;
    update();
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
  const stack = join(folder, "custom_nodes/stack/web");
  await mkdir(stack, { recursive: true });
  await writeFile(join(stack, "../__init__.py"), STACK_PYTHON);
  await writeFile(join(stack, "stack.js"), STACK);
  await writeFile(join(folder, "custom_nodes/lacking.py"), "import no_such_module_here\n");
  await writeFile(join(folder, "custom_nodes/half.py"), PYTHON.replaceAll("PackNode", "Shelfless").replace("return {", 'raise LookupError("no shelf"); return {'));
});

test("a pack's badge, button, widget and reaction to a run work on its node, and undo takes them back", async () => {
  const editor = await EditorPage.open(use.browser, use.server);
  const { page } = editor;
  await dropped(page, WORKFLOW);
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

test("controls of a pack stand below the node's rows, rows it hides go and come, and it shows text after a run", async () => {
  const editor = await EditorPage.open(use.browser, use.server);
  const { page } = editor;
  await dropped(page, { 1: { class_type: "Stack", inputs: { text: "fox", count: 2, part_1: "a", part_2: "a", part_3: "b" } } });
  const node = page.locator('.node[data-node="1"]');
  const rows = () => node.locator(".widget-row").evaluateAll((all) => all.map((row) => /** @type {HTMLElement} */ (row).dataset["widget"]));
  await becomes(rows, ["text", "count", "part_1", "part_2"]);
  const added = ["Shuffle", "keep", "mood", "amount", "tries", "tag"];
  for (const [at, name] of added.entries()) await node.locator(".node-extra").nth(at).getByText(name, { exact: true }).waitFor();
  await becomes(() => overlaps(node), []);
  const low = await heightOf(node);
  await count(page, 3);
  await becomes(rows, ["text", "count", "part_1", "part_2", "part_3"]);
  await becomes(() => heightOf(node), low + 28);
  await count(page, 1);
  await becomes(rows, ["text", "count", "part_1"]);
  await becomes(() => heightOf(node), low - 28);
  await node.locator('input[type="range"]').fill("0.25");
  await becomes(() => node.locator(".node-title").textContent(), "amount 0.25");
  await node.locator(".node-title").click({ button: "right" });
  await page.getByRole("menuitem", { name: "stack", exact: true }).click();
  await page.getByRole("menuitem", { name: "Say hello" }).click();
  await becomes(() => node.locator(".node-title").textContent(), "hello");
  await page.locator("#run").click();
  const shown = node.locator(".node-extra textarea");
  await shown.waitFor({ timeout: 60_000 });
  await becomes(() => shown.inputValue(), "fox 1");
  await becomes(() => shown.evaluate((area) => [/** @type {HTMLTextAreaElement} */ (area).readOnly, /** @type {HTMLElement} */ (area).style.opacity]), [true, "0.6"]);
  await becomes(() => overlaps(node), []);
  assert.deepEqual(editor.errors, []);
  await page.close();
});

/** @param {import("playwright-core").Page} page @param {object} workflow */
async function dropped(page, workflow) {
  const drop = await page.evaluateHandle((content) => {
    const data = new DataTransfer();
    data.items.add(new File([JSON.stringify(content)], "pack.json", { type: "application/json" }));
    return data;
  }, workflow);
  await page.dispatchEvent("#canvas", "drop", { dataTransfer: drop });
}

/** @param {import("playwright-core").Page} page @param {number} value of the stack's "count" */
function count(page, value) {
  return page.evaluate((wanted) => {
    const { app } = /** @type {any} */ (globalThis);
    app.graph.getNodeById(1).widgets.find((/** @type {any} */ { name }) => name === "count").value = wanted;
  }, value);
}

/** @param {import("playwright-core").Locator} node at zoom 1 */
function heightOf(node) {
  return node.evaluate((element) => Number.parseFloat(/** @type {HTMLElement} */ (element).style.height));
}

/** Rows and controls that cover one another or stick out of the node. @param {import("playwright-core").Locator} node */
function overlaps(node) {
  return node.evaluate((element) => {
    const whole = element.getBoundingClientRect();
    const boxes = [...element.querySelectorAll(".node-row, .node-extra > *")].map((part) => part.getBoundingClientRect());
    const covered = boxes.filter((box, at) => boxes.slice(at + 1).some((other) => other.top < box.bottom - 0.5 && box.top < other.bottom - 0.5));
    return [...covered, ...boxes.filter(({ bottom }) => bottom > whole.bottom + 0.5)].map(({ top, bottom }) => [top, bottom]);
  });
}

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
