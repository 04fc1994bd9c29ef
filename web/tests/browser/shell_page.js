/** What tests of the shell do with the editor: menus, dialogs, files, runs. */

/** @import { BrowserContext, Page } from "playwright-core" */
/** @import { EditorPage, Server } from "./page.js" */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long the server may take until it has what a page sends by itself, in ms. */
const WITHIN = 60_000;

/** A node that takes its time and tells how far it is, so that a run can be watched. */
const SLOW_PACK = `
import time

import torch

import comfy.utils


class Slow:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seconds": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 600.0})}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    CATEGORY = "test"

    def work(self, seconds):
        bar = comfy.utils.ProgressBar(20)
        for _ in range(20):
            time.sleep(seconds / 20)
            bar.update(1)
        return (torch.zeros(1, 16, 16, 3),)


class Fails:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    CATEGORY = "test"

    def work(self, image):
        raise ValueError("the moon is in the wrong place")


NODE_CLASS_MAPPINGS = {"Slow": Slow, "Fails": Fails}
`;

/** @param {string} folder base directory of a server */
export async function addSlowPack(folder) {
  await mkdir(join(folder, "custom_nodes"), { recursive: true });
  await writeFile(join(folder, "custom_nodes", "slow.py"), SLOW_PACK);
}

/**
 * A workflow in the API format: a source, what is done to its picture, and a node that saves it.
 * @param {{ class_type: string, inputs: object }} source
 * @param {string} [between] type of a node between the two
 */
export function workflow(source, between) {
  const middle = between ? { 2: { class_type: between, inputs: { image: ["1", 0] } } } : {};
  return { 1: source, ...middle, 3: { class_type: "SaveImage", inputs: { images: [between ? "2" : "1", 0], filename_prefix: "test" } } };
}

/** @param {number} [color] */
export function emptyImage(color = 0) {
  return { class_type: "EmptyImage", inputs: { width: 32, height: 32, batch_size: 1, color } };
}

/**
 * Drop a file on the canvas, as the desktop does.
 * @param {Page} page
 * @param {{ name: string, type?: string, content: string | Buffer }} file
 * @param {string} [on] selector of what it is dropped on
 * @param {{ altKey?: boolean }} [keys] held meanwhile
 */
export async function dropFile(page, { name, type = "application/json", content }, on = "#canvas", keys = {}) {
  const bytes = [...Buffer.from(content)];
  await page.locator(on).first().evaluate((target, { name, type, bytes, keys }) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
    for (const kind of ["dragenter", "dragover", "drop"]) {
      target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true, ...keys }));
    }
  }, { name, type, bytes, keys });
}

/** @param {Page} page @param {object} content @param {string} [name] */
export async function openWorkflow(page, content, name = "test.json") {
  await dropFile(page, { name, content: JSON.stringify(content) });
  await page.locator(".tab.active .tab-name", { hasText: name.replace(/\.json$/, "") }).waitFor();
}

/** @param {Page} page @returns {Promise<string[]>} titles of the open documents */
export function tabTitles(page) {
  return page.locator(".tab-name").allTextContents();
}

/** @param {Page} page @param {string} text part of a message */
export function toast(page, text) {
  return page.locator(".toast", { hasText: text }).first();
}

/**
 * Write down every message from the page's start on: most go after some seconds, which a busy
 * machine may need for the start alone.
 * @param {Page | BrowserContext} place whose pages are not loaded yet
 */
export async function keepToasts(place) {
  await place.addInitScript(() => {
    const said = Object.assign(window, { said: new Set() }).said;
    new MutationObserver(() => {
      for (const toast of document.querySelectorAll(".toast")) said.add(toast);
    }).observe(document, { childList: true, subtree: true });
  });
}

/** @param {Page} page @returns {Promise<string[]>} all messages since its start */
export function keptToasts(page) {
  return page.evaluate(() => [.../** @type {any} */ (window).said].map((toast) => toast.textContent));
}

/** @param {Page} page @param {string} key without the modifier */
export async function shortcut(page, key) {
  await page.locator(".canvas-root").focus();
  await page.keyboard.press(`Control+${key}`);
}

/**
 * Forget which panels were open: the server keeps it from one test to the next.
 * @param {string} url of the server
 */
export async function closePanels(url) {
  const closed = Object.fromEntries(["left", "right", "bottom"].map((side) => [`Tessera.Shell.Open.${side}`, null]));
  await fetch(`${url}/settings`, { method: "POST", body: JSON.stringify(closed) });
}

/** Save the active document under a name. @param {EditorPage} one @param {string} name */
export async function saveAs({ page }, name) {
  await shortcut(page, "Shift+S");
  await page.locator("dialog input").fill(name);
  await page.keyboard.press("Enter");
  await page.locator(".tab.active .tab-name", { hasText: name.slice(name.lastIndexOf("/") + 1) }).waitFor();
  await page.locator(".tab.active:not(.dirty)").waitFor();
}

/** An edit with the mouse: a node is removed. @param {EditorPage} one @param {string} title */
export async function removeNode({ page }, title) {
  const node = page.locator(".node", { has: page.locator(".node-title", { hasText: title }) }).first();
  await node.locator(".node-title").click();
  await page.keyboard.press("Delete");
  await node.waitFor({ state: "detached" });
}

/** @param {Server} server @returns {Promise<any[]>} its journals */
export async function journals(server) {
  return (await fetch(`${server.url}/api/tessera/journal`)).json();
}

/**
 * Ask until there is an answer.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(ask) {
  const deadline = Date.now() + WITHIN;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`No answer within ${WITHIN / 1000} s: ${ask}`);
    await sleep(50);
  }
}
