/** The canvas in a browser: pointer, keys and what is seen. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { gatesOf, openCanvas, runAll } from "../bench/scenarios.js";
import { launch } from "../harness/browser.js";
import { openHarness } from "../harness/canvas_page.js";
import { serveEditor } from "../harness/static_server.js";

/** @import { Browser } from "playwright-core" */
/** @import { CanvasPage } from "../harness/canvas_page.js" */

/** @type {Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof serveEditor>>} */
let server;
/** @type {CanvasPage[]} */
const opened = [];

before(async () => {
  [browser, server] = await Promise.all([launch(), serveEditor()]);
});

afterEach(async () => {
  for (const canvas of opened.splice(0)) {
    assert.deepEqual(canvas.errors, [], "the page threw");
    await canvas.page.close();
  }
});

after(async () => {
  await browser.close();
  await server.close();
});

async function open(query = "graph=picture") {
  const canvas = await openHarness(browser, server.url, query);
  opened.push(canvas);
  return canvas;
}

test("dragging a node moves it, in one step to undo; Esc breaks a drag off", async () => {
  const canvas = await open();
  const from = await canvas.middle(canvas.node("4").locator(".node-title"));
  const start = (await canvas.graph()).nodes["4"];
  await canvas.drag(from, { x: from.x + 120, y: from.y + 60 });
  const moved = (await canvas.graph()).nodes["4"];
  const { zoom } = await canvas.page.evaluate(() => /** @type {any} */ (window).harness.view.camera.state);
  assert.ok(Math.abs(moved.x - start.x - 120 / zoom) < 1 && Math.abs(moved.y - start.y - 60 / zoom) < 1);
  await canvas.press("Control+Z");
  assert.deepEqual((await canvas.graph()).nodes["4"], start);
  await canvas.drag(from, { x: from.x + 200, y: from.y }, () => canvas.press("Escape"));
  assert.deepEqual((await canvas.graph()).nodes["4"], start);
});

test("a wire dragged from port to port connects; one pulled off an input and dropped is gone", async () => {
  const canvas = await open();
  const input = await canvas.middle(canvas.port("7", "images", "in"));
  await canvas.drag(input, { x: 900, y: 780 });
  assert.equal((await canvas.graph()).links.some(({ to }) => to === "7"), false);
  await canvas.drag(await canvas.middle(canvas.port("6", "IMAGE", "out")), input);
  assert.ok((await canvas.graph()).links.some(({ from, to }) => from === "6" && to === "7"));
});

test("a wire that does not fit says why at the cursor, and the drop inserts the node that converts", async () => {
  const canvas = await open();
  const from = await canvas.middle(canvas.port("6", "IMAGE", "out"));
  const to = await canvas.middle(canvas.port("5", "latent_image", "in"));
  await canvas.drag(from, to, async () => {
    const hint = canvas.page.locator(".canvas-hint");
    assert.equal(await hint.textContent(), "Needs LATENT, got IMAGE. Drop to insert “VAE Encode”.");
  });
  const { nodes, links } = await canvas.graph();
  const inserted = Object.values(nodes).find(({ type }) => type === "VAEEncode");
  assert.ok(inserted);
  assert.ok(links.some((link) => link.from === "6" && link.to === inserted.id));
  assert.ok(links.some((link) => link.from === inserted.id && link.to === "5" && link.input === "latent_image"));
  assert.equal(await canvas.page.locator(".canvas-hint").isVisible(), false);
});

test("a wire dropped on the canvas asks for types that take it, and connects the one picked", async () => {
  const canvas = await open();
  await canvas.drag(await canvas.middle(canvas.port("6", "IMAGE", "out")), { x: 1250, y: 700 });
  const { palette } = await canvas.asked();
  assert.deepEqual(palette.filter, { type: "IMAGE", from: "output" });
  const hand = canvas.page.locator(".canvas-hand");
  assert.equal(await hand.isVisible(), true, "the wire is in sight while the palette is open");
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
  assert.equal(await hand.isVisible(), false);
  await canvas.drag(await canvas.middle(canvas.port("6", "IMAGE", "out")), { x: 1250, y: 700 });
  await canvas.page.evaluate(() => /** @type {any} */ (window).harness.asked.palette.onCancel());
  assert.equal(await hand.isVisible(), false);
});

