import assert from "node:assert/strict";
import { test } from "node:test";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { Doc } from "../../src/core/document.js";
import { createNode } from "../../src/core/nodes.js";
import { FLEXIBLE_HEIGHT, WIDGET_HEIGHT } from "../../src/core/node_layout.js";
import { createStore } from "../../src/core/store.js";
import { ComfyApi } from "../../src/extensions/comfy/api.js";
import { ComfyApp } from "../../src/extensions/comfy/app.js";
import { packOfStack } from "../../src/extensions/comfy/hooks.js";
import { ExtensionHost } from "../../src/extensions/host.js";
import { PREVIEWS_SETTING } from "../../src/state/runs.js";
import { Tab } from "../../src/state/tab.js";

const DECLARED = /** @type {any} */ ({
  Steps: {
    name: "Steps", display_name: "Steps", description: "", category: "test", python_module: "custom_nodes.mine",
    input: { required: { steps: ["INT", { default: 20 }], image: ["IMAGE"] } }, input_order: { required: ["steps", "image"] },
    output: ["IMAGE"], output_name: ["IMAGE"], output_is_list: [false], output_node: false,
  },
});

function comfyWithANode() {
  const doc = Doc.empty();
  const tab = new Tab(doc, { title: "t" });
  const catalogue = readObjectInfo(DECLARED);
  const type = catalogue.get("Steps");
  assert.ok(type);
  tab.edit("edit.add", (tx) => tx.addNode("root", { ...createNode(type, { x: 1, y: 2 }), id: "7" }));
  /** @type {{ [id: string]: any }} */
  const settings = {};
  /** @type {string[]} */
  const commands = [];
  /** @type {((data: any) => void)[]} */
  const listeners = [];
  const app = /** @type {any} */ ({
    catalogue: createStore(catalogue),
    tabs: { active: createStore(tab) },
    api: { objectInfo: async () => DECLARED, url: (/** @type {string} */ path) => path },
    settings: {
      get: (/** @type {string} */ id) => settings[id], define: (/** @type {any} */ { id, default: value }) => { settings[id] = value; },
      subscribe: () => () => {},
    },
    commands: { register: (/** @type {any} */ { keys }) => { commands.push(...keys); return () => {}; } },
    widgets: { register: () => () => {}, kinds: () => new Set() },
    socket: {
      clientId: "me", onPreview: () => () => {},
      on: (/** @type {string} */ _type, /** @type {(data: any) => void} */ listener) => { listeners.push(listener); return () => {}; },
    },
    ui: { toast: () => {} },
    i18n: { t: (/** @type {string} */ key) => key },
    runs: { jobs: createStore([]) },
  });
  const comfy = new ComfyApp(app, new ExtensionHost(app, { patience_ms: 40 }));
  return { comfy, tab, settings, commands, listeners, app };
}

test("hooks are called in the order of a page load, with classes that can be patched", async () => {
  const { comfy } = comfyWithANode();
  /** @type {string[]} */
  const called = [];
  comfy.registerExtension({
    name: "x",
    init: () => called.push("init"),
    getCustomWidgets: () => { called.push("getCustomWidgets"); return {}; },
    beforeRegisterNodeDef: (/** @type {any} */ nodeType, /** @type {any} */ nodeData) => {
      called.push(`before ${nodeData.name} ${nodeType.comfyClass}`);
      nodeType.prototype.onNodeCreated = function () {
        called.push(`created ${this.widgets.length}`);
        this.addWidget("button", "Press", null, () => called.push("pressed"));
      };
    },
    setup: () => called.push("setup"),
    nodeCreated: (/** @type {any} */ node) => called.push(`nodeCreated ${node.comfyClass}`),
  });
  await comfy.start();
  assert.deepEqual(called, [
    "init", "getCustomWidgets", "before Steps Steps", "setup", "created 1", "nodeCreated Steps",
  ]);
  const node = comfy.graph.getNodeById(7);
  assert.equal(node?.extras.length, 1);
  node?.extras[0]?.take(null);
  assert.equal(called.at(-1), "pressed");
});

