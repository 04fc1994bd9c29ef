/** What the canvas shows in a browser, near and from afar, and how the view moves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes } from "../harness/becomes.js";
import { gatesOf } from "../bench/gates.js";
import { openCanvas, runAll } from "../bench/scenarios.js";
import { useCanvases } from "../harness/canvas_page.js";

const canvases = useCanvases();

test("the wheel pans, with Ctrl it zooms at the pointer; text is sharp once it settled", async () => {
  const canvas = await canvases.open();
  const camera = () => canvas.page.evaluate(() => /** @type {any} */ (window).harness.view.camera.state);
  await canvas.page.mouse.move(800, 800);
  const before = await camera();
  await canvas.page.mouse.wheel(0, 100);
  await becomes(async () => Math.abs((await camera()).y - before.y - 100 / before.zoom) < 1e-6, true);
  await canvas.page.keyboard.down("Control");
  await canvas.page.mouse.wheel(0, -100);
  await canvas.page.keyboard.up("Control");
  await becomes(async () => (await camera()).zoom > before.zoom, true);
  await canvas.settled();
  const plane = await canvas.page.locator(".canvas-plane").evaluate((element) => getComputedStyle(element).transform);
  assert.match(plane, /^matrix\(1, 0, 0, 1, /);
});

test("markup in names, notes and results stays text", async () => {
  const canvas = await canvases.open();
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
  await becomes(() => canvas.node("5").locator(".node-title").textContent(), evil);
  await becomes(() => canvas.page.evaluate(() => "hacked" in window), false);
  await becomes(() => canvas.page.locator(".node script").count(), 0);
  await becomes(() => canvas.page.locator(".node [onerror]").count(), 0);
  await becomes(() => canvas.page.locator(".node a[href^='javascript']").count(), 0);
});

test("controls of packs stand right below the rows, and pictures below them", async () => {
  const canvas = await canvases.open();
  await canvas.page.evaluate(() => {
    const { app, tab } = /** @type {any} */ (window).harness;
    const element = document.createElement("button");
    const fitting = { hidden: new Set(), controls: [{ key: element, element, height: 30, grows: false }], foot: 30 };
    app.view.shown.scene.setFittings((/** @type {string} */ id) => (id === "7" ? fitting : undefined));
    tab.run.update("7", { state: "done", outputs: { images: [{ filename: "picture.png", type: "output", subfolder: "" }] } });
  });
  const node = canvas.node("7");
  await node.locator(".node-preview:visible").waitFor();
  /** @param {string} part Of the node; where it begins and ends below the node's top, at zoom 1. */
  const span = (part) => node.evaluate((element, selector) => {
    const found = /** @type {HTMLElement} */ (element.querySelector(selector));
    return [found.offsetTop, found.offsetTop + found.offsetHeight];
  }, part);
  await canvas.page.waitForFunction(() => {
    const preview = /** @type {HTMLElement | null} */ (document.querySelector('.node[data-node="7"] .node-preview'));
    const foot = /** @type {HTMLElement | null} */ (document.querySelector('.node[data-node="7"] .node-extras'));
    return preview && foot && preview.offsetTop >= foot.offsetTop + foot.offsetHeight;
  });
  const [top = 0, bottom = 0] = await span(".node-extras");
  const [pictureTop = 0] = await span(".node-preview");
  const rows = await node.evaluate((element) => Math.max(...[...element.querySelectorAll(".node-row")].map((row) => {
    const { top: y, height } = /** @type {HTMLElement} */ (row).style;
    return parseFloat(y) + parseFloat(height);
  })));
  assert.ok(top >= rows && top - rows < 12, `rows end at ${rows}, controls begin at ${top}`);
  assert.ok(pictureTop >= bottom);
});

test("the label of a row that is fed stands beside its socket, however high the row", async () => {
  const canvas = await canvases.open();
  await canvas.page.evaluate(() => {
    const { tab } = /** @type {any} */ (window).harness;
    tab.edit("x", (/** @type {any} */ tx) => {
      const id = tx.addNode("root", { type: "PrimitiveNode", x: 0, y: -200, width: 200, height: 80, mode: "normal", inputs: [], outputs: [{ key: "STRING", name: "STRING", type: "STRING" }], values: { value: "x" }, properties: {} });
      tx.updateNode("root", "2", { height: 320 });
      tx.connect("root", { from: id, output: "STRING", to: "2", input: "text" });
    });
  });
  await canvas.settled();
  const row = canvas.node("2").locator(".widget-row.fed");
  const [label, socket, whole] = await Promise.all([row.locator(".fed-label").boundingBox(), row.locator(".socket").boundingBox(), row.boundingBox()]);
  assert.ok(label && socket && whole && whole.height > 3 * socket.height);
  const middle = (/** @type {{ y: number, height: number }} */ box) => box.y + box.height / 2;
  assert.ok(Math.abs(middle(label) - middle(socket)) < 2, `label at ${middle(label)}, socket at ${middle(socket)}`);
});

