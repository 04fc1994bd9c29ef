/**
 * The object that scripts written for ComfyUI import from `/scripts/app.js`. It covers the hooks
 * and members most packs use, on top of our own parts; README.md beside it has the table.
 */

import { toApi } from "../../core/convert/to_api.js";
import { writeWorkflow } from "../../core/convert/write_canvas.js";
import { jsonText } from "../../core/json.js";
import { ComfyCanvas, ComfyGraph } from "./graph.js";
import { ComfyHooks } from "./hooks.js";
import { NodeObjects } from "./node_objects.js";
import { roundedCopy } from "./rounded.js";
import { ComfySettings } from "./settings.js";

/** @typedef {import("../../app_types.js").App} App */
/** @typedef {import("../../app_types.js").Tab} Tab */
/** @typedef {import("../../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("../host.js").ExtensionHost} ExtensionHost */
/** @typedef {import("./hooks.js").ComfyExtension} ComfyExtension */

export class ComfyApp {
  /**
   * @param {App} app
   * @param {ExtensionHost} host
   */
  constructor(app, host) {
    this.tessera = app;
    this.host = host;
    this.hooks = new ComfyHooks(host);
    this.nodes = new NodeObjects(this, this.hooks);
    this.graph = new ComfyGraph(this);
    this.canvas = new ComfyCanvas(this);
    this.ui = { settings: new ComfySettings(app), dialog: { show: (/** @type {string} */ text) => app.ui.toast("info", text) } };
    this.extensionManager = { setting: { get: (/** @type {string} */ id) => app.settings.get(id), set: (/** @type {string} */ id, /** @type {any} */ value) => app.settings.set(id, value) }, toast: { add: (/** @type {any} */ { severity, summary, detail }) => app.ui.toast(severity === "error" ? "error" : "info", [summary, detail].filter(Boolean).join(": ")) } };
  }

  get extensions() { return this.hooks.registered.map(({ extension }) => extension); }
  get runningNodeId() { return this.tessera.runs.jobs.get().find(({ phase }) => phase === "running")?.node ?? null; }
  get rootGraph() { return this.graph; }
  getPreviewFormatParam() { return ""; }
  getRandParam() { return `&rand=${Math.random()}`; }

  /** @param {ComfyExtension} extension */
  registerExtension(extension) {
    this.hooks.add(extension);
  }

  /** Call the hooks in the order of a page load; the scripts are there. */
  async start() {
    if (this.hooks.registered.length === 0) return;
    await this.hooks.all("init", this);
    this.#takeDeclarations();
    await this.#takeWidgets();
    const declared = await this.tessera.api.objectInfo();
    for (const [name, type] of this.tessera.catalogue.get()) {
      const legacy = this.nodes.declare(type);
      if (!Object.hasOwn(declared, name)) continue; // a type of the canvas alone: notes and the like
      for (const { pack, extension } of this.hooks.registered) {
        this.hooks.call(pack, "beforeRegisterNodeDef", extension, legacy, structuredClone(declared[name]), this);
      }
    }
    await this.hooks.all("setup", this);
    this.tessera.tabs.active.subscribe((tab) => this.nodes.watch(tab));
    this.nodes.watch(this.tessera.tabs.active.get());
  }

  /** Settings, commands and keys that extensions declare as data. */
  #takeDeclarations() {
    for (const { pack, extension } of this.hooks.registered) {
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
    for (const { pack, extension } of this.hooks.registered) {
      const made = await this.hooks.settled(pack, "getCustomWidgets", extension, this);
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
    const before = node?.widgets.length ?? 0;
    if (node) this.host.guard(pack).run(`the widget ${input.name}`, make, node, input.name, [input.type, input.options], this);
    const [widget] = node?.widgets.splice(before) ?? []; // it stands in the row, not below
    if (!widget) {
      element.textContent = jsonText(context.get());
      return { update: (value) => { element.textContent = jsonText(value); }, unmount() {} };
    }
    widget.value = context.get();
    widget.taken = (value) => context.set(value);
    const { control } = widget;
    control.addEventListener("change", () => context.set(widget.value), { signal });
    element.append(control);
    return { update: (value) => { widget.value = value; }, unmount() { control.remove(); } };
  }

  /**
   * The object of a node; made, with its hooks called, when first asked for.
   * @param {Tab} tab
   * @param {string} graphId
   * @param {NodeRecord} record
   */
  nodeOf(tab, graphId, record) {
    return this.nodes.nodeOf(tab, graphId, record);
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

/** @param {any} combo { key, ctrl, shift, alt } */
function keysOf({ key, ctrl, shift, alt }) {
  return [ctrl && "Mod", alt && "Alt", shift && "Shift", String(key).length === 1 ? String(key).toUpperCase() : key].filter(Boolean).join("+");
}
