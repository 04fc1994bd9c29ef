/** Text of many lines. */

import { element } from "../controls/dom.js";
import { labelText, ownPresses, widgetRow } from "./row.js";
import { TextBinding } from "./text_binding.js";

/** @type {import("../app_types.js").WidgetMount} */
export function mountMultiline(parent, context) {
  const { root, label, id } = widgetRow(parent, context, "multiline");
  const { placeholder } = context.input.options;
  const area = element("textarea", {
    id, class: "widget-text", spellcheck: "false", autocomplete: "off", rows: 2,
    placeholder: typeof placeholder === "string" && placeholder ? placeholder : labelText(context),
  });
  label.classList.add("visually-hidden");
  root.append(area);
  const binding = new TextBinding(area, context);
  ownPresses(root, context.signal);
  return {
    update: (value) => binding.update(value),
    focus: () => area.focus(),
    unmount: () => root.remove(),
  };
}