test("what a run does is shown on its nodes, and only there", async () => {
  const canvas = await canvases.open();
  await canvas.settled();
  const before = await canvas.stats();
  await canvas.page.evaluate(() => {
    const { run } = /** @type {any} */ (window).harness.tab;
    run.update("5", { state: "running", value: 5, max: 20 });
    run.update("1", { state: "cached" });
    run.update("6", { state: "done", seconds: 1.25 });
  });
  await canvas.node("6").locator(".node-badge", { hasText: "1.3 s" }).waitFor();
  await becomes(() => canvas.node("5").locator(".node-badge").textContent(), "5/20");
  await becomes(() => canvas.node("1").locator(".node-badge").textContent(), "cached");
  await becomes(() => canvas.node("5").getAttribute("data-run"), "running");
  const now = await canvas.stats();
  assert.equal(now["paints"], before["paints"], "no canvas is painted for progress");
  assert.equal(now["frames"], before["frames"]);
});

test("another theme is seen in the small map at once", async () => {
  const canvas = await canvases.open();
  const colour = () => canvas.page.evaluate(() => {
    const map = /** @type {HTMLCanvasElement} */ (document.querySelector(".canvas-minimap canvas"));
    const { data } = /** @type {CanvasRenderingContext2D} */ (map.getContext("2d")).getImageData(0, 0, map.width, map.height);
    const at = data.findIndex((value, index) => index % 4 === 3 && value === 255);
    return [...data.slice(at - 3, at)].join(" ");
  });
  const dark = await colour();
  await canvas.page.evaluate(() => void (document.documentElement.dataset["theme"] = "light"));
  await canvas.settled();
  assert.notEqual(await colour(), dark);
});

test("from afar boxes stand for nodes; near again bodies come back", async () => {
  const canvas = await canvases.open();
  await canvas.lookAt(700, 300, 0.2);
  await becomes(async () => (await canvas.stats())["mounted"], 0);
  await canvas.lookAt(700, 300, 0.8);
  await becomes(async () => (await canvas.stats())["mounted"] > 3, true);
});

test("from afar a result is still seen on its node, with nothing mounted", async () => {
  const canvas = await canvases.open();
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
  await becomes(async () => await brightest() < 100, true);
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
  await becomes(async () => await brightest() > 250, true);
  await becomes(async () => (await canvas.stats())["mounted"], 0);
});

test("a picture hangs below its node only as far as there is room, and is small in the header else", async () => {
  const canvas = await canvases.open();
  await canvas.page.evaluate(() => {
    const { app, tab } = /** @type {any} */ (window).harness;
    app.api.viewUrl = () => "/styles/icon.svg";
    tab.run.update("5", { state: "done", seconds: 3, outputs: { images: [{ filename: "x.png" }] } });
  });
  const picture = canvas.node("5").locator(".node-preview");
  await picture.locator("img").waitFor();
  await becomes(() => picture.getAttribute("class"), /\bbelow\b/);
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
  const canvas = await canvases.open();
  await canvas.page.evaluate(() => {
    const { run } = /** @type {any} */ (window).harness.tab;
    run.update("5", { state: "done", seconds: 9 });
    run.update("6", { state: "done", seconds: 1 });
  });
  await canvas.node("6").locator(".node-badge[title]").waitFor();
  const heat = (/** @type {string} */ id) => canvas.node(id).locator(".node-badge").evaluate((badge) =>
    [badge.style.getPropertyValue("--heat"), badge.getAttribute("title")]);
  await becomes(() => heat("5"), ["90%", "90 % of the time of the run."]);
  await becomes(() => heat("6"), ["10%", "10 % of the time of the run."]);
});

test("a field that is being written in stays while the view moves away", async () => {
  const canvas = await canvases.open("graph=200");
  await canvas.lookAt(500, 400, 1);
  const field = canvas.page.locator(".node input[type='text'], .node input:not([type])").first();
  await field.focus();
  const id = await field.evaluate((element) => /** @type {HTMLElement} */ (element.closest(".node")).dataset["node"]);
  await canvas.lookAt(3500, 3000, 1);
  await becomes(() => canvas.node(id ?? "").count(), 1);
  await becomes(() => canvas.page.evaluate(() => /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest(".node"))?.dataset["node"]), id);
});