test("a frame selects, Shift adds, Alt takes away", async () => {
  const canvas = await open();
  const a = await canvas.node("6").boundingBox(), b = await canvas.node("7").boundingBox();
  assert.ok(a && b);
  await canvas.drag({ x: a.x - 10, y: a.y - 15 }, { x: a.x + 30, y: a.y + a.height + 15 });
  assert.deepEqual((await canvas.graph()).selected, ["6"]);
  await canvas.page.keyboard.down("Shift");
  await canvas.drag({ x: b.x + 30, y: b.y - 15 }, { x: b.x + 60, y: b.y + 20 });
  await canvas.page.keyboard.up("Shift");
  assert.deepEqual((await canvas.graph()).selected, ["6", "7"]);
  await canvas.page.keyboard.down("Alt");
  await canvas.drag({ x: a.x - 10, y: a.y - 15 }, { x: a.x + 30, y: a.y + 20 });
  await canvas.page.keyboard.up("Alt");
  assert.deepEqual((await canvas.graph()).selected, ["7"]);
});

test("the wheel pans, with Ctrl it zooms at the pointer; text is sharp once it settled", async () => {
  const canvas = await open();
  const camera = () => canvas.page.evaluate(() => /** @type {any} */ (window).harness.view.camera.state);
  await canvas.page.mouse.move(800, 800);
  const before = await camera();
  await canvas.page.mouse.wheel(0, 100);
  assert.ok(Math.abs((await camera()).y - before.y - 100 / before.zoom) < 1e-6);
  await canvas.page.keyboard.down("Control");
  await canvas.page.mouse.wheel(0, -100);
  await canvas.page.keyboard.up("Control");
  assert.ok((await camera()).zoom > before.zoom);
  await canvas.settled();
  const plane = await canvas.page.locator(".canvas-plane").evaluate((element) => /** @type {HTMLElement} */ (element).style.transform);
  assert.doesNotMatch(plane, /scale/);
});

test("copies go through the clipboard with their wires, and Alt+drag leaves the original", async () => {
  const canvas = await open();
  await canvas.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await canvas.clickTitle("5");
  await canvas.page.locator(".node[data-node='6'] .node-title").click({ modifiers: ["Shift"] });
  await canvas.press("Control+C");
  await canvas.press("Control+V");
  let { nodes, links, selected } = await canvas.graph();
  assert.equal(Object.keys(nodes).length, 9);
  assert.equal(selected.length, 2);
  assert.ok(links.some((link) => selected.includes(link.from) && selected.includes(link.to)));
  await canvas.press("Control+Z");
  const from = await canvas.middle(canvas.node("4").locator(".node-title"));
  await canvas.page.mouse.move(from.x, from.y);
  await canvas.page.keyboard.down("Alt");
  await canvas.drag(from, { x: from.x + 260, y: from.y });
  await canvas.page.keyboard.up("Alt");
  ({ nodes, links, selected } = await canvas.graph());
  assert.equal(Object.keys(nodes).length, 8);
  assert.ok(nodes[selected[0] ?? ""].x > nodes["4"].x + 200);
  await canvas.press("Control+Z");
  assert.equal(Object.keys((await canvas.graph()).nodes).length, 7, "copying and moving the copy is one step");
});

