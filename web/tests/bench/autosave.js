/** What it takes until an edit is in the server's journal, in a document of 1,000 nodes. */

import { EditorPage } from "../browser/page.js";
import { openWorkflow } from "../browser/shell_page.js";

/** @import { CDPSession, Page, Request } from "playwright-core" */

const NODES = 1000;
const COLUMNS = 30;
const EDITS = 10;
const SAMPLE_US = 100;
/** The modules that keep drafts. */
const KEEPING = /\/state\/(draft_|drafts|journal|snapshot|browser_note)/;

/** @typedef {{ journalled: number[], patches: number[], whole: number, mainMs: number }} Autosave ms from the key; bytes; bytes; ms an edit */

/** A canvas file of prompts. */
function manyPrompts() {
  const nodes = Array.from({ length: NODES }, (_, at) => ({
    id: at + 1, type: "CLIPTextEncode", pos: [(at % COLUMNS) * 440, Math.floor(at / COLUMNS) * 260], size: [400, 200],
    flags: {}, order: at, mode: 0, inputs: [{ name: "clip", type: "CLIP", link: null }],
    outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [] }], properties: {}, widgets_values: [`a boat, number ${at}`],
  }));
  return { version: 0.4, last_node_id: NODES, last_link_id: 0, nodes, links: [], groups: [], config: {}, extra: {} };
}

/** @param {Request} request */
const isJournal = (request) => request.url().includes("/api/tessera/journal/") && request.method() !== "GET";

/** Types a letter and waits until the server has it. @param {Page} page */
async function edit(page) {
  const start = performance.now();
  const answered = page.waitForResponse((response) => isJournal(response.request()));
  await page.keyboard.press("x");
  const answer = await answered;
  if (!answer.ok()) throw new Error(`The journal refused the edit: ${await answer.text()}`);
  return { duration: performance.now() - start, bytes: answer.request().postDataBuffer()?.length ?? 0 };
}

/** What a piece of work spends in the modules that keep drafts, and what those call. @param {CDPSession} session @param {() => Promise<void>} work @returns {Promise<number>} ms */
async function timeKeeping(session, work) {
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: SAMPLE_US });
  await session.send("Profiler.start");
  await work();
  const { profile: { nodes, samples = [], timeDeltas = [] } } = await session.send("Profiler.stop");
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Set<number>} */
  const keeping = new Set();
  // Parents come before their children.
  for (const { id, callFrame } of nodes) if (KEEPING.test(callFrame.url)) keeping.add(id);
  for (const { id } of nodes) if (keeping.has(id)) for (const child of byId.get(id)?.children ?? []) keeping.add(child);
  return samples.reduce((sum, id, at) => sum + (keeping.has(id) ? timeDeltas[at] ?? 0 : 0), 0) / 1000;
}

/** @param {Page} page @param {string} url @returns {Promise<Autosave>} */
export async function autosave(page, url) {
  await page.goto(url);
  await new EditorPage(page).ready();
  await openWorkflow(page, manyPrompts(), "prompts.json");
  const area = page.locator(".node textarea").first();
  while (!(await area.isVisible())) {
    await page.locator(".canvas-root").press("Control+0"); // near enough that texts can be written in
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await area.focus();
  const { bytes: whole } = await edit(page); // the first sends the whole document
  /** @type {number[]} */
  const journalled = [];
  /** @type {number[]} */
  const patches = [];
  const session = await page.context().newCDPSession(page);
  const spent = await timeKeeping(session, async () => {
    for (let round = 0; round < EDITS; round += 1) {
      const { duration, bytes } = await edit(page);
      journalled.push(duration);
      patches.push(bytes);
    }
  });
  return { journalled, patches, whole, mainMs: spent / EDITS };
}