test("writing at the edge of the window shifts nothing: pointer and picture still agree", async () => {
  const canvas = await canvases.open();
  const { x, y, height } = (await canvas.graph()).nodes["2"];
  await canvas.lookAt(x + 500, y + height / 2 - 450, 1); // the lower edge cuts the text
  const area = canvas.node("2").locator("textarea");
  const box = await area.boundingBox();
  assert.ok(box && box.y < 890 && box.y + box.height > 905, "the field is cut by the edge");
  await canvas.page.mouse.click(box.x + 20, box.y + 5);
  for (let line = 0; line < 8; line += 1) await canvas.press("Enter");
  await canvas.page.keyboard.type("a castle far away");
  await canvas.settled();
  await becomes(() => canvas.page.evaluate(() => {
    let shift = 0;
    for (let at = document.activeElement?.parentElement; at; at = at.parentElement) shift += at.scrollTop + at.scrollLeft;
    return shift;
  }), 0);
  const after = await area.boundingBox();
  assert.deepEqual(after && [after.x, after.y], [box.x, box.y]);
  await becomes(() => area.inputValue(), /castle far away$/);
});

test("the ground has a dot of one pixel at each step of the grid, wherever the view is", async () => {
  const canvas = await canvases.open("graph=empty");
  await canvas.lookAt(13, 37, 1.5);
  await canvas.settled();
  const dots = await canvas.page.evaluate(() => {
    const { ground } = /** @type {any} */ (window).harness.view.stage;
    const { data, width, height } = ground.context.getImageData(0, 0, ground.canvas.width, ground.canvas.height);
    const pixels = new Uint32Array(data.buffer), count = new Map();
    for (const pixel of pixels) count.set(pixel, (count.get(pixel) ?? 0) + 1);
    const empty = [...count].sort(([, a], [, b]) => b - a)[0]?.[0];
    /** @type {{ x: number, y: number }[]} In graph units. */
    const found = [];
    pixels.forEach((pixel, at) => {
      const x = at % width, y = Math.floor(at / width);
      if (pixel !== empty) found.push({ x: ground.area.x + x / ground.zoom, y: ground.area.y + y / ground.zoom });
    });
    return { found, width, height, colours: count.size };
  });
  assert.equal(dots.colours, 2);
  const step = 30;
  assert.ok(Math.abs(dots.found.length / ((dots.width / step) * (dots.height / step)) - 1) < 0.05);
  const off = dots.found.filter(({ x, y }) => [x, y].some((at) => Math.abs(at / 20 - Math.round(at / 20)) > 0.05));
  assert.deepEqual(off, [], "dots lie where 20 graph units do");
});

test("a tab that is shown again has the same nodes, with what changed meanwhile", async () => {
  const canvas = await canvases.open();
  await canvas.settled();
  const before = await canvas.node("5").elementHandle();
  const change = (/** @type {boolean} */ away) => canvas.page.evaluate((isAway) => {
    const { tab, view, emptyTab } = /** @type {any} */ (window).harness;
    if (isAway) view.setTab(emptyTab());
    tab.edit("x", (/** @type {any} */ tx) => tx.setValue("root", "5", "steps", isAway ? 31 : 32));
    tab.run.update("5", { state: "running", value: isAway ? 3 : 4, max: 20 });
    view.setTab(tab);
  }, away);
  await change(true);
  const sampler = canvas.node("5");
  await sampler.waitFor();
  await becomes(() => sampler.evaluate((element, known) => element === known, before), true, "the node is not made anew");
  await becomes(() => sampler.locator("[data-widget=steps] input").inputValue(), "31");
  await sampler.locator(".node-badge", { hasText: "3/20" }).waitFor();
  await change(false);
  await sampler.waitFor();
  await becomes(() => sampler.locator("[data-widget=steps] input").inputValue(), "32");
});

test("what is taken away or rewired while another tab is shown is seen on the way back", async () => {
  const canvas = await canvases.open();
  await canvas.settled();
  await canvas.page.evaluate(() => {
    const { tab, view, emptyTab } = /** @type {any} */ (window).harness;
    view.setTab(emptyTab());
    tab.edit("x", (/** @type {any} */ tx) => {
      tx.removeNodes("root", ["7"]);
      tx.disconnect("root", tab.doc.root.linkInto("5", "model").id);
    });
    view.setTab(tab);
  });
  await canvas.node("5").waitFor();
  await canvas.settled();
  await becomes(() => canvas.node("7").count(), 0);
  await becomes(() => canvas.node("5").locator("[data-port=model].linked").count(), 0);
  await becomes(() => canvas.node("5").locator("[data-port=positive].linked").count(), 1);
});

test("two fingers zoom and move, and press nothing", async () => {
  const canvas = await canvases.open();
  const start = await canvas.zoom();
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
  await becomes(async () => Math.abs(await canvas.zoom() - 2 * start) < 1e-6, true);
  await becomes(async () => (await canvas.graph()).selected, []);
});

test("counters hold at 200 nodes: an idle canvas asks for nothing, a pan lays nothing out", async () => {
  const { page, session, errors } = await openCanvas(canvases.browser, canvases.url, "200");
  const broken = gatesOf(await runAll(page, session, { idleMs: 1500 })).filter((gate) => !gate.holds);
  assert.deepEqual(broken, []);
  assert.deepEqual(errors, []);
  await page.close();
});
