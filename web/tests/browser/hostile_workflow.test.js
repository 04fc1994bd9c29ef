/** Markup and scripts wherever a name can stand, of workflows, packs and errors: text, all of it. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { becomes } from "../harness/becomes.js";
import { EditorPage, launch, Server } from "./page.js";
import { dropFile, tabTitles, toast } from "./shell_page.js";

/** @import { Browser, Page } from "playwright-core" */

/** Each part runs a script in a page that takes it for markup, and asks a stranger in any case. */
const EVIL = `"><img src="//evil.invalid/x" onerror="harm()"><svg onload=harm()></svg><script>harm()</script>`;
const NOTE = `# ${EVIL}
[a](javascript:harm()) <a href="javascript:harm()" onclick="harm()">b</a> ![c](javascript:harm()) ![d](//evil.invalid/d) <img srcset="//evil.invalid/s"> <img src=evil.png onerror=harm()>
<iframe srcdoc="<script>parent.harm()</script>"></iframe> <form action="/interrupt"><button id="run" class="tab-close">x</button></form>
<style>* { display: none }</style> <p style="position: fixed; inset: 0">covers</p>`;

const PACK = `
EVIL = ${JSON.stringify(EVIL)}


class Evil:
    DESCRIPTION = EVIL
    CATEGORY = EVIL
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = (EVIL,)
    FUNCTION = "work"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        text = {"default": EVIL, "tooltip": EVIL, "multiline": True}
        return {"required": {EVIL: ("STRING", text), "choice": ([EVIL, "b"], {"tooltip": EVIL})}}

    def work(self, **values):
        raise ValueError(EVIL)


NODE_CLASS_MAPPINGS = {"Evil": Evil}
NODE_DISPLAY_NAME_MAPPINGS = {"Evil": EVIL}
`;

const NOTE_NODE = { id: 3, type: "MarkdownNote", pos: [600, 0], size: [300, 200], title: EVIL, widgets_values: [NOTE], properties: {} };
const WORKFLOW = {
  version: 0.4, links: [], last_node_id: 3, extra: { info: EVIL },
  nodes: [
    { id: 1, type: "Evil", pos: [0, 0], size: [260, 200], title: EVIL, color: "url(//evil.invalid/c)", bgcolor: "red;} * {display:none", widgets_values: [EVIL, EVIL], properties: { "Node name for S&R": EVIL } },
    { id: 2, type: EVIL, pos: [300, 0], size: [260, 200], inputs: [{ name: EVIL, label: EVIL, type: EVIL, link: null }], outputs: [{ name: EVIL, type: EVIL, links: null }], widgets_values: [EVIL] },
    NOTE_NODE,
  ],
  groups: [{ id: 1, title: EVIL, bounding: [-20, -60, 1000, 400], color: "url(//evil.invalid/g)" }],
};

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {EditorPage} */
let editor;
/** @type {Page} */
let page;
/** @type {string[]} addresses of others that something asked for */
const asked = [];

before(async () => {
  [server, browser] = await Promise.all([Server.start(async (base) => {
    await mkdir(join(base, "custom_nodes"), { recursive: true });
    await writeFile(join(base, "custom_nodes", "evil.py"), PACK);
  }), launch()]);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
  editor = new EditorPage(await context.newPage());
  ({ page } = editor);
  page.setDefaultTimeout(60_000);
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) asked.push(request.url());
  });
  await page.addInitScript(() => {
    const seen = Object.assign(window, { harmed: 0, violations: /** @type {string[]} */ ([]), harm: () => { seen.harmed += 1; } });
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      // The sanitiser reads markup outside of the page, which is reported as inline; what of it
      // comes into the page is looked for there.
      if (blockedURI !== "inline") seen.violations.push(`${violatedDirective} ${blockedURI}`);
    });
  });
  await page.goto(server.url);
  await editor.ready();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Nothing ran, nothing was asked for, and no request was stopped by the page's policy alone. */
async function assertHarmless() {
  const seen = await page.evaluate(() => {
    const { harmed, violations } = /** @type {any} */ (window);
    const alive = document.querySelectorAll("script:not([src]), iframe, form, [onerror], [onload], [onclick], a[href^='javascript'], img[src*='evil']");
    return { harmed, violations, alive: [...alive].map((element) => element.outerHTML.slice(0, 200)) };
  });
  assert.deepEqual(seen, { harmed: 0, violations: [], alive: [] });
  assert.deepEqual(asked, []);
}

/** @param {string} id */
async function openPanel(id) {
  const closed = page.locator(`.rail-button[data-panel="${id}"][aria-pressed=false]`);
  if (await closed.count() > 0) await closed.click();
}

