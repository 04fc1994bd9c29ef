/** A button of a pack: pressing it tells the element it was mounted in ("widget-press", bubbling). */

import { element, on } from "../controls/dom.js";
import { labelText, ownPresses } from "./row.js";

/** @type {import("../app_types.js").WidgetMount} */
export function mountButton(parent, context) {
  const button = element("button", { type: "button", class: "widget widget-button" }, labelText(context));
  parent.append(button);
  const { graphId, nodeId, input } = context;
  on(button, "click", () => {
    const detail = { graphId, nodeId, input: input.name };
    button.dispatchEvent(new CustomEvent("widget-press", { bubbles: true, detail }));
  }, context.signal);
  ownPresses(button, context.signal);
  return { update() {}, focus: () => button.focus(), unmount: () => button.remove() };
}
