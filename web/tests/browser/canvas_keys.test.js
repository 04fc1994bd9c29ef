/** Selecting and commanding the canvas in a browser: frame, keys, menus, input methods. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes } from "../harness/becomes.js";
import { containsRect, overlaps } from "../../src/core/geometry.js";
import { settled } from "../bench/scenarios.js";
import { useCanvases } from "../harness/canvas_page.js";

const canvases = useCanvases();

test("a frame selects, Shift adds, Alt takes away", async () => {
  const canvas = await canvases.open();
  const a = await canvas.node("6").boundingBox(), b = await canvas.node("7").boundingBox();
  assert.ok(a && b);
  await canvas.drag({ x: a.x - 10, y: a.y - 15 }, { x: a.x + 30, y: a.y + a.height + 15 });
  await becomes(async () => (await canvas.graph()).selected, ["6"]);
  await canvas.page.keyboard.down("Shift");
  await canvas.drag({ x: b.x + 30, y: b.y - 15 }, { x: b.x + 60, y: b.y + 20 });
  await canvas.page.keyboard.up("Shift");
  await becomes(async () => (await canvas.graph()).selected, ["6", "7"]);
  await canvas.page.keyboard.down("Alt");
  await canvas.drag({ x: a.x - 10, y: a.y - 15 }, { x: a.x + 30, y: a.y + 20 });
  await canvas.page.keyboard.up("Alt");
  await becomes(async () => (await canvas.graph()).selected, ["7"]);
});

test("the keyboard goes from node to node, says so, edits and comes back", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("5");
  await canvas.press("Alt+ArrowRight");
  await becomes(async () => (await canvas.graph()).selected, ["6"]);
  await becomes(() => canvas.page.locator(".canvas-said").textContent(), "1 selected: VAE Decode");
  await canvas.press("ArrowRight");
  await becomes(async () => (await canvas.graph()).selected, ["7"]);
  await canvas.press("Enter");
  const inField = () => canvas.page.evaluate(() => document.activeElement instanceof HTMLInputElement || document.activeElement instanceof HTMLTextAreaElement);
  await becomes(() => inField(), true);
  await canvas.press("Delete");
  await becomes(async () => "7" in (await canvas.graph()).nodes, true, "keys in a field edit the field");
  await canvas.press("Escape");
  await becomes(() => inField(), false);
  await canvas.press("Tab");
  await becomes(async () => Boolean((await canvas.asked()).palette), true);
});

test("a tap of Space opens the palette; held, it pans and opens none", async () => {
  const canvas = await canvases.open();
  await canvas.page.mouse.move(600, 780);
  await canvas.page.locator(".canvas-root").focus();
  await canvas.page.keyboard.down("Space");
  await canvas.drag({ x: 600, y: 780 }, { x: 700, y: 700 });
  await canvas.page.keyboard.up("Space");
  await becomes(async () => (await canvas.asked()).palette, null);
  await canvas.press("Space");
  await becomes(async () => Boolean((await canvas.asked()).palette), true);
});

/**
 * Nothing lies on anything else, and what is selected is in view.
 * @param {import("../harness/canvas_page.js").CanvasPage} canvas
 */
async function nothingHidden(canvas) {
  await settled(canvas.page);
  const found = await canvas.page.evaluate(() => {
    const { camera, shown: { scene, selection } } = /** @type {any} */ (window).harness.view;
    const rects = [...scene.nodes].map(([id, { rect }]) => ({ id, rect }));
    return { rects, view: camera.visible(), added: scene.boundsOf(selection.nodes) };
  });
  for (const [index, { id, rect }] of found.rects.entries()) {
    for (const other of found.rects.slice(index + 1)) assert.ok(!overlaps(rect, other.rect), `${id} lies on ${other.id}`);
  }
  assert.ok(containsRect(found.view, found.added), "what was added is in view");
}

test("what is added by keys is in view and on no other node, wherever the pointer is", async () => {
  const canvas = await canvases.open();
  await canvas.page.locator(".canvas-root").focus();
  await canvas.press("Tab");
  await becomes(async () => (await canvas.asked()).palette.at, undefined, "it opens in the middle");
  for (const pointer of [null, { x: 800, y: 500 }]) {
    if (pointer) await canvas.page.mouse.move(pointer.x, pointer.y);
    for (let notes = 0; notes < 4; notes += 1) {
      await canvas.press("n");
      await canvas.press("Escape");
      await nothingHidden(canvas);
    }
  }
  await canvas.press("Tab");
  await becomes(async () => (await canvas.asked()).palette.at, { x: 800, y: 500 });
});

test("pasting without the pointer goes to a free place; twice at one place hides nothing", async () => {
  const canvas = await canvases.open();
  await canvas.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await canvas.page.locator(".canvas-root").focus();
  await canvas.page.evaluate(() => {
    const { tab } = /** @type {any} */ (window).harness;
    tab.selection.set({ nodes: new Set(["5", "6"]), groups: new Set(), reroutes: new Set(), links: new Set() });
  });
  await canvas.press("Control+C");
  await canvas.press("Control+V");
  await nothingHidden(canvas);
  await canvas.press("Control+V");
  await nothingHidden(canvas);
  await canvas.page.mouse.move(900, 500);
  await canvas.press("Control+V");
  await canvas.press("Control+V");
  const { nodes } = await canvas.graph();
  const places = Object.values(nodes).map(({ x, y }) => `${x},${y}`);
  assert.equal(new Set(places).size, 15);
});

test("keys of an input method are never commands", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("5");
  const session = await canvas.page.context().newCDPSession(canvas.page);
  const field = canvas.node("2").locator("textarea");
  await field.focus();
  await session.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 });
  await canvas.page.evaluate(() => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", {
    key: "Delete", bubbles: true, cancelable: true, isComposing: true,
  })));
  await session.send("Input.insertText", { text: "你好" });
  await becomes(() => field.inputValue(), "你好");
  await becomes(async () => Object.keys((await canvas.graph()).nodes).length, 7);
  await canvas.page.evaluate(() => {
    const root = /** @type {HTMLElement} */ (document.querySelector(".canvas-root"));
    root.focus();
    root.dispatchEvent(new KeyboardEvent("keydown", { key: "Delete", keyCode: 229, bubbles: true }));
  });
  await becomes(async () => Object.keys((await canvas.graph()).nodes).length, 7);
});

test("every command has a name in both languages", async () => {
  for (const language of ["en", "zh"]) {
    const canvas = await canvases.open(`graph=empty&language=${language}`);
    const unnamed = await canvas.page.evaluate(() => {
      const { app } = /** @type {any} */ (window).harness;
      return app.commands.list().map((/** @type {any} */ command) => command.title).filter((/** @type {string} */ title) => !app.i18n.has(title));
    });
    assert.deepEqual(unnamed, []);
  }
});

test("menus open where they were asked for and name what can be done", async () => {
  const canvas = await canvases.open();
  await canvas.node("5").locator(".node-title").click({ button: "right" });
  await becomes(async () => (await canvas.graph()).selected, ["5"]);
  await becomes(async () => (await canvas.asked()).menu.includes("Run up to here"), true);
  await becomes(async () => (await canvas.asked()).menu.includes("Help on this node"), true);
  await canvas.page.mouse.click(900, 800, { button: "right" });
  await becomes(async () => (await canvas.asked()).menu.includes("Add a node…"), true);
});
