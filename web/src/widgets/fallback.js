/**
 * The widget of an input nobody has a widget for: the value as JSON, to look at. It is edited where
 * its pack is installed; here nothing changes it.
 */

import { element } from "../controls/dom.js";
import { jsonText } from "../core/json.js";
import { widgetRow } from "./row.js";

/** @typedef {import("../core/types.js").Json} Json */

/**
 * @param {HTMLElement} parent
 * @param {import("../app_types.js").WidgetContext} context
 * @param {string} [problem] why the proper widget is not there
 * @returns {import("../app_types.js").WidgetHandle}
 */
export function mountFallback(parent, context, problem) {
  const { root, id } = widgetRow(parent, context, "fallback");
  const { t } = context.app.i18n;
  const value = element("output", { id, class: "widget-value" });
  root.append(value);
  root.title = problem ?? t("widgets.unknown", { kind: context.input.type });
  root.classList.toggle("is-invalid", problem !== undefined);
  /** @param {Json} shown */
  const update = (shown) => {
    value.textContent = typeof shown === "string" ? shown : jsonText(shown);
  };
  update(context.get());
  return { update, unmount: () => root.remove() };
}