test("values and places of nodes are the document's, and edits are undone as others", async () => {
  const { comfy, tab } = comfyWithANode();
  comfy.registerExtension({ name: "x" });
  await comfy.start();
  const node = comfy.graph.getNodeById("7");
  assert.ok(node);
  const [steps] = node.widgets;
  assert.ok(steps);
  assert.equal(steps.value, 20);
  /** @type {unknown[]} */
  const heard = [];
  steps.callback = (/** @type {unknown} */ value) => heard.push(value);
  steps.value = 30;
  assert.equal(tab.doc.root.nodes.get("7")?.values["steps"], 30);
  await Promise.resolve(); // the edit is through
  assert.deepEqual(heard, [30]);
  node.pos = [50, 60];
  assert.equal(tab.doc.root.nodes.get("7")?.x, 50);
  tab.undo();
  tab.undo();
  assert.equal(steps.value, 20);
  assert.deepEqual([...node.pos], [1, 2]);
});

test("removing a port takes its links along", async () => {
  const { comfy, tab } = comfyWithANode();
  comfy.registerExtension({ name: "x" });
  const type = comfy.tessera.catalogue.get().get("Steps");
  assert.ok(type);
  tab.edit("edit.add", (tx) => {
    tx.addNode("root", { ...createNode(type, { x: 300, y: 0 }), id: "8" });
    tx.connect("root", { from: "7", output: "IMAGE", to: "8", input: "image" });
  });
  await comfy.start();
  const node = comfy.graph.getNodeById("7");
  assert.equal(node?.outputs[0]?.links.length, 1);
  assert.equal(Object.values(comfy.graph.links)[0]?.target_id, "8");
  node?.removeOutput(0);
  assert.equal(tab.doc.root.links.size, 0);
  assert.equal(tab.doc.root.nodes.get("7")?.outputs.length, 0);
});

test("rows that scripts hide, and what they add below, are laid out so; what comes back is shown again", async () => {
  const { comfy, tab } = comfyWithANode();
  comfy.registerExtension({ name: "x" });
  await comfy.start();
  const node = comfy.graph.getNodeById("7");
  const [steps] = node?.widgets ?? [];
  assert.ok(node && steps);
  const fitting = async () => {
    await Promise.resolve(); // scripts are through
    const { hidden = new Set(), foot = 0 } = comfy.nodes.fittingOf(tab, "root", "7") ?? {};
    return [[...hidden], foot];
  };
  const high = Number(node.computeSize()[1]);
  for (const type of ["hidden", "converted-widget:1"]) {
    steps.type = type;
    assert.deepEqual(await fitting(), [["steps"], 0]);
    assert.equal(node.computeSize()[1], high - WIDGET_HEIGHT);
    steps.type = "number";
    assert.deepEqual(await fitting(), [[], 0]);
  }
  steps.hidden = true;
  assert.deepEqual(await fitting(), [["steps"], 0]);
  steps.hidden = false;
  steps.computeSize = () => [0, -4];
  assert.deepEqual(await fitting(), [["steps"], 0]);
  steps.computeSize = undefined;
  const added = node.addWidget("button", "Press", null, null);
  node.addWidget("customtext", "shown", "", null);
  assert.deepEqual(await fitting(), [[], WIDGET_HEIGHT + FLEXIBLE_HEIGHT]);
  node.setSize(node.computeSize());
  assert.equal(tab.doc.root.nodes.get("7")?.height, high + WIDGET_HEIGHT + FLEXIBLE_HEIGHT);
  added.type = "hidden";
  node.widgets.pop();
  node.setDirtyCanvas();
  assert.deepEqual(await fitting(), [[], 0]);
});

test("what a script does to a node that comes is a step of undo after it", async () => {
  const { comfy, tab } = comfyWithANode();
  comfy.registerExtension({ name: "x", nodeCreated: (/** @type {any} */ node) => node.setSize([400, 300]) });
  await comfy.start();
  const type = comfy.tessera.catalogue.get().get("Steps");
  assert.ok(type);
  tab.edit("edit.add", (tx) => tx.addNode("root", { ...createNode(type, { x: 300, y: 0 }), id: "8" }));
  await Promise.resolve();
  assert.equal(tab.doc.root.nodes.get("8")?.width, 400);
  tab.undo();
  assert.notEqual(tab.doc.root.nodes.get("8")?.width, 400);
  tab.undo();
  assert.equal(tab.doc.root.nodes.has("8"), false);
});