test("a node dropped on a wire is put into it, and what follows makes room", async () => {
  const canvas = await open();
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
  const canvas = await open();
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

test("mute, bypass, collapse and delete go by keys, and all of it comes back", async () => {
  const canvas = await open();
  const start = await canvas.graph();
  await canvas.clickTitle("5");
  await canvas.press("Control+M");
  assert.match(await canvas.node("5").getAttribute("class") ?? "", /\bmute\b/);
  await canvas.press("Control+B");
  assert.match(await canvas.node("5").getAttribute("class") ?? "", /\bbypass\b/);
  await canvas.press("Alt+C");
  assert.equal((await canvas.node("5").boundingBox())?.height.toFixed(0), (30 * (await zoomOf(canvas))).toFixed(0));
  await canvas.press("Delete");
  assert.equal("5" in (await canvas.graph()).nodes, false);
  for (let step = 0; step < 4; step += 1) await canvas.press("Control+Z");
  const { nodes, links } = await canvas.graph();
  assert.deepEqual(nodes, start.nodes);
  assert.deepEqual(links.map(({ id }) => id).sort(), start.links.map(({ id }) => id).sort());
});

/** @param {CanvasPage} canvas @returns {Promise<number>} */
function zoomOf(canvas) {
  return canvas.page.evaluate(() => /** @type {any} */ (window).harness.view.camera.zoom);
}

test("a group is made, named, holds what is dropped in it, and moves as one", async () => {
  const canvas = await open();
  await canvas.clickTitle("2");
  await canvas.node("3").locator(".node-title").click({ modifiers: ["Shift"] });
  await canvas.press("Control+G");
  await canvas.press("F2");
  await canvas.page.keyboard.type("Prompts");
  await canvas.press("Enter");
  let [group] = (await canvas.graph()).groups;
  assert.equal(group?.title, "Prompts");
  assert.deepEqual([...group?.nodes ?? []].sort(), ["2", "3"]);
  const start = await canvas.graph();
  const title = await canvas.page.evaluate(() => {
    const { view, tab } = /** @type {any} */ (window).harness;
    const [one] = tab.doc.root.groups.values();
    return view.toClient({ x: one.x + 150, y: one.y + 10 });
  });
  await canvas.drag(title, { x: title.x + 20, y: title.y - 30 });
  const moved = await canvas.graph();
  assert.notEqual(moved.nodes["2"].y, start.nodes["2"].y);
  assert.equal(moved.nodes["2"].y - start.nodes["2"].y, moved.nodes["3"].y - start.nodes["3"].y);
  await canvas.press("Control+Shift+G");
  assert.equal((await canvas.graph()).groups.length, 0);
  [group] = (await canvas.graph()).groups;
  assert.equal(group, undefined);
});

test("a subgraph is made, opened by double click, left by Esc, and taken apart", async () => {
  const canvas = await open();
  await canvas.clickTitle("5");
  await canvas.node("6").locator(".node-title").click({ modifiers: ["Shift"] });
  await canvas.press("Control+Shift+E");
  const [instance] = (await canvas.graph()).selected;
  assert.ok(instance);
  await canvas.node(instance).locator(".node-title").dblclick();
  await canvas.settled();
  let graph = await canvas.graph();
  assert.deepEqual(graph.path, [instance]);
  assert.ok("5" in graph.nodes);
  assert.equal(await canvas.page.locator(".canvas-breadcrumb button").count(), 2);
  await canvas.press("Escape");
  assert.deepEqual((await canvas.graph()).path, []);
  assert.deepEqual((await canvas.graph()).selected, [instance]);
  await canvas.page.evaluate(() => /** @type {any} */ (window).harness.app.commands.execute("subgraph.unpack"));
  graph = await canvas.graph();
  assert.equal(Object.keys(graph.nodes).length, 7);
  assert.equal(graph.links.length, 9);
});

test("the keyboard goes from node to node, says so, edits and comes back", async () => {
  const canvas = await open();
  await canvas.clickTitle("5");
  await canvas.press("Alt+ArrowRight");
  assert.deepEqual((await canvas.graph()).selected, ["6"]);
  assert.equal(await canvas.page.locator(".canvas-said").textContent(), "1 selected: VAE Decode");
  await canvas.press("ArrowRight");
  assert.deepEqual((await canvas.graph()).selected, ["7"]);
  await canvas.press("Enter");
  const inField = () => canvas.page.evaluate(() => document.activeElement instanceof HTMLInputElement || document.activeElement instanceof HTMLTextAreaElement);
  assert.equal(await inField(), true);
  await canvas.press("Delete");
  assert.ok("7" in (await canvas.graph()).nodes, "keys in a field edit the field");
  await canvas.press("Escape");
  assert.equal(await inField(), false);
  await canvas.press("Tab");
  assert.ok((await canvas.asked()).palette);
});

test("a tap of Space opens the palette; held, it pans and opens none", async () => {
  const canvas = await open();
  await canvas.page.mouse.move(600, 780);
  await canvas.page.locator(".canvas-root").focus();
  await canvas.page.keyboard.down("Space");
  await canvas.drag({ x: 600, y: 780 }, { x: 700, y: 700 });
  await canvas.page.keyboard.up("Space");
  assert.equal((await canvas.asked()).palette, null);
  await canvas.press("Space");
  assert.ok((await canvas.asked()).palette);
});

test("keys of an input method are never commands", async () => {
  const canvas = await open();
  await canvas.clickTitle("5");
  const session = await canvas.page.context().newCDPSession(canvas.page);
  const field = canvas.node("2").locator("textarea");
  await field.focus();
  await session.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 });
  await canvas.page.evaluate(() => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", {
    key: "Delete", bubbles: true, cancelable: true, isComposing: true,
  })));
  await session.send("Input.insertText", { text: "你好" });
  assert.equal(await field.inputValue(), "你好");
  assert.equal(Object.keys((await canvas.graph()).nodes).length, 7);
  await canvas.page.evaluate(() => {
    const root = /** @type {HTMLElement} */ (document.querySelector(".canvas-root"));
    root.focus();
    root.dispatchEvent(new KeyboardEvent("keydown", { key: "Delete", keyCode: 229, bubbles: true }));
  });
  assert.equal(Object.keys((await canvas.graph()).nodes).length, 7);
});

