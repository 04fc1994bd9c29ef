/**
 * Nodes as scripts written for ComfyUI see them: objects with `widgets`, `inputs`, `pos`, … whose
 * fields read and write our records. One object a node, so that what a script hangs on it stays.
 */

import { LegacyWidget } from "./widgets.js";

/** @typedef {import("../../app_types.js").Tab} Tab */
/** @typedef {import("../../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("../../core/types.js").NodeType} NodeType */
/** @typedef {import("../../core/types.js").Json} Json */

const MODES = /** @type {const} */ (["normal", "event", "mute", "trigger", "bypass"]);

/** The class scripts patch: `nodeType.prototype.onNodeCreated = …`. One subclass a node type. */
export class LegacyNode {
  /** The type's name, on the class and, for scripts that look there, on the node. */
  static comfyClass = "";
  static title = "";

  /**
   * @param {Tab} tab
   * @param {string} graphId
   * @param {NodeRecord} record
   * @param {NodeType} type
   */
  constructor(tab, graphId, record, type) {
    this.tab = tab;
    this.graphId = graphId;
    this.id = /^\d+$/.test(record.id) ? Number(record.id) : record.id;
    this.key = record.id;
    this.nodeType = type;
    this.flags = {};
    /** Extra elements a script put on the node, in order. @type {LegacyWidget[]} */
    this.extras = [];
    /** @type {LegacyWidget[]} */
    this.widgets = type.inputs
      .filter(({ widget }) => widget !== undefined)
      .map((input) => new LegacyWidget(this, input.name, input.widget ?? "custom", { options: input.options }));
  }

  get record() {
    const record = this.tab.doc.graph(this.graphId)?.nodes.get(this.key);
    if (!record) throw new Error(`Node ${this.key} is no longer there.`);
    return record;
  }

  get type() { return this.nodeType.name; }
  get comfyClass() { return this.nodeType.name; }
  get title() { return this.record.title ?? this.nodeType.title; }
  set title(title) { this.change({ title: String(title) }); }
  get mode() { return MODES.indexOf(this.record.mode); }
  set mode(mode) { this.change({ mode: MODES[mode] ?? "normal" }); }
  get properties() { return this.record.properties; }
  get pos() { return [this.record.x, this.record.y]; }
  set pos([x, y]) { this.change({ x: Number(x), y: Number(y) }); }
  get size() { return [this.record.width, this.record.height]; }
  set size(size) { this.setSize(size); }
  get color() { return this.record.color; }
  set color(color) { this.change(color === undefined ? {} : { color }); }
  get bgcolor() { return this.record.bgcolor; }
  set bgcolor(bgcolor) { this.change(bgcolor === undefined ? {} : { bgcolor }); }

  get inputs() {
    const graph = this.tab.doc.graph(this.graphId);
    return this.record.inputs.map(({ key, name, type, label }) => ({
      name, type, label, link: graph?.linkInto(this.key, key)?.id ?? null,
    }));
  }

  get outputs() {
    const links = [...this.tab.doc.graph(this.graphId)?.linksOf(this.key) ?? []];
    return this.record.outputs.map(({ key, name, type, label }) => ({
      name, type, label,
      links: links.filter((link) => link.from === this.key && link.output === key).map(({ id }) => id),
    }));
  }

  /** @param {Partial<NodeRecord>} fields */
  change(fields) {
    this.tab.edit("edit.extension", (tx) => tx.updateNode(this.graphId, this.key, fields), {
      mergeKey: `extension ${this.key}`,
    });
  }

  /** @param {readonly number[]} size */
  setSize([width, height]) {
    this.change({ width: Math.max(60, Number(width)), height: Math.max(30, Number(height)) });
  }

  computeSize() { return this.size; }
  setDirtyCanvas() { /* our canvas draws what changed by itself */ }

  /**
   * @param {string} type "button", "number", "text", "combo", "toggle"
   * @param {string} name
   * @param {any} value
   * @param {any} callback function, or name of a property
   * @param {any} [options]
   */
  addWidget(type, name, value, callback, options = {}) {
    const widget = new LegacyWidget(this, name, type, { options, value, callback, extra: true });
    this.widgets.push(widget);
    this.extras.push(widget);
    return widget;
  }

  /**
   * @param {string} name
   * @param {string} type
   * @param {HTMLElement} element
   * @param {any} [options]
   */
  addDOMWidget(name, type, element, options = {}) {
    const widget = new LegacyWidget(this, name, type, { options, extra: true, element });
    this.widgets.push(widget);
    this.extras.push(widget);
    return widget;
  }

  /** @param {string} name @param {string} type */
  addInput(name, type) {
    this.change({ inputs: [...this.record.inputs, { key: freeKey(this.record.inputs, name), name, type: String(type) }] });
  }

  /** @param {string} name @param {string} type */
  addOutput(name, type) {
    this.change({ outputs: [...this.record.outputs, { key: freeKey(this.record.outputs, name), name, type: String(type) }] });
  }

  /** @param {number} index */
  removeInput(index) {
    this.#removePort("inputs", "input", index);
  }

  /** @param {number} index */
  removeOutput(index) {
    this.#removePort("outputs", "output", index);
  }

  /**
   * @param {"inputs" | "outputs"} list
   * @param {"input" | "output"} end
   * @param {number} index
   */
  #removePort(list, end, index) {
    const port = this.record[list][index];
    if (!port) return;
    const links = [...this.tab.doc.graph(this.graphId)?.linksOf(this.key) ?? []];
    const node = end === "input" ? "to" : "from";
    this.tab.edit("edit.extension", (tx) => {
      for (const link of links) {
        if (link[node] === this.key && link[end] === port.key) tx.disconnect(this.graphId, link.id);
      }
      tx.updateNode(this.graphId, this.key, { [list]: this.record[list].filter((other) => other !== port) });
    });
  }
}

/**
 * @param {NodeType} type
 * @returns {typeof LegacyNode} the class that scripts patch for this type
 */
export function legacyClass(type) {
  const legacy = class extends LegacyNode {};
  return Object.assign(legacy, { comfyClass: type.name, title: type.title, category: type.category });
}

/**
 * @param {readonly { key: string }[]} ports
 * @param {string} name
 */
function freeKey(ports, name) {
  let key = name;
  for (let count = 2; ports.some((port) => port.key === key); count += 1) key = `${name}#${count}`;
  return key;
}