test("a node that goes takes what scripts still say of it along", async () => {
  const { comfy, tab } = comfyWithANode();
  comfy.registerExtension({ name: "x" });
  await comfy.start();
  const node = comfy.graph.getNodeById("7");
  node?.addWidget("button", "Press", null, null);
  tab.edit("edit.delete", (tx) => tx.removeNodes("root", ["7"]));
  await Promise.resolve();
  assert.equal(comfy.nodes.fittingOf(tab, "root", "7"), undefined);
  assert.equal(comfy.host.guard("mine").errors, 0);
});

test("settings, commands and keys declared as data become ours", async () => {
  const { comfy, settings, commands } = comfyWithANode();
  comfy.registerExtension({
    name: "x",
    settings: [{ id: "x.size", name: "Size", type: "number", defaultValue: 4 }],
    commands: [{ id: "x.go", label: "Go", function: () => {} }],
    keybindings: [{ commandId: "x.go", combo: { key: "g", ctrl: true, shift: true } }],
  });
  await comfy.start();
  assert.equal(settings["x.size"], 4);
  assert.deepEqual(commands, ["Mod+Shift+G"]);
});

test("a hook that throws or never ends keeps no other from being called", async () => {
  const { comfy } = comfyWithANode();
  const { error } = console;
  console.error = () => {};
  let isSetUp = false;
  comfy.registerExtension({ name: "bad", beforeRegisterNodeDef: () => { throw new Error("no"); }, setup: () => Promise.reject(new Error("no")) });
  comfy.registerExtension({ name: "waits", getCustomWidgets: () => new Promise(() => {}), setup: () => new Promise(() => {}) });
  comfy.registerExtension({ name: "good", setup: () => { isSetUp = true; } });
  try {
    await comfy.start();
    assert.ok(isSetUp);
    assert.equal(comfy.graph._nodes.length, 1);
  } finally {
    console.error = error;
  }
});

test("server messages reach those that listen", () => {
  const { app, listeners } = comfyWithANode();
  const api = new ComfyApi(app);
  /** @type {unknown[]} */
  const heard = [];
  api.addEventListener("mine.message", (event) => heard.push(/** @type {CustomEvent} */ (event).detail));
  api.addEventListener("executing", (event) => heard.push(/** @type {CustomEvent} */ (event).detail));
  listeners[0]?.({ text: "hello" });
  listeners[1]?.({ node: "3", display_node: "3" });
  assert.deepEqual(heard, [{ text: "hello" }, "3"]);
  assert.equal(api.apiURL("/prompt"), "/api/prompt");
});

test("a prompt that a script makes shows pictures as the editor's own do", async () => {
  const { app, settings } = comfyWithANode();
  /** @type {any[]} */
  const sent = [];
  app.api.queuePrompt = async (/** @type {any} */ request) => { sent.push(request); };
  const api = new ComfyApi(app);
  settings[PREVIEWS_SETTING] = true;
  await api.queuePrompt(0, { output: { 1: {} }, workflow: { nodes: [] } });
  settings[PREVIEWS_SETTING] = false;
  await api.queuePrompt(-1, { output: { 1: {} }, workflow: { nodes: [] } });
  const request = { prompt: { 1: {} }, client_id: "me" };
  assert.deepEqual(sent, [
    { ...request, front: false, extra_data: { extra_pnginfo: { workflow: { nodes: [] } }, preview_method: "auto" } },
    { ...request, front: true, extra_data: { extra_pnginfo: { workflow: { nodes: [] } }, preview_method: "none" } },
  ]);
});

test("the stack tells whose script speaks", () => {
  assert.equal(packOfStack("Error\n at http://127.0.0.1:8188/extensions/My%20Pack/js/a.js:3:5"), "My Pack");
  assert.equal(packOfStack("Error\n at /src/app.js:1:1"), undefined);
});
