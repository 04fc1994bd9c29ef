/** The widgets that come with the editor. */

import { mountCombo } from "./combo.js";
import { mountMultiline } from "./multiline.js";
import { mountNumber } from "./number.js";
import { WidgetRegistry } from "./registry.js";
import { mountText } from "./text.js";
import { mountToggle } from "./toggle.js";

/** @returns {WidgetRegistry} a registry that knows them all */
export function createWidgets() {
  const widgets = new WidgetRegistry();
  widgets.register("int", mountNumber);
  widgets.register("float", mountNumber);
  widgets.register("slider", mountNumber);
  widgets.register("text", mountText);
  widgets.register("multiline", mountMultiline);
  widgets.register("toggle", mountToggle);
  widgets.register("combo", mountCombo);
  return widgets;
}
