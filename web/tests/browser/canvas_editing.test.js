/** Editing on the canvas in a browser: nodes, groups, subgraphs, notes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes } from "../harness/becomes.js";
import { useCanvases } from "../harness/canvas_page.js";

const canvases = useCanvases();

test("dragging a node moves it, in one step to undo; Esc breaks a drag off", async () => {
  const canvas = await canvases.open();
  const from = await canvas.middle(canvas.node("4").locator(".node-title"));
  const start = (await canvas.graph()).nodes["4"];
  await canvas.drag(from, { x: from.x + 120, y: from.y + 60 });
  const moved = (await canvas.graph()).nodes["4"];
  const { zoom } = await canvas.page.evaluate(() => /** @type {any} */ (window).harness.view.camera.state);
  assert.ok(Math.abs(moved.x - start.x - 120 / zoom) < 1 && Math.abs(moved.y - start.y - 60 / zoom) < 1);
  await canvas.press("Control+Z");
  await becomes(async () => (await canvas.graph()).nodes["4"], start);
  await canvas.drag(from, { x: from.x + 200, y: from.y }, () => canvas.press("Escape"));
  await becomes(async () => (await canvas.graph()).nodes["4"], start);
});

test("copies go through the clipboard with their wires, and Alt+drag leaves the original", async () => {
  const canvas = await canvases.open();
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
  await becomes(async () => Object.keys((await canvas.graph()).nodes).length, 7, "copying and moving the copy is one step");
});

test("mute, bypass, collapse and delete go by keys, and all of it comes back", async () => {
  const canvas = await canvases.open();
  const start = await canvas.graph();
  await canvas.clickTitle("5");
  await canvas.press("Control+M");
  await becomes(() => canvas.node("5").getAttribute("class"), /\bmute\b/);
  await canvas.press("Control+B");
  await becomes(() => canvas.node("5").getAttribute("class"), /\bbypass\b/);
  await canvas.press("Alt+C");
  const height = (30 * (await canvas.zoom())).toFixed(0);
  await becomes(async () => (await canvas.node("5").boundingBox())?.height.toFixed(0), height);
  await canvas.press("Delete");
  await becomes(async () => "5" in (await canvas.graph()).nodes, false);
  for (let step = 0; step < 4; step += 1) await canvas.press("Control+Z");
  const { nodes, links } = await canvas.graph();
  assert.deepEqual(nodes, start.nodes);
  assert.deepEqual(links.map(({ id }) => id).sort(), start.links.map(({ id }) => id).sort());
});

test("a group is made, named, holds what is dropped in it, and moves as one", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("2");
  await canvas.node("3").locator(".node-title").click({ modifiers: ["Shift"] });
  await canvas.press("Control+G");
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
  await becomes(async () => (await canvas.graph()).groups.length, 0);
  [group] = (await canvas.graph()).groups;
  assert.equal(group, undefined);
});

test("a duplicate is in the group of its original, what is pasted in the group it lies in, each as one step", async () => {
  const canvas = await canvases.open();
  await canvas.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await canvas.clickTitle("5");
  await canvas.press("Control+G");
  await canvas.press("Enter");
  const [start] = (await canvas.graph()).groups;
  await canvas.clickTitle("4"); // two clicks on one title would rename it
  await canvas.clickTitle("5");
  await canvas.press("Control+D");
  const { groups: [grown], selected: [copy] } = await canvas.graph();
  assert.deepEqual(grown.nodes, ["5", copy]);
  assert.ok(grown.width > start.width && grown.height > start.height, "the group grew");
  await canvas.press("Control+Z");
  await becomes(async () => (await canvas.graph()).groups, [start]);
  await canvas.clickTitle("4");
  await canvas.press("Control+C");
  const inside = await canvas.middle(canvas.node("5"));
  await canvas.page.mouse.move(inside.x, inside.y);
  await canvas.press("Control+V");
  const { groups: [joined], selected: [pasted] } = await canvas.graph();
  assert.deepEqual(joined.nodes, ["5", pasted]);
  await canvas.press("Control+Z");
  await becomes(async () => (await canvas.graph()).groups, [start]);
});

test("a node pulled larger makes its group grow, in one step to undo", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("6");
  await canvas.press("Control+G");
  const { nodes: start, groups: [before] } = await canvas.graph();
  const corner = await canvas.middle(canvas.node("6").locator("[data-part=resize]"));
  await canvas.drag(corner, { x: corner.x + 90, y: corner.y + 120 });
  const { nodes, groups: [grown] } = await canvas.graph();
  assert.ok(nodes["6"].height > start["6"].height + 50);
  assert.ok(grown.width > before.width + 50 && grown.height > before.height + 50);
  await canvas.press("Control+Z");
  await becomes(async () => (await canvas.graph()).groups, [before]);
});

