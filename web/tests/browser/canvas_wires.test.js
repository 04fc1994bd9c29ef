/** Wires in a browser: connecting, refusing, inserting, dots. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes } from "../harness/becomes.js";
import { useCanvases } from "../harness/canvas_page.js";

const canvases = useCanvases();

test("a wire dragged from port to port connects; one pulled off an input and dropped is gone", async () => {
  const canvas = await canvases.open();
  const input = await canvas.middle(canvas.port("7", "images", "in"));
  await canvas.drag(input, { x: 900, y: 780 });
  await becomes(async () => (await canvas.graph()).links.some(({ to }) => to === "7"), false);
  await canvas.drag(await canvas.middle(canvas.port("6", "IMAGE", "out")), input);
  await becomes(async () => (await canvas.graph()).links.some(({ from, to }) => from === "6" && to === "7"), true);
});

test("a wire that does not fit says why at the cursor, and the drop inserts the node that converts", async () => {
  const canvas = await canvases.open();
  const from = await canvas.middle(canvas.port("6", "IMAGE", "out"));
  const to = await canvas.middle(canvas.port("5", "latent_image", "in"));
  await canvas.drag(from, to, async () => {
    const hint = canvas.page.locator(".canvas-hint");
    await becomes(() => hint.textContent(), "Needs LATENT, got IMAGE. Drop to insert “VAE Encode”.");
  });
  const { nodes, links } = await canvas.graph();
  const inserted = Object.values(nodes).find(({ type }) => type === "VAEEncode");
  assert.ok(inserted);
  assert.ok(links.some((link) => link.from === "6" && link.to === inserted.id));
  assert.ok(links.some((link) => link.from === inserted.id && link.to === "5" && link.input === "latent_image"));
  await becomes(() => canvas.page.locator(".canvas-hint").isVisible(), false);
});

test("a wire dropped on the canvas asks for types that take it, and connects the one picked", async () => {
  const canvas = await canvases.open();
  await canvas.drag(await canvas.middle(canvas.port("6", "IMAGE", "out")), { x: 1250, y: 700 });
  const { palette } = await canvas.asked();
  assert.deepEqual(palette.filter, { type: "IMAGE", from: "output" });
  const hand = canvas.page.locator(".canvas-hand");
  await becomes(() => hand.isVisible(), true, "the wire is in sight while the palette is open");
  const place = await hand.getAttribute("d");
  await canvas.page.mouse.wheel(0, 40);
  await canvas.settled();
  assert.notEqual(await hand.getAttribute("d"), place, "it moves with the view");
  await canvas.page.evaluate(() => {
    const { asked, app } = /** @type {any} */ (window).harness;
    asked.palette.onPick(app.catalogue.get().get("ImageBlur"));
  });
  const { nodes, links, selected } = await canvas.graph();
  const added = Object.values(nodes).find(({ type }) => type === "ImageBlur");
  assert.ok(added && links.some((link) => link.from === "6" && link.to === added.id && link.input === "image"));
  assert.deepEqual(selected, [added.id]);
  await becomes(() => hand.isVisible(), false);
  await canvas.drag(await canvas.middle(canvas.port("6", "IMAGE", "out")), { x: 1250, y: 700 });
  await canvas.page.evaluate(() => /** @type {any} */ (window).harness.asked.palette.onCancel());
  await becomes(() => hand.isVisible(), false);
});

test("a node dropped on a wire is put into it, and what follows makes room", async () => {
  const canvas = await canvases.open();
  await canvas.page.evaluate(() => {
    const { tab, app } = /** @type {any} */ (window).harness;
    const type = app.catalogue.get().get("ImageBlur");
    tab.edit("x", (/** @type {any} */ tx) => tx.addNode("root", {
      type: type.name, x: 1000, y: 420, width: 220, height: 200, mode: "normal", values: {}, properties: {},
      inputs: [{ key: "image", name: "image", type: "IMAGE" }], outputs: [{ key: "IMAGE", name: "IMAGE", type: "IMAGE" }],
    }));
  });
  await canvas.settled();
  const header = await canvas.middle(canvas.node("8").locator(".node-header"));
  const out = await canvas.middle(canvas.port("6", "IMAGE", "out")), into = await canvas.middle(canvas.port("7", "images", "in"));
  const before = (await canvas.graph()).nodes["7"].x;
  await canvas.drag(header, { x: (out.x + into.x) / 2, y: (out.y + into.y) / 2 });
  const { nodes, links } = await canvas.graph();
  assert.ok(links.some((link) => link.from === "6" && link.to === "8"));
  assert.ok(links.some((link) => link.from === "8" && link.to === "7"));
  assert.ok(nodes["7"].x > before);
});

