/** What ComfyUI's scripts made of the bodies of nodes: rows they hid, controls they added. */

/** @typedef {import("../../app_types.js").NodeFitting} NodeFitting */
/** @typedef {import("../host.js").ExtensionHost} ExtensionHost */
/** @typedef {import("./nodes.js").LegacyNode} LegacyNode */

export class NodeFittings {
  /** @type {WeakMap<LegacyNode, NodeFitting>} those that differ from what a node has by itself */
  #known = new WeakMap();
  /** To be looked at when the script is through. @type {Set<LegacyNode>} */
  #due = new Set();

  /** @param {ExtensionHost} host */
  constructor(host) {
    this.host = host;
  }

  /** @param {LegacyNode} node */
  of(node) {
    return this.#known.get(node);
  }

  /** Look at a node once the script that runs is through: it may change many widgets. @param {LegacyNode} node */
  look(node) {
    if (this.#due.size === 0) queueMicrotask(() => this.#lookAtAll());
    this.#due.add(node);
  }

  #lookAtAll() {
    const due = [...this.#due];
    this.#due.clear();
    for (const node of due) node.guard("computeSize", () => this.#lookAt(node));
  }

  /** @param {LegacyNode} node */
  #lookAt(node) {
    if (!node.isThere) return; // a script may speak of it later than the document
    const known = this.#known.get(node);
    const fitting = fittingOf(node);
    if (sameFitting(known ?? NONE, fitting)) return;
    this.#known.set(node, fitting);
    for (const listener of this.host.fittingListeners) listener(node.tab, node.graphId, node.key);
  }
}

/** @type {NodeFitting} */
const NONE = { hidden: new Set(), controls: [], foot: 0 };

/** @param {LegacyNode} node @returns {NodeFitting} */
function fittingOf(node) {
  const controls = node.extras.map((widget) => new Control(widget));
  return { hidden: new Set(node.hiddenInputs), controls, foot: controls.reduce((sum, { height }) => sum + height, 0) };
}

/** @param {NodeFitting} one @param {NodeFitting} other */
function sameFitting(one, other) {
  return one.hidden.size === other.hidden.size && [...one.hidden].every((name) => other.hidden.has(name))
    && one.controls.length === other.controls.length
    && one.controls.every(({ key, height }, at) => other.controls[at]?.key === key && other.controls[at]?.height === height);
}

/** An added widget as the canvas places it; its element is made when its node comes into view. */
class Control {
  /** @param {import("./widgets.js").LegacyWidget} widget */
  constructor(widget) {
    this.key = widget;
    this.height = widget.height;
    this.grows = widget.isDom;
  }

  get element() { return this.key.control; }
}
