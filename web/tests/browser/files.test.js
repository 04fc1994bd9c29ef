/** Opening and saving. */

import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { dropFile, emptyImage, journals, openWorkflow, removeNode, saveAs, shortcut, tabTitles, toast, until, workflow } from "./shell_page.js";
import { useTabs } from "./tabs.js";

const tabs = useTabs();

test("a workflow is saved to the server's folder and opens from its list", async () => {
  const { page } = tabs.editor;
  await saveAs(tabs.editor, "portraits/first");
  const saved = JSON.parse(await readFile(join(tabs.server.folder, "user/default/workflows/portraits/first.json"), "utf8"));
  assert.ok(saved.nodes.length > 0);
  await page.locator('.tab.active .tab-close').click();
  await page.locator('[data-panel="workflows"]').click();
  await page.locator(".file-row", { hasText: "portraits/first" }).click();
  await page.locator(".tab.active .tab-name", { hasText: "first" }).waitFor();
  await becomes(() => page.locator(".tab.active.dirty").count(), 0);
});

test("a double click on a row opens what it names once", async () => {
  const { page } = tabs.editor;
  await saveAs(tabs.editor, "twice");
  await page.locator('.tab.active .tab-close').click();
  await page.locator('[data-panel="workflows"]').click();
  /** @type {string[]} */
  const asked = [];
  page.on("request", (request) => void (/(twice|mosaic)\.json$/.test(request.url()) && asked.push(request.url())));
  await page.locator(".file-row", { hasText: "twice" }).dblclick();
  await page.locator(".tab.active .tab-name", { hasText: "twice" }).waitFor();
  await page.locator(".file-row", { hasText: "Mosaic" }).dblclick();
  await page.locator(".tab.active .tab-name", { hasText: "Mosaic" }).waitFor();
  assert.equal(asked.length, 2, asked.join());
  await becomes(async () => (await tabTitles(page)).filter((title) => title === "twice" || title === "Mosaic").length, 2);
});

test("examples in folders stand under the folder's name and open", async () => {
  const { page } = tabs.editor;
  await page.locator('[data-panel="workflows"]').click();
  const training = page.locator("#panel-left section", { hasText: "Examples: Training" });
  await becomes(() => training.locator(".file-row span").allTextContents(), ["Train the starter model", "Train a VQGAN on a folder"]);
  await page.locator("#panel-left input[type=search]").fill("training");
  await page.locator(".file-row", { hasText: "Train a VQGAN" }).click();
  await page.locator(".tab.active .tab-name", { hasText: "Train a VQGAN on a folder" }).waitFor();
  await page.locator(".node-title", { hasText: "Train VQ Autoencoder" }).waitFor();
});

test("a file that was changed elsewhere is not overwritten without asking", async () => {
  const { page } = tabs.editor;
  await saveAs(tabs.editor, "shared");
  const path = join(tabs.server.folder, "user/default/workflows/shared.json");
  await writeFile(path, '{"nodes":[],"links":[],"version":0.4}');
  await removeNode(tabs.editor, "Save Image");
  await shortcut(page, "S");
  await page.locator("dialog", { hasText: "changed or removed since you opened it" }).waitFor();
  await page.keyboard.press("Escape");
  await becomes(async () => JSON.parse(await readFile(path, "utf8")).nodes.length, 0);
  await page.locator(".tab.active.dirty").waitFor();
});

