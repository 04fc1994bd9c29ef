/** Yes or no: a switch. */

import { element, on } from "../controls/dom.js";
import { ownPresses, widgetRow } from "./row.js";

/** @type {import("../app_types.js").WidgetMount} */
export function mountToggle(parent, context) {
  const { root, id } = widgetRow(parent, context, "toggle");
  const { options } = context.input;
  const button = element("button", { id, type: "button", class: "widget-switch", role: "switch" },
    element("span", { class: "widget-switch-text" }), element("span", { class: "widget-switch-track", "aria-hidden": "true" }));
  root.append(button);
  let value = false;
  const update = (/** @type {import("../core/types.js").Json} */ next) => {
    value = next === true;
    button.setAttribute("aria-checked", String(value));
    const words = options[value ? "label_on" : "label_off"];
    const usual = context.app.i18n.t(value ? "widgets.toggle.on" : "widgets.toggle.off");
    /** @type {HTMLElement} */ (button.firstElementChild).textContent = typeof words === "string" && words ? words : usual;
  };
  on(button, "click", () => {
    const next = !value;
    context.set(next);
    update(next);
  }, context.signal);
  ownPresses(root, context.signal);
  update(context.get());
  return { update, focus: () => button.focus(), unmount: () => root.remove() };
}