test("markup in names, notes and results stays text", async () => {
  const canvas = await open();
  const evil = "<img src=x onerror=\"window.hacked=true\"><script>window.hacked=true</script>";
  await canvas.page.evaluate((text) => {
    const { tab, view } = /** @type {any} */ (window).harness;
    tab.edit("x", (/** @type {any} */ tx) => {
      tx.updateNode("root", "5", { title: text });
      tx.addNode("root", { type: text, x: 740, y: 500, width: 200, height: 100, mode: "normal", inputs: [{ key: text, name: text, type: text }], outputs: [], values: {}, properties: {} });
      tx.addNode("root", { type: "MarkdownNote", x: 1000, y: 300, width: 240, height: 160, mode: "normal", inputs: [], outputs: [], values: { text: `${text} [x](javascript:alert(1))` }, properties: {} });
      tx.addGroup("root", { title: text, notes: text, x: 0, y: 400, width: 200, height: 200, nodes: [], groups: [] });
    });
    tab.run.update("5", { state: "error", error: { severity: "error", code: "x", message: text } });
    view.fit();
  }, evil);
  await canvas.settled();
  assert.equal(await canvas.node("5").locator(".node-title").textContent(), evil);
  assert.equal(await canvas.page.evaluate(() => "hacked" in window), false);
  assert.equal(await canvas.page.locator(".node script").count(), 0);
  assert.equal(await canvas.page.locator(".node [onerror]").count(), 0);
  assert.equal(await canvas.page.locator(".node a[href^='javascript']").count(), 0);
});

