/**
 * The object that scripts written for ComfyUI import from `/scripts/app.js`. It covers the hooks
 * and members most packs use, on top of our own parts; README.md beside it has the table.
 */

import { toApi } from "../../core/convert/to_api.js";
import { writeWorkflow } from "../../core/convert/write_canvas.js";
import { jsonText } from "../../core/json.js";
import { layoutNode, WIDGET_HEIGHT } from "../../core/node_layout.js";
import { within } from "../guard.js";
import { ComfyCanvas, ComfyGraph } from "./graph.js";
import { legacyClass, LegacyNode } from "./nodes.js";
import { roundedCopy, roundedValue } from "./rounded.js";
import { ComfySettings } from "./settings.js";
import { controlOf } from "./widgets.js";

/** @typedef {import("../../app_types.js").App} App */
/** @typedef {import("../../app_types.js").Tab} Tab */
/** @typedef {import("../../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("../host.js").ExtensionHost} ExtensionHost */
/** @typedef {{ name?: string, [hook: string]: any }} ComfyExtension */
/** @typedef {{ pack: string, extension: ComfyExtension }} Registered */

/** Room for a script's own element that does not say how high it is, in pixels at zoom 1. */
const DOM_HEIGHT = 120;

export class ComfyApp {
  /**
   * @param {App} app
   * @param {ExtensionHost} host
   */
  constructor(app, host) {
    this.tessera = app;
    this.host = host;
    /** @type {Registered[]} */
    this.registered = [];
    /** @type {Map<string, typeof LegacyNode>} by type, after the scripts had them */
    this.classes = new Map();
    /** @type {WeakMap<Tab, Map<string, LegacyNode>>} by graph and node */
    this.nodes = new WeakMap();
    /** @type {WeakSet<Tab>} */
    this.watched = new WeakSet();
    this.graph = new ComfyGraph(this);
    this.canvas = new ComfyCanvas(this);
    this.ui = { settings: new ComfySettings(app), dialog: { show: (/** @type {string} */ text) => app.ui.toast("info", text) } };
    this.extensionManager = { setting: { get: (/** @type {string} */ id) => app.settings.get(id), set: (/** @type {string} */ id, /** @type {any} */ value) => app.settings.set(id, value) }, toast: { add: (/** @type {any} */ { severity, summary, detail }) => app.ui.toast(severity === "error" ? "error" : "info", [summary, detail].filter(Boolean).join(": ")) } };
  }

  get extensions() { return this.registered.map(({ extension }) => extension); }
  get runningNodeId() { return this.tessera.runs.jobs.get().find(({ phase }) => phase === "running")?.node ?? null; }
  get rootGraph() { return this.graph; }
  getPreviewFormatParam() { return ""; }
  getRandParam() { return `&rand=${Math.random()}`; }

  /** @param {ComfyExtension} extension */
  registerExtension(extension) {
    const pack = packOfStack(new Error().stack ?? "") ?? extension.name ?? "?";
    this.registered.push({ pack, extension });
  }

  /** Call the hooks in the order of a page load; the scripts are there. */
  async start() {
    if (this.registered.length === 0) return;
    await this.#all("init", this);
    this.#takeDeclarations();
    await this.#takeWidgets();
    const declared = await this.tessera.api.objectInfo();
    for (const [name, type] of this.tessera.catalogue.get()) {
      const legacy = legacyClass(type);
      this.classes.set(name, legacy);
      if (!Object.hasOwn(declared, name)) continue; // a type of the canvas alone: notes and the like
      for (const { pack, extension } of this.registered) {
        this.#call(pack, "beforeRegisterNodeDef", extension, legacy, structuredClone(declared[name]), this);
      }
    }
    await this.#all("setup", this);
    this.tessera.tabs.active.subscribe((tab) => this.#watch(tab));
    this.#watch(this.tessera.tabs.active.get());
  }

  /** Settings, commands and keys that extensions declare as data. */
  #takeDeclarations() {
    for (const { pack, extension } of this.registered) {
      for (const setting of extension["settings"] ?? []) this.ui.settings.addSetting(setting);
      for (const { id, label, function: run } of extension["commands"] ?? []) {
        const bound = (extension["keybindings"] ?? []).filter((/** @type {any} */ { commandId }) => commandId === id);
        this.tessera.commands.register({
          id, title: label ?? id, keys: bound.map((/** @type {any} */ { combo }) => keysOf(combo)),
          run: () => this.host.guard(pack).run(id, run),
        });
      }
    }
  }

