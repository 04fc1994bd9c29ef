/** What the tools around the canvas remember. */

import { COMPLETION_SETTING, WEIGHT_STEP_SETTING } from "../widgets/multiline.js";
import { USAGE_SETTING } from "./node_search.js";

/** The folder that the model browser shows. */
export const FOLDER_SETTING = "Tessera.Models.Folder";

/**
 * Define the settings of these tools. Call once, before the settings are read.
 * @param {Pick<import("../app_types.js").Settings, "define">} settings
 */
export function defineToolSettings(settings) {
  settings.define({ id: USAGE_SETTING, type: "hidden", default: {}, title: "settings.usage" });
  settings.define({ id: FOLDER_SETTING, type: "hidden", default: "checkpoints", title: "settings.models" });
  settings.define({
    id: COMPLETION_SETTING, type: "boolean", default: true, title: "settings.completion", section: "settings.section.prompt",
  });
  settings.define({
    id: WEIGHT_STEP_SETTING, type: "number", default: 0.05, min: 0.01, max: 1, step: 0.01,
    title: "settings.weightStep", section: "settings.section.prompt",
  });
}