test("what a run does is shown on its nodes, and only there", async () => {
  const canvas = await open();
  await canvas.settled();
  const before = await canvas.stats();
  await canvas.page.evaluate(() => {
    const { run } = /** @type {any} */ (window).harness.tab;
    run.update("5", { state: "running", value: 5, max: 20 });
    run.update("1", { state: "cached" });
    run.update("6", { state: "done", seconds: 1.25 });
  });
  await canvas.node("6").locator(".node-badge", { hasText: "1.3 s" }).waitFor();
  assert.equal(await canvas.node("5").locator(".node-badge").textContent(), "5/20");
  assert.equal(await canvas.node("1").locator(".node-badge").textContent(), "cached");
  assert.equal(await canvas.node("5").getAttribute("data-run"), "running");
  const now = await canvas.stats();
  assert.equal(now["paints"], before["paints"], "no canvas is painted for progress");
  assert.equal(now["frames"], before["frames"]);
});

test("from afar boxes stand for nodes; near again bodies come back", async () => {
  const canvas = await open();
  await canvas.lookAt(700, 300, 0.2);
  assert.equal((await canvas.stats())["mounted"], 0);
  await canvas.lookAt(700, 300, 0.8);
  assert.ok((await canvas.stats())["mounted"] > 3);
});

test("from afar a result is still seen on its node, with nothing mounted", async () => {
  const canvas = await open();
  await canvas.lookAt(1430, 250, 0.2);
  const brightest = () => canvas.page.evaluate(() => {
    const { view } = /** @type {any} */ (window).harness;
    const { x, y, width, height } = view.shown.scene.nodes.get("7").rect;
    const { canvas: ground, context, area, zoom, ratio } = view.stage.ground;
    const corner = { x: (x - area.x) * zoom * ratio, y: (y - area.y) * zoom * ratio };
    if (corner.x < 0 || corner.x > ground.width) throw new Error("The node is not in view.");
    return Math.max(...context.getImageData(corner.x + 4, corner.y + 20, width * zoom * ratio - 8, height * zoom * ratio - 24).data
      .filter((/** @type {number} */ _, /** @type {number} */ at) => at % 4 !== 3));
  });
  assert.ok(await brightest() < 100);
  await canvas.page.evaluate(() => {
    const { app, tab } = /** @type {any} */ (window).harness;
    app.api.viewUrl = () => "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'><rect width='64' height='64' fill='%23fff'/></svg>";
    tab.run.update("7", { state: "done", outputs: { images: [{ filename: "x.png" }] } });
  });
  await canvas.page.waitForFunction(() => {
    const { view } = /** @type {any} */ (window).harness;
    return view.thumbnails.of(view.shown.tab.run.get("7"));
  });
  await canvas.settled();
  assert.ok(await brightest() > 250);
  assert.equal((await canvas.stats())["mounted"], 0);
});

test("a picture hangs below its node only as far as there is room, and is small in the header else", async () => {
  const canvas = await open();
  await canvas.page.evaluate(() => {
    const { app, tab } = /** @type {any} */ (window).harness;
    app.api.viewUrl = () => "/styles/icon.svg";
    tab.run.update("5", { state: "done", seconds: 3, outputs: { images: [{ filename: "x.png" }] } });
  });
  const picture = canvas.node("5").locator(".node-preview");
  await picture.locator("img").waitFor();
  assert.match(await picture.getAttribute("class") ?? "", /\bbelow\b/);
  await canvas.page.evaluate(() => {
    const { tab, view } = /** @type {any} */ (window).harness;
    const { x, y, height } = view.shown.scene.nodes.get("5").rect;
    tab.edit("x", (/** @type {any} */ tx) => tx.updateNode("root", "6", { x, y: y + height + 30 }));
  });
  await canvas.node("5").locator(".node-header .node-preview.small img").waitFor();
  const shown = await picture.boundingBox(), next = await canvas.node("6").boundingBox();
  assert.ok(shown && next && shown.y + shown.height < next.y);
});

test("the slowest node's time is tinted most, and says its share", async () => {
  const canvas = await open();
  await canvas.page.evaluate(() => {
    const { run } = /** @type {any} */ (window).harness.tab;
    run.update("5", { state: "done", seconds: 9 });
    run.update("6", { state: "done", seconds: 1 });
  });
  await canvas.node("6").locator(".node-badge[title]").waitFor();
  const heat = (/** @type {string} */ id) => canvas.node(id).locator(".node-badge").evaluate((badge) =>
    [badge.style.getPropertyValue("--heat"), badge.getAttribute("title")]);
  assert.deepEqual(await heat("5"), ["90%", "90 % of the time of the run."]);
  assert.deepEqual(await heat("6"), ["10%", "10 % of the time of the run."]);
});