test("a workflow full of markup opens, and every name is text", async () => {
  await dropFile(page, { name: `${EVIL.replaceAll("/", "")}.json`, content: JSON.stringify(WORKFLOW) });
  const missing = page.locator("dialog[open]", { hasText: "onerror" });
  await missing.waitFor();
  await page.keyboard.press("Escape");
  await missing.waitFor({ state: "detached" });
  const titles = page.locator(".node-title", { hasText: EVIL });
  await titles.nth(2).waitFor();
  await page.locator(".node-note", { hasText: "covers" }).waitFor();
  await becomes(() => page.locator(".node-note").locator("[style], [class], [id], button").count(), 0);
  await assertHarmless();
});

test("panels, help and the palette show a pack's markup as text", async () => {
  await page.locator(".node-title").first().click();
  for (const [id, place] of [["parameters", "#panel-right"], ["help", "#panel-right"], ["library", "#panel-left"], ["packs", "#panel-left"]]) {
    await openPanel(/** @type {string} */ (id));
    await page.locator(`${place} .panel-content > *`).first().waitFor();
  }
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.type("evil");
  await page.locator(".palette:popover-open .palette-title", { hasText: "onerror" }).first().waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+F");
  await page.keyboard.type("onerror");
  await page.locator(".find-list").getByText("onerror").first().waitFor();
  await assertHarmless();
});

test("an error whose message is markup is shown as text", async () => {
  await dropFile(page, { name: "failing.json", content: JSON.stringify({ 1: { class_type: "Evil", inputs: { [EVIL]: EVIL, choice: "b" } } }) });
  await page.locator(".tab.active .tab-name", { hasText: "failing" }).waitFor();
  await page.locator("#run").click();
  await page.locator(".node[data-run=error]").waitFor();
  await openPanel("errors");
  await page.locator(".problem", { hasText: "<script>harm()</script>" }).first().waitFor();
  await assertHarmless();
});

test("what a picture of a stranger carries is text", async () => {
  const named = { ...WORKFLOW, nodes: [NOTE_NODE] };
  await dropFile(page, { name: "stranger.png", type: "image/png", content: pngWith({ workflow: JSON.stringify(named) }) });
  await page.locator(".tab.active .tab-name", { hasText: "stranger" }).waitFor();
  await page.locator(".node-note").first().waitFor();
  await dropFile(page, { name: "others.png", type: "image/png", content: pngWith({ [EVIL.slice(0, 70)]: EVIL }) });
  await toast(page, "“others.png” carries no workflow").waitFor();
  await assertHarmless();
});

test("files of other programs are a sentence each, and open nothing", async () => {
  const before = await tabTitles(page);
  const files = {
    "scene.json": JSON.stringify({ asset: { version: "2.0" }, scenes: [{ nodes: [0] }] }),
    "package.json": JSON.stringify({ name: "x", dependencies: {} }),
    "null.json": "null",
    "deep.json": `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  };
  for (const [name, content] of Object.entries(files)) {
    await dropFile(page, { name, content });
    await toast(page, name.replace(".json", "")).waitFor();
  }
  await becomes(() => tabTitles(page), before);
  await assertHarmless();
});

test("a workflow of 20 MB with cycles, equal ids and wrong types opens, and the editor answers", async () => {
  const text = "x".repeat(9_000);
  const nodes = Array.from({ length: 2_000 }, (_, id) => ({
    id: id % 1_900, type: "CLIPTextEncode", pos: id % 7 ? [(id % 50) * 300, Math.floor(id / 50) * 200] : "here", size: [260, 160],
    inputs: [{ name: "clip", type: "CLIP", link: id + 1 }], outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [id + 2] }], widgets_values: id % 11 ? [text] : { 0: text },
  }));
  const links = nodes.map((_, id) => [id + 1, id, 0, (id + 1) % 2_000, 0, "CLIP"]);
  const content = JSON.stringify({ version: 0.4, nodes, links, groups: {} });
  assert.ok(content.length > 18e6, `${content.length} characters`);
  await page.evaluate((file) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([file], "large.json", { type: "application/json" }));
    document.querySelector("#canvas")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, content);
  await page.locator(".tab.active .tab-name", { hasText: "large" }).waitFor();
  await openPanel("errors");
  await page.locator(".problem").first().waitFor();
  await page.locator(".canvas-root").focus();
  await page.keyboard.press("Tab");
  await page.locator(".palette:popover-open").waitFor();
  await page.keyboard.press("Escape");
});

/**
 * A PNG file without pixels that carries texts.
 * @param {{ [key: string]: string }} texts
 */
function pngWith(texts) {
  const chunk = (/** @type {string} */ kind, /** @type {Buffer} */ body) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, Buffer.from(kind), body, Buffer.alloc(4)]); // readers of texts check no CRC
  };
  const all = Object.entries(texts).map(([key, text]) => chunk("tEXt", Buffer.from(`${key}\0${text}`)));
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...all, chunk("IEND", Buffer.alloc(0))]);
}