test("a group carries a note in Markdown, in room of its own, which moves and is written by a double click", async () => {
  const canvas = await canvases.open();
  /** @param {string} words */
  const write = async (words) => {
    await canvas.page.evaluate((text) => void (/** @type {any} */ (window).harness.asked.words = text), words);
  };
  await canvas.clickTitle("2");
  await canvas.press("Control+G");
  const [before] = (await canvas.graph()).groups;
  await write("## Plan\n- *first* a long line of text that does not fit into the width of this group at all\n- then [more](https://example.org)");
  await canvas.page.evaluate(() => /** @type {any} */ (window).harness.app.commands.execute("group.notes"));
  const note = canvas.page.locator(".group-note");
  await note.locator("h2", { hasText: "Plan" }).waitFor();
  await becomes(() => note.locator("em").textContent(), "first");
  await canvas.settled();
  const [group] = (await canvas.graph()).groups;
  assert.ok(group.height > before.height + 60 && group.y < before.y, "the group grew upwards");
  const box = await note.boundingBox(), node = await canvas.node("2").boundingBox();
  assert.ok(box && node && box.y + box.height <= node.y, "no node lies on the text");
  await becomes(() => note.evaluate((element) => element.scrollHeight <= element.clientHeight + 1), true, "all of it is seen");
  const middle = await canvas.middle(note);
  await canvas.drag(middle, { x: middle.x + 60, y: middle.y }, async () => {
    await canvas.settled();
    const held = await note.boundingBox();
    assert.ok(held && Math.abs(held.x - box.x - 60) < 2, "the text is dragged along");
  });
  await write("");
  await canvas.page.mouse.dblclick(middle.x + 60, middle.y);
  await note.waitFor({ state: "detached" });
  await becomes(async () => (await canvas.graph()).groups[0].notes, undefined);
  for (let step = 0; step < 4; step += 1) await canvas.press("Control+Z");
  await becomes(async () => (await canvas.graph()).groups.length, 0);
});

test("a group's note has the room its text takes, in any script: none is cut off, little is left", async () => {
  const canvas = await canvases.open();
  const texts = [
    "One short line.",
    "A sentence that goes on and on, ".repeat(6),
    "## Plan\n\nFirst the **composition**, then the *light*.\n\n- one\n- two that is longer than the others and wraps\n  - inside\n\nAt last `fp8` and [a page](https://example.org/with/a/very/long/address/that/is/not/shown).",
    "先用低分辨率确定构图，再放大到两倍；人物的眼睛需要单独修复。".repeat(3),
    "混合 mixed 文字：先 `KSampler` 二十步，然后 VAE 解码，\n第二行。",
    "構図を決めてから、光を調整する。「夕暮れ」の色はオレンジ。".repeat(2),
    "Steps:\n1. load\n2. sample\n\n```\nseed = 42\nsteps = 20\n```\nDone.",
    "averyveryverylongwordwithoutanyspaceinit_".repeat(4),
  ];
  const found = await canvas.page.evaluate(async (all) => {
    const [{ notesHeight }, { showMarkdown }] = await Promise.all([
      import(/** @type {any} */ ("/src/render/group_notes.js")), import(/** @type {any} */ ("/src/controls/markdown.js")),
    ]);
    const results = [];
    for (const notes of all) {
      for (const width of [180, 320, 700]) {
        const element = document.createElement("div");
        element.className = "group-note";
        element.style.width = `${width}px`;
        document.querySelector(".canvas-root")?.append(element);
        await showMarkdown(element, notes, { breaks: true });
        results.push({ notes, width, room: notesHeight({ notes, width }), needed: element.offsetHeight });
        element.remove();
      }
    }
    return results;
  }, texts);
  assert.equal(found.length, 3 * texts.length);
  for (const { notes, width, room, needed } of found) {
    const wanted = Math.min(needed, 480);
    assert.ok(room >= wanted - 1 && room <= wanted + 20 + 0.06 * wanted, `${room} for ${needed} at ${width}: ${notes}`);
  }
});

test("a new group's name is open for writing: Esc keeps the one it has, no letter is a command", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("2");
  await canvas.press("Control+G");
  const field = canvas.page.locator(".group-title-field");
  await canvas.page.locator(".group-title-field:focus").waitFor();
  await becomes(() => canvas.page.evaluate(() => String(getSelection())), "Group", "what is typed replaces it");
  await canvas.page.keyboard.type("xnp ");
  await canvas.press("Escape");
  await field.waitFor({ state: "detached" });
  const { groups: [group], nodes } = await canvas.graph();
  assert.equal(group.title, "Group");
  assert.equal(Object.keys(nodes).length, 7);
  await canvas.press("F2");
  await becomes(() => field.inputValue(), "Group", "the keys are the canvas's again");
});

test("the notes of a group are written at once: Enter makes a line, Ctrl+Enter keeps them", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("2");
  await canvas.press("Control+G");
  await canvas.press("Enter");
  await canvas.page.evaluate(async () => {
    const { app } = /** @type {any} */ (window).harness;
    app.ui.dialog = (await import(new URL("/src/ui/dialogs.js", location.href).href)).showDialog;
    app.commands.execute("group.notes");
  });
  await canvas.page.locator("dialog textarea:focus").waitFor();
  await canvas.page.keyboard.type("plan x\nthen n");
  await canvas.press("Control+Enter");
  await canvas.page.locator("dialog").waitFor({ state: "detached" });
  await becomes(async () => (await canvas.graph()).groups[0].notes, "plan x\nthen n");
});

