/** The canvas as a test sees it: nodes and ports by name, never by coordinates. */

/** @import { Browser, Locator, Page } from "playwright-core" */

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { settled } from "../bench/scenarios.js";
import { launch } from "./browser.js";
import { serveEditor } from "./static_server.js";

/** A browser and the editor's files for all tests of a file; after each the pages it opened are closed. */
class Canvases {
  /** @type {CanvasPage[]} */
  #opened = [];
  /** @type {Browser | undefined} */
  #browser;
  /** @type {Awaited<ReturnType<typeof serveEditor>> | undefined} */
  #server;

  async start() {
    [this.#browser, this.#server] = await Promise.all([launch(), serveEditor()]);
  }

  get browser() {
    assert.ok(this.#browser, "the browser did not start");
    return this.#browser;
  }

  get url() {
    assert.ok(this.#server, "the server did not start");
    return this.#server.url;
  }

  /** A canvas with a graph of the harness. @param {string} [query] */
  async open(query = "graph=picture") {
    const canvas = await openHarness(this.browser, this.url, query);
    this.#opened.push(canvas);
    return canvas;
  }

  async closePages() {
    for (const canvas of this.#opened.splice(0)) {
      assert.deepEqual(canvas.errors, [], "the page threw");
      await canvas.page.close();
    }
  }

  async stop() {
    await this.#browser?.close();
    await this.#server?.close();
  }
}

/** Call once, at the top of a file of tests. */
export function useCanvases() {
  const canvases = new Canvases();
  before(() => canvases.start());
  afterEach(() => canvases.closePages());
  after(() => canvases.stop());
  return canvases;
}

/**
 * @param {Browser} browser
 * @param {string} url
 * @param {string} query "graph=picture"
 */
export async function openHarness(browser, url, query) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  const canvas = new CanvasPage(page);
  page.on("pageerror", (error) => canvas.errors.push(error.message));
  await page.goto(`${url}/tests/harness/index.html?${query}`);
  await page.waitForFunction(() => "harness" in window);
  await settled(page);
  return canvas;
}

export class CanvasPage {
  /** @type {string[]} */
  errors = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {string} id @returns {Locator} */
  node(id) {
    return this.page.locator(`.node[data-node="${id}"]`);
  }

  /** @param {string} id @param {string} key @param {"in" | "out"} side */
  port(id, key, side) {
    return this.node(id).locator(`.socket[data-port="${key}"][data-side="${side}"]`);
  }

  /** The middle of an element, in client pixels. @param {Locator} locator */
  async middle(locator) {
    const box = await locator.boundingBox();
    assert.ok(box, "the element is not in the page");
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  /** @param {{ x: number, y: number }} from @param {{ x: number, y: number }} to @param {() => Promise<void>} [before] What happens before the drop. */
  async drag(from, to, before) {
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 5 });
    await this.page.mouse.move(to.x, to.y, { steps: 10 });
    await before?.();
    await this.page.mouse.up();
  }

  /** @param {string} id */
  async clickTitle(id) {
    await this.node(id).locator(".node-title").click();
  }

  /** @param {string} keys */
  async press(keys) {
    await this.page.keyboard.press(keys);
  }

  /** The shown graph as plain data. */
  graph() {
    return this.page.evaluate(() => {
      const { tab } = /** @type {any} */ (window).harness;
      const graph = tab.doc.graph(tab.graphId());
      return {
        nodes: Object.fromEntries(graph.nodes),
        links: [...graph.links.values()],
        groups: [...graph.groups.values()],
        reroutes: [...graph.reroutes.values()],
        selected: [...tab.selection.get().nodes],
        path: tab.graphPath.get(),
      };
    });
  }

  /** What the page asked the shell for. */
  asked() {
    return this.page.evaluate(() => {
      const { asked } = /** @type {any} */ (window).harness;
      const { at, filter } = asked.palette ?? {};
      return { toasts: asked.toasts, menu: asked.menu.map((/** @type {any} */ item) => item.title ?? ""), palette: asked.palette && { at, filter }, runs: asked.runs.length };
    });
  }

  /** @returns {Promise<import("../../src/render/camera.js").CameraState>} */
  camera() {
    return this.page.evaluate(() => /** @type {any} */ (window).harness.view.camera.state);
  }

  async zoom() {
    return (await this.camera()).zoom;
  }

  /** @param {{ x: number, y: number }} client @returns {Promise<{ x: number, y: number }>} in graph units */
  graphPoint(client) {
    return this.page.evaluate((point) => /** @type {any} */ (window).harness.view.toGraph(point), client);
  }

  stats() {
    return this.page.evaluate(() => /** @type {any} */ (window).harness.view.stats());
  }

  /** Puts the camera so that a graph point is in the middle. @param {number} x @param {number} y @param {number} zoom */
  async lookAt(x, y, zoom) {
    await this.page.evaluate(([gx, gy, z]) => {
      const { camera } = /** @type {any} */ (window).harness.view;
      camera.set({ x: gx - camera.width / 2 / z, y: gy - camera.height / 2 / z, zoom: z });
    }, /** @type {[number, number, number]} */ ([x, y, zoom]));
    await settled(this.page);
  }

  settled() {
    return settled(this.page);
  }
}