test("a name that is taken asks first", async () => {
  const { page } = tabs.editor;
  await saveAs(tabs.editor, "taken");
  await page.locator("#topbar .tab-bar > .icon-button").click();
  await shortcut(page, "Shift+S");
  await page.locator("dialog input").fill("taken");
  await page.keyboard.press("Enter");
  await page.locator("dialog", { hasText: "exists already" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await becomes(() => tabTitles(page), ["taken", "Untitled"]);
});

test("two browser tabs on one file: the second works on a copy, and says so", async () => {
  await saveAs(tabs.editor, "once");
  const other = await tabs.open();
  await other.page.locator('[data-panel="workflows"]').click();
  await other.page.locator(".file-row", { hasText: "once" }).click();
  await toast(other.page, "open in another tab").waitFor();
  await other.page.locator(".tab.active .tab-name", { hasText: "once (copy)" }).waitFor();
});

test("a seed of another program keeps every digit: shown, edited, sent, reloaded and saved", async () => {
  const { page } = tabs.editor;
  const nodes = { 1: { class_type: "KSampler", inputs: { seed: "SEED" } } };
  await dropFile(page, { name: "far.json", content: JSON.stringify(nodes).replace('"SEED"', "18446744073709551614") });
  const seed = page.locator('.widget-row[data-widget="seed"] input').first();
  await until(async () => (await seed.inputValue()) === "18446744073709551614");
  await seed.fill("18446744073709551615");
  await seed.press("Enter");
  const journal = await until(async () => (await journals(tabs.server)).find(({ title }) => title === "far"));
  const drafted = () => fetch(`${tabs.server.url}/api/tessera/journal/${journal.id}`).then((answer) => answer.text());
  await until(async () => /"seed": ?18446744073709551615/.test(await drafted()));
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/api/prompt"));
  await shortcut(page, "Enter");
  assert.match((await sent).postData() ?? "", /"seed":18446744073709551615/);
  await page.reload();
  await tabs.editor.ready();
  await seed.waitFor();
  await becomes(() => seed.inputValue(), "18446744073709551615");
  await saveAs(tabs.editor, "far");
  const saved = await readFile(join(tabs.server.folder, "user/default/workflows/far.json"), "utf8");
  assert.match(saved, /\n\s*18446744073709551615,/);
});

test("a picture opens its workflow in a new tab, and goes to a node that loads pictures", async () => {
  const { page } = tabs.editor;
  const [first] = await tabTitles(page);
  await openWorkflow(page, workflow(emptyImage(0x336699)), "small.json");
  await page.locator("#run").click();
  await page.locator(".node-image").first().waitFor();
  const [name] = await readdir(join(tabs.server.folder, "output"));
  const content = await readFile(join(tabs.server.folder, "output", name ?? ""));
  await dropFile(page, { name: "shot.png", type: "image/png", content });
  await page.locator(".tab.active .tab-name", { hasText: "shot" }).waitFor();
  await becomes(() => tabTitles(page), [first, "small", "shot"]);
  await becomes(() => page.locator(".node").count(), 2);
  const loader = { 1: { class_type: "LoadImage", inputs: { image: "" } } };
  await openWorkflow(page, loader, "loader.json");
  await page.keyboard.press("Escape");
  await dropFile(page, { name: "face.png", type: "image/png", content }, ".node-title");
  await page.locator(".node", { hasText: "face.png" }).waitFor();
  await becomes(() => tabTitles(page), [first, "small", "shot", "loader"]);
});

test("a picture dropped with Alt opens only what made it; undo brings back the rest", async () => {
  const { page } = tabs.editor;
  const both = {
    ...workflow(emptyImage(0x336699)),
    5: emptyImage(0x993366),
    6: { class_type: "SaveImage", inputs: { images: ["5", 0], filename_prefix: "other" } },
  };
  await openWorkflow(page, both, "both.json");
  await page.locator("#run").click();
  await page.locator(".node-image").nth(1).waitFor();
  const name = (await readdir(join(tabs.server.folder, "output"))).find((file) => file.startsWith("other")) ?? "";
  const content = await readFile(join(tabs.server.folder, "output", name));
  await dropFile(page, { name, type: "image/png", content }, "#canvas", { altKey: true });
  await toast(page, "Only the nodes that made").waitFor();
  await becomes(() => page.locator(".node").evaluateAll((nodes) => nodes.map((node) => node.getAttribute("data-node")).sort()), ["5", "6"]);
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Control+z");
  await page.locator(".node").nth(3).waitFor();
});

test("what cannot be opened is a sentence, and leaves everything as it is", async () => {
  const { page } = tabs.editor;
  const before = await tabTitles(page);
  await dropFile(page, { name: "broken.json", content: "{nodes: [" });
  await toast(page, "“broken.json” is no workflow: it is not JSON.").waitFor();
  await dropFile(page, { name: "list.json", content: "[1, 2]" });
  await toast(page, "“list” cannot be opened").waitFor();
  await dropFile(page, { name: "empty.png", type: "image/png", content: "no picture" });
  await toast(page, "“empty.png” carries no workflow.").waitFor();
  await becomes(() => tabTitles(page), before);
});

test("a picture of another program opens as the graph its text describes, and says what is left out", async () => {
  const { page } = tabs.editor;
  const text = Buffer.from("parameters\0a red apple\nNegative prompt: blurry\nSteps: 21, Sampler: DPM++ 2M Karras, Seed: 12345, Size: 512x768, Hires upscale: 2");
  const head = Buffer.from("\0\0\0\0tEXt");
  head.writeUInt32BE(text.length);
  const picture = await onePixel();
  const content = Buffer.concat([picture.subarray(0, 33), head, text, Buffer.alloc(4), picture.subarray(33)]);
  await dropFile(page, { name: "theirs.png", type: "image/png", content });
  await toast(page, "holds another program's description").waitFor();
  await toast(page, "but for: Hires upscale").waitFor();
  await page.locator(".tab.active .tab-name", { hasText: "theirs" }).waitFor();
  const value = (/** @type {string} */ name) => page.locator(`.widget-row[data-widget="${name}"] input`).first().inputValue();
  await becomes(async () => [await value("seed"), await value("steps"), await value("height")], ["12345", "21", "768"]);
});

test("markup in every name stays text", async () => {
  const { page } = tabs.editor;
  const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  const node = { id: 1, type: evil, pos: [0, 0], size: [200, 100], title: evil, inputs: [{ name: evil, type: evil, link: null }], outputs: [{ name: evil, type: evil }], widgets_values: [evil], properties: {} };
  await dropFile(page, { name: `${evil}.json`, content: JSON.stringify({ nodes: [node], links: [], groups: [{ title: evil, bounding: [0, 0, 300, 300] }], version: 0.4 }) });
  await page.locator("dialog", { hasText: "onerror" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator('[data-panel="errors"]').click();
  await page.locator(".node").waitFor();
  const [left = 0, right = 0, inside = 0] = await page.locator(".node-missing").evaluate((element) => {
    const text = /** @type {HTMLElement} */ (element);
    return [text.offsetLeft, text.offsetLeft + text.offsetWidth, text.parentElement?.clientWidth ?? 0];
  });
  assert.ok(left >= 8 && right <= inside - 8, `what is said on the node spans ${left} to ${right} of ${inside}`);
  await becomes(() => page.evaluate(() => /** @type {any} */ (window).hacked), undefined);
  await becomes(() => page.locator("#shell img[src='x'], #shell script").count(), 0);
});

test("missing node types stay, and the nearest model is offered", async () => {
  const { page } = tabs.editor;
  await writeFile(join(tabs.server.folder, "input", "portrait-v2.png"), await onePixel());
  const asking = { 1: { class_type: "NotHere", inputs: { strength: 0.3 } }, 2: { class_type: "LoadImage", inputs: { image: "portrait-v1.png" } }, 3: { class_type: "LoadImage", inputs: { image: "portrait-v1.png" } } };
  await page.reload();
  await tabs.editor.ready();
  await dropFile(page, { name: "asking.json", content: JSON.stringify(asking) });
  const list = page.locator("dialog", { hasText: "Some things are missing" });
  await list.locator("li", { hasText: "NotHere" }).waitFor();
  await becomes(() => list.locator("select").inputValue(), "portrait-v2.png");
  await becomes(() => list.locator("li", { hasText: "portrait-v1.png" }).count(), 1, "one row for two nodes");
  await list.locator("small", { hasText: "Load Image · image × 2" }).waitFor();
  await list.locator(".missing-source", { hasText: "input folder" }).waitFor();
  await list.locator("select").selectOption({ label: "Keep as it is" });
  await becomes(() => list.locator(".primary").isDisabled(), true, "nothing is chosen");
  await list.locator("select").selectOption("portrait-v2.png");
  await list.locator(".primary").click();
  await becomes(() => page.locator(".node", { hasText: "portrait-v2.png" }).count(), 2);
  await page.locator(".node", { hasText: "NotHere" }).waitFor();
});

/** A picture of one pixel. */
async function onePixel() {
  const page = await tabs.context.newPage();
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    return canvas.toDataURL("image/png").split(",")[1] ?? "";
  });
  await page.close();
  return Buffer.from(base64, "base64");
}
