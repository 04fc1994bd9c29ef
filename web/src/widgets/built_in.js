/** The widgets that come with the editor. */

import { isControlled } from "../core/catalogue.js";
import { mountButton } from "./button.js";
import { mountColor } from "./color.js";
import { mountCombo } from "./combo.js";
import { Completions } from "./completion.js";
import { mountImageUpload } from "./image_upload.js";
import { multilineMount } from "./multiline.js";
import { mountNumber } from "./number.js";
import { WidgetRegistry } from "./registry.js";
import { mountSeed } from "./seed.js";
import { mountText } from "./text.js";
import { mountToggle } from "./toggle.js";

/** @type {import("../app_types.js").WidgetMount} */
function mountInteger(parent, context) {
  return isControlled(context.input) ? mountSeed(parent, context) : mountNumber(parent, context);
}

/**
 * @param {Completions} [completions] for prompts
 * @returns {WidgetRegistry} a registry that knows them all
 */
export function createWidgets(completions = new Completions()) {
  const widgets = new WidgetRegistry();
  widgets.register("int", mountInteger);
  widgets.register("float", mountNumber);
  widgets.register("slider", mountNumber);
  widgets.register("text", mountText);
  widgets.register("multiline", multilineMount(completions));
  widgets.register("toggle", mountToggle);
  widgets.register("combo", mountCombo);
  widgets.register("color", mountColor);
  widgets.register("image_upload", mountImageUpload);
  widgets.register("button", mountButton);
  return widgets;
}