test("a double click on a wire adds a dot, which is dragged and deleted", async () => {
  const canvas = await canvases.open();
  const out = await canvas.middle(canvas.port("6", "IMAGE", "out")), into = await canvas.middle(canvas.port("7", "images", "in"));
  const middle = { x: (out.x + into.x) / 2, y: (out.y + into.y) / 2 };
  await canvas.page.mouse.dblclick(middle.x, middle.y);
  const [dot] = (await canvas.graph()).reroutes;
  assert.ok(dot);
  await canvas.drag(middle, { x: middle.x, y: middle.y + 80 });
  const [moved] = (await canvas.graph()).reroutes;
  assert.ok(moved && moved.y > dot.y + 50);
  await canvas.press("Delete");
  const { reroutes, links } = await canvas.graph();
  assert.equal(reroutes.length, 0);
  assert.ok(links.some((link) => link.from === "6" && link.to === "7"), "the wire stays");
});

test("Alt+click and a middle click put a dot on a wire; pulled with Alt, the wire comes along", async () => {
  const canvas = await canvases.open();
  const out = await canvas.middle(canvas.port("6", "IMAGE", "out")), into = await canvas.middle(canvas.port("7", "images", "in"));
  const middle = { x: (out.x + into.x) / 2, y: (out.y + into.y) / 2 };
  await canvas.page.mouse.click(middle.x, middle.y, { button: "middle" });
  await becomes(async () => (await canvas.graph()).reroutes.length, 1);
  await canvas.press("Delete");
  await becomes(async () => (await canvas.graph()).reroutes.length, 0, "the new dot was selected");
  await canvas.page.keyboard.down("Alt");
  await canvas.page.mouse.click(middle.x, middle.y);
  await becomes(async () => (await canvas.graph()).reroutes.length, 1);
  await canvas.page.keyboard.up("Alt");
  await canvas.press("Control+Z");
  await canvas.page.keyboard.down("Alt");
  await canvas.drag(middle, { x: middle.x, y: middle.y + 90 });
  await canvas.page.keyboard.up("Alt");
  const { reroutes: [dot], links, nodes } = await canvas.graph();
  await becomes(async () => dot && dot.y > (await canvas.graphPoint(middle)).y + 50, true);
  assert.ok(links.some((link) => link.to === "7" && link.reroutes?.includes(dot.id)));
  assert.equal(Object.keys(nodes).length, 7);
  await canvas.press("Control+Z");
  await becomes(async () => (await canvas.graph()).reroutes.length, 0, "one step to undo");
  const { x } = await canvas.camera();
  await canvas.page.mouse.move(middle.x, middle.y);
  await canvas.page.mouse.down({ button: "middle" });
  await canvas.page.mouse.move(middle.x + 80, middle.y, { steps: 5 });
  await canvas.page.mouse.up({ button: "middle" });
  await becomes(async () => (await canvas.camera()).x < x, true, "a middle drag that begins on a wire moves the view");
  await becomes(async () => (await canvas.graph()).reroutes.length, 0);
});

test("connecting by keys offers the ports that fit, and says when none does", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("6");
  await canvas.press("c");
  await canvas.page.waitForFunction(() => /** @type {any} */ (window).harness.asked.menu.length > 0);
  await canvas.page.evaluate(() => {
    const { tab, asked } = /** @type {any} */ (window).harness;
    const others = [...tab.doc.root.nodes.keys()].filter((id) => id !== "6");
    tab.edit("edit.delete", (/** @type {any} */ tx) => tx.removeNodes("root", others));
    asked.menu = [];
  });
  await canvas.press("c");
  await canvas.page.waitForFunction(() => /** @type {any} */ (window).harness.asked.toasts.length > 0);
  const { menu, toasts } = await canvas.asked();
  assert.deepEqual(menu, []);
  assert.deepEqual(toasts, [{ kind: "info", text: "No other node has a port that “VAE Decode” can be connected to." }]);
});
