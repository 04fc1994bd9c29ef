/**
 * Text of many lines: completions while typing, and Ctrl+Up or Ctrl+Down to change the weight of
 * words in a prompt.
 */

import { element, isComposing, on } from "../controls/dom.js";
import { CompletionMenu } from "./completion_menu.js";
import { changeWeight } from "./prompt_weight.js";
import { labelText, ownPresses, widgetRow } from "./row.js";
import { TextBinding } from "./text_binding.js";

/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */

/** How much Ctrl+Up adds to the weight of words. */
export const WEIGHT_STEP_SETTING = "Tessera.Prompt.WeightStep";
/** Whether prompts are completed while typing. */
export const COMPLETION_SETTING = "Tessera.Prompt.Completion";

/**
 * @param {import("./completion.js").Completions} completions
 * @returns {import("../app_types.js").WidgetMount}
 */
export function multilineMount(completions) {
  return (parent, context) => {
    const { root, label, id } = widgetRow(parent, context, "multiline");
    const { placeholder } = context.input.options;
    const { i18n, settings } = context.app;
    const area = element("textarea", {
      id, class: "widget-area", spellcheck: "false", autocomplete: "off", rows: 2,
      placeholder: typeof placeholder === "string" && placeholder ? placeholder : labelText(context),
    });
    label.classList.add("visually-hidden");
    root.append(area);
    const binding = new TextBinding(area, context);
    const menu = new CompletionMenu(area, {
      completions,
      label: i18n.t("widgets.text.completions"),
      isEnabled: () => settings.get(COMPLETION_SETTING) === true,
      onPick: (word, text) => binding.replace(word.start, word.end, text),
      signal: context.signal,
    });
    on(area, "keydown", (event) => onWeightKey(event, binding, context), context.signal);
    on(area, "wheel", keepWheel, context.signal, { passive: true });
    ownPresses(root, context.signal);
    return {
      update: (value) => binding.update(value),
      focus: () => area.focus(),
      unmount: () => {
        menu.close();
        root.remove();
      },
    };
  };
}

/** @param {KeyboardEvent} event @param {TextBinding} binding @param {WidgetContext} context */
function onWeightKey(event, binding, context) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const isWanted = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (direction === undefined || !isWanted || isComposing(event)) return;
  event.preventDefault();
  const area = /** @type {HTMLTextAreaElement} */ (binding.control);
  const by = direction * context.app.settings.get(WEIGHT_STEP_SETTING);
  const change = changeWeight(area.value, area.selectionStart, area.selectionEnd, by);
  if (!change) return;
  binding.replace(change.start, change.end, change.text);
  area.setSelectionRange(change.selection.start, change.selection.end);
}

/** A text that can scroll has the wheel while it is edited; else the canvas has it. @param {WheelEvent} event */
function keepWheel(event) {
  const area = /** @type {HTMLTextAreaElement} */ (event.currentTarget);
  const canScroll = area.scrollHeight > area.clientHeight;
  if (canScroll && document.activeElement === area && !event.ctrlKey && !event.metaKey) event.stopPropagation();
}
