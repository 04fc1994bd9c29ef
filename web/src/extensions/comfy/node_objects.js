/** The objects that ComfyUI's scripts know nodes by, and what these are told of them. */

import { NodeFittings } from "./node_fittings.js";
import { legacyClass, LegacyNode } from "./nodes.js";
import { roundedValue } from "./rounded.js";

/** @typedef {import("../../app_types.js").Tab} Tab */
/** @typedef {import("../../ui/types.js").MenuItem} MenuItem */
/** @typedef {import("../../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("../../core/types.js").NodeType} NodeType */
/** @typedef {import("./app.js").ComfyApp} ComfyApp */
/** @typedef {import("./hooks.js").ComfyHooks} ComfyHooks */

export class NodeObjects {
  /** @type {Map<string, typeof LegacyNode>} by type, after the scripts had them */
  #classes = new Map();
  /** @type {WeakMap<Tab, Map<string, LegacyNode>>} by graph and node */
  #objects = new WeakMap();
  /** @type {WeakSet<Tab>} */
  #watched = new WeakSet();

  /**
   * @param {ComfyApp} comfy
   * @param {ComfyHooks} hooks
   */
  constructor(comfy, hooks) {
    this.comfy = comfy;
    this.hooks = hooks;
    this.fittings = new NodeFittings(hooks.host);
  }

  /**
   * The class scripts may change before nodes are made of it.
   * @param {NodeType} type
   */
  declare(type) {
    const legacy = legacyClass(type);
    this.#classes.set(type.name, legacy);
    return legacy;
  }

  /** Follow what happens to a document's nodes. @param {Tab | null} tab */
  watch(tab) {
    if (!tab) return;
    for (const id of tab.doc.graphIds()) {
      for (const record of tab.doc.graph(id)?.nodes.values() ?? []) this.nodeOf(tab, id, record);
    }
    if (this.#watched.has(tab)) return;
    this.#watched.add(tab);
    // Scripts are told when the edit is through: what they change then is a later step of undo.
    tab.doc.subscribe((changes) => queueMicrotask(() => {
      for (const change of changes) if (change.kind === "node") this.#nodeChanged(tab, change);
    }));
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
    if (!tab.doc.graph(graph)?.nodes.has(id)) return; // gone again by now
    const node = this.nodeOf(tab, graph, after);
    if (!node || !before) return;
    for (const widget of node.widgets) {
      if (!widget.isExtra && before.values[widget.name] !== after.values[widget.name]) {
        node.guard(widget.name, () => widget.callback?.(roundedValue(after.values[widget.name]), this.comfy.canvas, node));
        node.bodyChanged();
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
    const node = this.comfy.graph.getNodeById(executionId.split(":").at(-1) ?? "");
    if (node && run.outputs) this.#hook(node, "onExecuted", run.outputs);
  }

  /**
   * The object of a node; made, with its hooks called, when first asked for.
   * @param {Tab} tab
   * @param {string} graphId
   * @param {NodeRecord} record
   */
  nodeOf(tab, graphId, record) {
    const legacy = this.#classes.get(record.type);
    const type = this.comfy.tessera.catalogue.get().get(record.type);
    const key = `${graphId} ${record.id}`;
    const known = this.#nodesOf(tab).get(key);
    if (known || !legacy || !type) return known;
    const node = new legacy(tab, graphId, record, type);
    this.#nodesOf(tab).set(key, node);
    node.graph = this.comfy.graph;
    node.bodyChanged = () => this.fittings.look(node);
    node.guard = (what, call) => { this.hooks.host.guard(this.#packOf(node)).run(`${node.type}.${what}`, call); };
    this.#hook(node, "onNodeCreated");
    for (const { pack, extension } of this.hooks.registered) this.hooks.call(pack, "nodeCreated", extension, node, this.comfy);
    node.bodyChanged();
    return node;
  }

  /** @param {Tab} tab @param {string} graphId @param {string} id */
  fittingOf(tab, graphId, id) {
    const node = this.#objects.get(tab)?.get(`${graphId} ${id}`);
    return node && this.fittings.of(node);
  }

  /** What the node's pack adds to its menu. @param {Tab} tab @param {string} graphId @param {string} id */
  menuOf(tab, graphId, id) {
    const node = this.#objects.get(tab)?.get(`${graphId} ${id}`);
    if (!node) return undefined;
    /** @type {any[]} */
    const options = [];
    this.#hook(node, "getExtraMenuOptions", this.comfy.canvas, options);
    return options.some(Boolean) ? { title: this.#packOf(node), items: menuItems(node, options) } : undefined;
  }

  /** @param {Tab} tab */
  #nodesOf(tab) {
    let nodes = this.#objects.get(tab);
    if (!nodes) this.#objects.set(tab, nodes = new Map());
    return nodes;
  }

  /**
   * @param {LegacyNode} node
   * @param {string} hook
   * @param {unknown[]} args
   */
  #hook(node, hook, ...args) {
    this.hooks.call(this.#packOf(node), hook, node, ...args);
    node.bodyChanged();
  }

  /** @param {LegacyNode} node */
  #packOf(node) {
    return node.nodeType.module.split(".")[1] ?? node.nodeType.module;
  }
}

/**
 * Entries of a menu as scripts write them: null draws a line.
 * @param {LegacyNode} node
 * @param {readonly any[]} options
 * @returns {MenuItem[]}
 */
function menuItems(node, options) {
  const shown = options.slice(0, options.findLastIndex(Boolean) + 1);
  return shown.map((option) => {
    if (!option) return { separator: true };
    const title = String(option.content ?? "");
    const inner = option.submenu?.options;
    if (Array.isArray(inner)) return { title, items: menuItems(node, inner) };
    return {
      title, disabled: option.disabled === true,
      run() {
        node.guard(title, () => option.callback?.(option, options, undefined, undefined, node));
        node.bodyChanged();
      },
    };
  });
}
