/** What the rows of all widgets share: the frame, the label, its words, and short remarks. */

import { element, uniqueId } from "../controls/dom.js";
import { plainText } from "../controls/markdown.js";

/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */

const REMARK_MS = 4000;

/**
 * The type name of the node a widget belongs to; "" when the node is gone.
 * @param {WidgetContext} context
 */
export function nodeTypeName({ tab, graphId, nodeId }) {
  return tab.doc.graph(graphId)?.nodes.get(nodeId)?.type ?? "";
}

/** @param {WidgetContext} context */
export function labelText(context) {
  const { app, input } = context;
  const label = app.i18n.inputLabel(nodeTypeName(context), input.name);
  const given = input.options["display_name"];
  return label === input.name && typeof given === "string" && given ? given : label;
}

/**
 * The frame of a widget.
 * @param {HTMLElement} parent
 * @param {WidgetContext} context
 * @param {string} kind for the style sheet
 * @returns {{ root: HTMLElement, label: HTMLLabelElement, id: string }} `id` for the control
 */
export function widgetRow(parent, context, kind) {
  const id = uniqueId("widget");
  const label = element("label", { class: "widget-label", for: id, id: `${id}-label` }, labelText(context));
  const tooltip = context.app.i18n.tooltip(nodeTypeName(context), context.input.name) || context.input.tooltip;
  const root = element("div", { class: `widget widget-${kind}`, title: tooltip ? plainText(tooltip) : null }, label);
  root.addEventListener("mousedown", keepFocusOff, { signal: context.signal });
  root.addEventListener("keydown", keepButtonKeys, { signal: context.signal });
  parent.append(root);
  return { root, label, id };
}

/**
 * A button pressed with the mouse takes no focus: the keys stay the canvas's. What was typed
 * elsewhere is taken over as when it is left.
 * @param {MouseEvent} event
 */
function keepFocusOff(event) {
  if (event.button !== 0 || !(event.target instanceof Element) || !event.target.closest("button")) return;
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** Keys that press a focused button, or leave it, are no commands of the canvas. @param {KeyboardEvent} event */
function keepButtonKeys(event) {
  const isKey = event.key === " " || event.key === "Enter" || event.key === "Tab";
  if (isKey && event.target instanceof HTMLButtonElement) event.stopPropagation();
}

/**
 * Keep what happens in a control from the canvas under it: a press on a widget drags no node, and
 * text is selected in it, not in the graph. Other buttons (middle: pan, right: menu) go through.
 * @param {HTMLElement} control
 * @param {AbortSignal} signal
 */
export function ownPresses(control, signal) {
  const keep = (/** @type {PointerEvent} */ event) => {
    if (event.button === 0) event.stopPropagation();
  };
  control.addEventListener("pointerdown", keep, { signal });
}

/**
 * Say something at a widget for a few seconds, also to screen readers.
 * @param {HTMLElement} anchor
 * @param {WidgetContext} context
 * @param {string} text
 * @param {"info" | "error"} [kind]
 */
export function remark(anchor, context, text, kind = "info") {
  const place = anchor.getBoundingClientRect();
  const bubble = element("div", { class: `widget-remark is-${kind}`, role: "status" }, text);
  bubble.style.left = `${Math.round(place.left)}px`;
  bubble.style.top = `${Math.round(place.bottom + 4)}px`;
  context.app.ui.overlay.append(bubble);
  const timer = setTimeout(() => bubble.remove(), REMARK_MS);
  const dismiss = () => {
    clearTimeout(timer);
    bubble.remove();
  };
  anchor.addEventListener("input", dismiss, { once: true });
  context.signal.addEventListener("abort", dismiss, { once: true });
}