  /** Inputs of these types are drawn by what a script makes for them. */
  async #takeWidgets() {
    for (const { pack, extension } of this.registered) {
      const made = await this.#settled(pack, "getCustomWidgets", extension, this);
      for (const [type, make] of Object.entries(made ?? {})) {
        this.tessera.widgets.register(type, (element, context) => this.#customWidget(pack, make, element, context));
      }
    }
  }

  /**
   * @param {string} pack
   * @param {any} make (node, inputName, inputData, app) => { widget }
   * @param {HTMLElement} element
   * @param {import("../../app_types.js").WidgetContext} context
   * @returns {import("../../app_types.js").WidgetHandle}
   */
  #customWidget(pack, make, element, context) {
    const { tab, graphId, nodeId, input, signal } = context;
    const record = tab.doc.graph(graphId)?.nodes.get(nodeId);
    const node = record && this.nodeOf(tab, graphId, record);
    const before = node?.extras.length ?? 0;
    if (node) this.host.guard(pack).run(`the widget ${input.name}`, make, node, input.name, [input.type, input.options], this);
    const [widget] = node?.extras.splice(before) ?? [];
    if (!widget) {
      element.textContent = jsonText(context.get());
      return { update: (value) => { element.textContent = jsonText(value); }, unmount() {} };
    }
    widget.value = context.get();
    widget.taken = (value) => context.set(value);
    const control = controlOf(widget, signal);
    control.addEventListener("change", () => context.set(widget.value), { signal });
    element.append(control);
    return { update: (value) => { widget.value = value; }, unmount() { control.remove(); } };
  }

  /**
   * @param {string} hook
   * @param {unknown[]} args
   */
  async #all(hook, ...args) {
    await Promise.all(this.registered.map(({ pack, extension }) => this.#settled(pack, hook, extension, ...args)));
  }

  /**
   * Wait for a hook, as long as for a script: others do not wait for one that fails or never ends.
   * @param {string} pack
   * @param {string} hook
   * @param {any} owner
   * @param {unknown[]} args
   * @returns {Promise<any>} undefined when it failed
   */
  async #settled(pack, hook, owner, ...args) {
    const result = Promise.resolve(this.#call(pack, hook, owner, ...args));
    const told = result.catch(() => undefined); // by the guard, which watches it
    try {
      return await within(this.host.patience_ms, told);
    } catch (error) {
      this.host.guard(pack).failed(hook, error);
      return undefined;
    }
  }

  /**
   * @param {string} pack
   * @param {string} hook
   * @param {any} owner what has the hook
   * @param {unknown[]} args
   */
  #call(pack, hook, owner, ...args) {
    const call = owner[hook];
    return typeof call === "function" ? this.host.guard(pack).run(hook, call.bind(owner), ...args) : undefined;
  }

  /** @param {Tab | null} tab */
  #watch(tab) {
    if (!tab) return;
    for (const id of tab.doc.graphIds()) {
      for (const record of tab.doc.graph(id)?.nodes.values() ?? []) this.nodeOf(tab, id, record);
    }
    if (this.watched.has(tab)) return;
    this.watched.add(tab);
    tab.doc.subscribe((changes) => {
      for (const change of changes) if (change.kind === "node") this.#nodeChanged(tab, change);
    });
    tab.run.subscribeAll((ids) => { for (const id of ids) this.#nodeRan(tab, id); });
  }

  /**
   * @param {Tab} tab
   * @param {Extract<import("../../core/types.js").Change, { kind: "node" }>} change
   */
  #nodeChanged(tab, { graph, id, before, after }) {
    const nodes = this.#nodesOf(tab);
    if (!after) {
      const node = nodes.get(`${graph} ${id}`);
      nodes.delete(`${graph} ${id}`);
      if (node) this.#hook(node, "onRemoved");
      return;
    }
    const node = this.nodeOf(tab, graph, after);
    if (!node || !before) return;
    for (const widget of node.widgets) {
      if (!widget.isExtra && before.values[widget.name] !== after.values[widget.name]) {
        this.host.guard(this.#packOf(node)).run(`${node.type}.${widget.name}`, () => widget.callback?.(roundedValue(after.values[widget.name]), this.canvas, node));
      }
    }
  }

  /**
   * @param {Tab} tab
   * @param {string} executionId
   */
  #nodeRan(tab, executionId) {
    const run = tab.run.get(executionId);
    if (run?.state !== "done" && run?.state !== "cached") return;
    const node = this.graph.getNodeById(executionId.split(":").at(-1) ?? "");
    if (node && run.outputs) this.#hook(node, "onExecuted", run.outputs);
  }

  /**
   * The object of a node; made, with its hooks called, when first asked for.
   * @param {Tab} tab
   * @param {string} graphId
   * @param {NodeRecord} record
   */
  nodeOf(tab, graphId, record) {
    const legacy = this.classes.get(record.type);
    const type = this.tessera.catalogue.get().get(record.type);
    const key = `${graphId} ${record.id}`;
    const known = this.#nodesOf(tab).get(key);
    if (known || !legacy || !type) return known;
    const node = new legacy(tab, graphId, record, type);
    this.#nodesOf(tab).set(key, node);
    this.#hook(node, "onNodeCreated");
    for (const { pack, extension } of this.registered) this.#call(pack, "nodeCreated", extension, node, this);
    makeRoom(node, record, type);
    return node;
  }

  /** @param {Tab} tab */
  #nodesOf(tab) {
    let nodes = this.nodes.get(tab);
    if (!nodes) this.nodes.set(tab, nodes = new Map());
    return nodes;
  }

  /**
   * @param {LegacyNode} node
   * @param {string} hook
   * @param {unknown[]} args
   */
  #hook(node, hook, ...args) {
    this.#call(this.#packOf(node), hook, node, ...args);
  }

  /** @param {LegacyNode} node */
  #packOf(node) {
    return node.nodeType.module.split(".")[1] ?? node.nodeType.module;
  }

  /**
   * Fill a node's body with what scripts added to it.
   * @param {HTMLElement} element
   * @param {Tab} tab
   * @param {string} graphId
   * @param {NodeRecord} record
   * @param {AbortSignal} signal
   */
  mountExtras(element, tab, graphId, record, signal) {
    const node = this.nodeOf(tab, graphId, record);
    if (!node) return;
    element.append(...node.extras.map((widget) => controlOf(widget, signal)));
  }

  /** Queue the active tab. @param {number} [number] -1 for the front @param {number} [count] */
  async queuePrompt(number = 0, count = 1) {
    await this.tessera.runs.run({ front: number === -1, count });
  }

  async graphToPrompt() {
    const tab = this.#activeTab();
    const { prompt } = toApi(tab.doc, this.tessera.catalogue.get(), {});
    return roundedCopy({ workflow: writeWorkflow(tab.doc, this.tessera.catalogue.get()), output: prompt });
  }

  /** Always a new tab: what is open stays. @param {any} workflow */
  async loadGraphData(workflow) {
    this.tessera.tabs.open({ workflow });
  }

  /** @param {any} prompt @param {string} [title] */
  loadApiJson(prompt, title) {
    this.tessera.tabs.open({ workflow: prompt, ...(title !== undefined && { title }) });
  }

  #activeTab() {
    const tab = this.tessera.tabs.active.get();
    if (!tab) throw new Error("No workflow is open.");
    return tab;
  }
}

/**
 * Let a node be as high as the controls at its foot need.
 * @param {LegacyNode} node
 * @param {NodeRecord} record
 * @param {import("../../core/types.js").NodeType} type
 */
function makeRoom(node, record, type) {
  if (node.extras.length === 0 || record.collapsed) return;
  const feet = node.extras.map(({ element, options }) => (element ? options.getHeight?.() ?? DOM_HEIGHT : WIDGET_HEIGHT));
  const height = layoutNode(record, type).minHeight + feet.reduce((sum, one) => sum + Number(one), 0);
  if (record.height < height) node.change({ height });
}

/** @param {any} combo { key, ctrl, shift, alt } */
function keysOf({ key, ctrl, shift, alt }) {
  return [ctrl && "Mod", alt && "Alt", shift && "Shift", String(key).length === 1 ? String(key).toUpperCase() : key].filter(Boolean).join("+");
}

/**
 * The pack whose script calls, as the stack tells.
 * @param {string} stack
 */
export function packOfStack(stack) {
  const match = /\/extensions\/([^/\s]+)\//.exec(stack);
  return match?.[1] && match[1] !== "core" ? decodeURIComponent(match[1]) : undefined;
}
