/** Widgets as scripts written for ComfyUI see them, and the few they may add to a node. */

import { FLEXIBLE_HEIGHT, WIDGET_HEIGHT } from "../../core/node_layout.js";
import { buildControl, MULTILINE } from "./controls.js";
import { roundedValue } from "./rounded.js";

/** @typedef {import("../../core/types.js").Json} Json */
/** @typedef {import("./nodes.js").LegacyNode} LegacyNode */

/** @typedef {{ options?: any, value?: any, callback?: any, extra?: boolean, element?: HTMLElement }} Made */

/** Room for a script's own element that does not say how high it is, in pixels at zoom 1. */
const DOM_HEIGHT = 120;

export class LegacyWidget {
  #type;
  #hidden = false;
  /** @type {((width: number) => readonly number[]) | undefined} */
  #computeSize = undefined;
  /** @type {HTMLElement | undefined} */
  #control = undefined;

  /**
   * @param {LegacyNode} node
   * @param {string} name
   * @param {string} type
   * @param {Made} made
   */
  constructor(node, name, type, made) {
    this.node = node;
    this.name = name;
    this.#type = type;
    /** What it is, whatever a script calls it later. */
    this.kind = type;
    this.options = made.options ?? {};
    this.callback = typeof made.callback === "function" ? made.callback : undefined;
    this.#control = made.element;
    this.isDom = made.element !== undefined || type === MULTILINE;
    this.isExtra = made.extra === true;
    this.own = made.value;
    /** @type {((value: any) => void) | undefined} */
    this.show = undefined;
    /** Hears what the artist set, for inputs this widget draws. @type {((value: any) => void) | undefined} */
    this.taken = undefined;
  }

  /** A declared input's value is the document's; an added one's is the widget's own. */
  get value() {
    if (!this.isExtra) return roundedValue(this.node.record.values[this.name]);
    return this.options.getValue ? this.options.getValue() : this.own;
  }

  set value(value) {
    if (this.isExtra) {
      this.own = value;
      this.options.setValue?.(value);
      this.show?.(value);
      return;
    }
    const { tab, graphId, key } = this.node;
    tab.edit("edit.value", (tx) => tx.setValue(graphId, key, this.name, /** @type {Json} */ (value)));
  }

  /* Scripts hide a row by each of these three, and show it by setting it back. */

  get type() { return this.#type; }
  set type(type) {
    this.#type = type;
    this.node.bodyChanged();
  }

  get hidden() { return this.#hidden; }
  set hidden(hidden) {
    this.#hidden = hidden;
    this.node.bodyChanged();
  }

  get computeSize() { return this.#computeSize; }
  set computeSize(computeSize) {
    this.#computeSize = computeSize;
    this.node.bodyChanged();
  }

  get isShown() {
    const type = String(this.#type);
    return !this.#hidden && type !== "hidden" && !type.startsWith("converted-widget") && !(Number(this.#computed()) <= 0);
  }

  /** What an added widget needs of its node, in pixels at zoom 1. */
  get height() {
    if (!this.isDom) return WIDGET_HEIGHT;
    const said = [this.#computed(), this.options.getMinHeight?.(), this.options.getHeight?.()].map(Number);
    return said.find((height) => height > 0) ?? (this.kind === MULTILINE ? FLEXIBLE_HEIGHT : DOM_HEIGHT);
  }

  #computed() {
    return this.#computeSize?.(this.node.size[0] ?? 0)?.[1];
  }

  /** What stands in the page for an added widget: one element as long as there is the widget. */
  get control() {
    return this.#control ??= buildControl(this);
  }

  /** Where there is an element of its own that scripts may style. */
  get element() { return this.isDom ? this.control : undefined; }
  get inputEl() { return this.element; }

  /** The artist changed it. @param {any} value */
  take(value) {
    this.own = value;
    this.taken?.(value);
    this.node.guard(this.name, () => this.callback?.(value, undefined, this.node));
    this.node.bodyChanged();
  }
}