test("a subgraph is made, opened by double click, left by Esc, and taken apart", async () => {
  const canvas = await canvases.open();
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
  await becomes(() => canvas.page.locator(".canvas-breadcrumb button").count(), 2);
  await canvas.press("Escape");
  await becomes(async () => (await canvas.graph()).path, []);
  await becomes(async () => (await canvas.graph()).selected, [instance]);
  await canvas.page.evaluate(() => /** @type {any} */ (window).harness.app.commands.execute("subgraph.unpack"));
  graph = await canvas.graph();
  assert.equal(Object.keys(graph.nodes).length, 7);
  assert.equal(graph.links.length, 9);
});

test("several selected subgraphs are taken apart in one step, other nodes stay", async () => {
  const canvas = await canvases.open();
  /** @type {string[]} */
  const made = [];
  for (const id of ["5", "6"]) {
    await canvas.clickTitle(id);
    await canvas.press("Control+Shift+E");
    made.push(...(await canvas.graph()).selected);
  }
  await canvas.press("Control+A");
  await canvas.page.evaluate(() => /** @type {any} */ (window).harness.app.commands.execute("subgraph.unpack"));
  const { nodes, selected } = await canvas.graph();
  assert.equal(Object.keys(nodes).length, 7);
  assert.equal(selected.length, 2);
  assert.ok(made.every((id) => !(id in nodes)));
  await canvas.press("Control+Z");
  await becomes(async () => Object.keys((await canvas.graph()).nodes).filter((id) => made.includes(id)).sort(), made.sort());
});

test("a subgraph shows the values inside that its inputs stand for, and steps go on from them", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("5");
  await canvas.press("Control+Shift+E");
  const [instance] = (await canvas.graph()).selected;
  assert.ok(instance);
  /** @param {string} name @param {unknown} value */
  const setInside = (name, value) => canvas.page.evaluate(([id, input, given]) => {
    const { tab } = /** @type {any} */ (window).harness;
    const definition = tab.doc.root.nodes.get(id).type;
    tab.edit("x", (/** @type {any} */ tx) => tx.setValue(definition, "5", input, given));
  }, /** @type {const} */ ([instance, name, value]));
  await setInside("steps", 6);
  await canvas.page.evaluate(async (id) => {
    const { tab, app } = /** @type {any} */ (window).harness;
    const path = "/src/core/subgraph_ports.js";
    const { promoteInput } = await import(path);
    const definition = tab.doc.root.nodes.get(id).type;
    for (const name of ["steps", "sampler_name"]) {
      tab.edit("x", (/** @type {any} */ tx) => promoteInput(tx, definition, "5", name, app.catalogue.get()));
    }
  }, instance);
  await canvas.settled();
  const widget = (/** @type {string} */ name) => canvas.node(instance).locator(`[data-widget="${name}"]`);
  const steps = widget("steps").locator("input");
  await becomes(() => steps.inputValue(), "6");
  await becomes(() => widget("sampler_name").textContent(), /euler/);
  await setInside("steps", 8);
  await canvas.settled();
  await becomes(() => steps.inputValue(), "8");
  await steps.focus();
  await canvas.page.keyboard.press("ArrowUp");
  await becomes(() => steps.inputValue(), "9");
  await canvas.press("Control+Z");
  await becomes(() => steps.inputValue(), "8");
});

test("a new note is written in at once; an empty one says how", async () => {
  const canvas = await canvases.open();
  await canvas.page.mouse.move(300, 780);
  await canvas.press("n");
  await canvas.page.keyboard.type("# Mind\n*this*");
  await canvas.press("Escape");
  const note = canvas.page.locator(".node-note");
  await note.locator("h1", { hasText: "Mind" }).waitFor();
  await becomes(() => note.locator("em").textContent(), "this");
  await note.dblclick();
  await canvas.press("Control+A");
  await canvas.press("Delete");
  await canvas.press("Escape");
  await becomes(() => note.evaluate((element) => getComputedStyle(element, "::before").content), '"Double click to write"');
});

test("bypassing says when a node passes nothing on, and is silent when it does", async () => {
  const canvas = await canvases.open();
  await canvas.clickTitle("5");
  await canvas.press("Control+B");
  await becomes(async () => (await canvas.asked()).toasts, [], "the latent that comes in goes on");
  await canvas.press("Control+B");
  await canvas.clickTitle("6");
  await canvas.press("Control+B");
  await becomes(async () => (await canvas.asked()).toasts, [
    { kind: "warn", text: "Bypassed, “VAE Decode” passes nothing on from IMAGE: no wire of that type comes in." },
  ]);
  await canvas.press("Control+B");
  await becomes(async () => (await canvas.asked()).toasts.length, 1, "switched on again it is no matter");
});