test("a field that is being written in stays while the view moves away", async () => {
  const canvas = await open("graph=200");
  await canvas.lookAt(500, 400, 1);
  const field = canvas.page.locator(".node input[type='text'], .node input:not([type])").first();
  await field.focus();
  const id = await field.evaluate((element) => /** @type {HTMLElement} */ (element.closest(".node")).dataset["node"]);
  await canvas.lookAt(3500, 3000, 1);
  assert.equal(await canvas.node(id ?? "").count(), 1);
  assert.equal(await field.evaluate((element) => element === document.activeElement), true);
});

test("every command has a name in both languages", async () => {
  for (const language of ["en", "zh"]) {
    const canvas = await open(`graph=empty&language=${language}`);
    const unnamed = await canvas.page.evaluate(() => {
      const { app } = /** @type {any} */ (window).harness;
      return app.commands.list().map((/** @type {any} */ command) => command.title).filter((/** @type {string} */ title) => !app.i18n.has(title));
    });
    assert.deepEqual(unnamed, []);
  }
});

test("a new note is written in at once; an empty one says how", async () => {
  const canvas = await open();
  await canvas.page.mouse.move(300, 780);
  await canvas.press("n");
  await canvas.page.keyboard.type("# Mind\n*this*");
  await canvas.press("Escape");
  const note = canvas.page.locator(".node-note");
  await note.locator("h1", { hasText: "Mind" }).waitFor();
  assert.equal(await note.locator("em").textContent(), "this");
  await note.dblclick();
  await canvas.press("Control+A");
  await canvas.press("Delete");
  await canvas.press("Escape");
  assert.equal(await note.evaluate((element) => getComputedStyle(element, "::before").content), '"Double click to write"');
});

test("menus open where they were asked for and name what can be done", async () => {
  const canvas = await open();
  await canvas.node("5").locator(".node-title").click({ button: "right" });
  assert.deepEqual((await canvas.graph()).selected, ["5"]);
  assert.ok((await canvas.asked()).menu.includes("Run up to here"));
  assert.ok((await canvas.asked()).menu.includes("Help on this node"));
  await canvas.page.mouse.click(900, 800, { button: "right" });
  assert.ok((await canvas.asked()).menu.includes("Add a node…"));
});

test("two fingers zoom and move, and press nothing", async () => {
  const canvas = await open();
  const start = await zoomOf(canvas);
  await canvas.page.evaluate(() => {
    const root = /** @type {HTMLElement} */ (document.querySelector(".canvas-root"));
    /** @param {string} type @param {number} pointerId @param {number} clientX */
    const touch = (type, pointerId, clientX) => root.dispatchEvent(new PointerEvent(type, {
      bubbles: true, pointerId, pointerType: "touch", button: type === "pointermove" ? -1 : 0, clientX, clientY: 800,
    }));
    touch("pointerdown", 11, 700);
    touch("pointerdown", 12, 800);
    touch("pointermove", 12, 900);
    touch("pointerup", 12, 900);
    touch("pointerup", 11, 700);
  });
  assert.ok(Math.abs(await zoomOf(canvas) - 2 * start) < 1e-6);
  assert.deepEqual((await canvas.graph()).selected, []);
});

test("counters hold at 200 nodes: an idle canvas asks for nothing, a pan lays nothing out", async () => {
  const { page, session, errors } = await openCanvas(browser, server.url, "200");
  const broken = gatesOf(await runAll(page, session, { idleMs: 1500 })).filter((gate) => !gate.holds);
  assert.deepEqual(broken, []);
  assert.deepEqual(errors, []);
  await page.close();
});
