/**
 * Nodes as scripts written for ComfyUI see them: objects with `widgets`, `inputs`, `pos`, … whose
 * fields read and write our records. One object a node, so that what a script hangs on it stays.
 */

import { layoutNode } from "../../core/node_layout.js";
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
    /** The graph it is in. @type {import("./graph.js").ComfyGraph | null} */
    this.graph = null;
    /** Told when widgets came, went, or are shown otherwise. */
    this.bodyChanged = () => {};
    /** Calls what a script hung on the node. @type {(what: string, call: () => void) => void} */
    this.guard = (_what, call) => call();
    /** Those of the node's inputs. @type {readonly LegacyWidget[]} */
    this.declared = type.inputs
      .filter(({ widget }) => widget !== undefined)
      .map((input) => new LegacyWidget(this, input.name, input.widget ?? "custom", { options: input.options }));
    /** Scripts change the list: what they take out of it is not shown. @type {LegacyWidget[]} */
    this.widgets = [...this.declared];
  }

  /** Controls that scripts added below the rows, in order. */
  get extras() { return this.widgets.filter(({ isExtra, isShown }) => isExtra && isShown); }

  /** Inputs whose rows scripts took away. */
  get hiddenInputs() {
    return this.declared.filter((widget) => !widget.isShown || !this.widgets.includes(widget)).map(({ name }) => name);
  }

  get isThere() { return this.tab.doc.graph(this.graphId)?.nodes.has(this.key) === true; }

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
    const size = { width: Math.max(60, Number(width)), height: Math.max(30, Number(height)) };
    if (size.width !== this.record.width || size.height !== this.record.height) this.change(size);
  }

  /** As wide as it is, as high as what it shows needs. */
  computeSize() {
    const hidden = new Set(this.hiddenInputs);
    const foot = this.extras.reduce((sum, { height }) => sum + height, 0);
    return [this.record.width, layoutNode(this.record, this.nodeType, { collapsed: false, hidden, foot }).minHeight];
  }

  /** Our canvas draws by itself what changed; scripts call this after changing the list of widgets. */
  setDirtyCanvas() { this.bodyChanged(); }

  /**
   * @param {string} type "button", "number", "slider", "text", "combo", "toggle", "customtext"
   * @param {string} name
   * @param {any} value
   * @param {any} callback function, or name of a property
   * @param {any} [options]
   */
  addWidget(type, name, value, callback, options = {}) {
    return this.#addWidget(new LegacyWidget(this, name, type, { options, value, callback, extra: true }));
  }

  /**
   * @param {string} name
   * @param {string} type
   * @param {HTMLElement} element
   * @param {any} [options]
   */
  addDOMWidget(name, type, element, options = {}) {
    return this.#addWidget(new LegacyWidget(this, name, type, { options, extra: true, element }));
  }

  /** @param {LegacyWidget} widget */
  #addWidget(widget) {
    this.widgets.push(widget);
    this.bodyChanged();
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
