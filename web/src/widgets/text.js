/** One line of text. */

import { element } from "../controls/dom.js";
import { ownPresses, widgetRow } from "./row.js";
import { TextBinding } from "./text_binding.js";

/** @type {import("../app_types.js").WidgetMount} */
export function mountText(parent, context) {
  const { root, id } = widgetRow(parent, context, "text");
  const { placeholder } = context.input.options;
  const input = element("input", {
    id, type: "text", class: "widget-value", spellcheck: "false", autocomplete: "off",
    placeholder: typeof placeholder === "string" ? placeholder : null,
  });
  root.append(input);
  const binding = new TextBinding(input, context);
  ownPresses(root, context.signal);
  return {
    update: (value) => binding.update(value),
    focus: () => input.focus(),
    unmount: () => root.remove(),
  };
}
