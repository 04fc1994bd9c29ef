/** Widgets as scripts written for ComfyUI see them, and the few they may add to a node. */

import { roundedValue } from "./rounded.js";

/** @typedef {import("../../core/types.js").Json} Json */
/** @typedef {import("./nodes.js").LegacyNode} LegacyNode */

/** @typedef {{ options?: any, value?: any, callback?: any, extra?: boolean, element?: HTMLElement }} Made */

export class LegacyWidget {
  /**
   * @param {LegacyNode} node
   * @param {string} name
   * @param {string} type
   * @param {Made} made
   */
  constructor(node, name, type, made) {
    this.node = node;
    this.name = name;
    this.type = type;
    this.options = made.options ?? {};
    this.callback = typeof made.callback === "function" ? made.callback : undefined;
    this.element = made.element;
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

  /** The artist changed it. @param {any} value */
  take(value) {
    this.own = value;
    this.taken?.(value);
    this.callback?.(value, undefined, this.node);
  }
}

/**
 * Build the control of an added widget.
 * @param {LegacyWidget} widget
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function controlOf(widget, signal) {
  if (widget.element) return widget.element;
  const make = CONTROLS[/** @type {keyof typeof CONTROLS} */ (widget.type)] ?? CONTROLS.text;
  return make(widget, signal);
}

const CONTROLS = {
  /** @type {(widget: LegacyWidget, signal: AbortSignal) => HTMLElement} */
  button(widget, signal) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = widget.options.label ?? widget.name;
    button.addEventListener("click", () => widget.take(widget.value), { signal });
    return button;
  },

  /** @type {(widget: LegacyWidget, signal: AbortSignal) => HTMLElement} */
  toggle(widget, signal) {
    const box = field(widget, "checkbox");
    box.input.checked = Boolean(widget.value);
    box.input.addEventListener("change", () => widget.take(box.input.checked), { signal });
    widget.show = (value) => { box.input.checked = Boolean(value); };
    return box.label;
  },

  /** @type {(widget: LegacyWidget, signal: AbortSignal) => HTMLElement} */
  number(widget, signal) {
    const box = field(widget, "number");
    box.input.step = "any";
    box.input.value = String(widget.value ?? 0);
    box.input.addEventListener("change", () => widget.take(box.input.valueAsNumber), { signal });
    widget.show = (value) => { box.input.value = String(value); };
    return box.label;
  },

  /** @type {(widget: LegacyWidget, signal: AbortSignal) => HTMLElement} */
  text(widget, signal) {
    const box = field(widget, "text");
    box.input.value = String(widget.value ?? "");
    box.input.addEventListener("change", () => widget.take(box.input.value), { signal });
    widget.show = (value) => { box.input.value = String(value); };
    return box.label;
  },

  /** @type {(widget: LegacyWidget, signal: AbortSignal) => HTMLElement} */
  combo(widget, signal) {
    const label = document.createElement("label");
    label.append(widget.name);
    const select = document.createElement("select");
    const values = typeof widget.options.values === "function" ? widget.options.values() : widget.options.values;
    for (const value of Array.isArray(values) ? values : []) select.add(new Option(String(value)));
    select.value = String(widget.value ?? "");
    select.addEventListener("change", () => widget.take(select.value), { signal });
    widget.show = (value) => { select.value = String(value); };
    label.append(select);
    return label;
  },
};

/**
 * @param {LegacyWidget} widget
 * @param {string} type
 */
function field(widget, type) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = type;
  label.append(widget.options.label ?? widget.name, input);
  return { label, input };
}
