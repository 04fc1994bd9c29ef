/** The tools around the canvas: palette, library, parameters, help, settings, shortcuts, find. */

import { COMPLETION_SETTING, WEIGHT_STEP_SETTING } from "../widgets/multiline.js";
import { registerPromptSources } from "../widgets/prompt_sources.js";
import { acceptNodes } from "./drag_out.js";
import { findPanel, focusFind } from "./find_panel.js";
import { defineModelSettings, modelPanel } from "./model_browser.js";
import { helpPanel } from "./node_help.js";
import { libraryPanel } from "./node_library.js";
import { USAGE_SETTING } from "./node_search.js";
import { parameterPanel } from "./parameter_panel.js";
import { settingsPanel } from "./settings_panel.js";
import { shortcutsPanel } from "./shortcuts_panel.js";

/** @typedef {import("../app_types.js").App} App */

const PANELS = [libraryPanel, modelPanel, parameterPanel, helpPanel, findPanel, settingsPanel, shortcutsPanel];

/** Keys that open panels. Plain letters count only where no text is entered. @type {readonly [panel: string, keys: string[]][]} */
const PANEL_KEYS = [
  ["library", ["L"]],
  ["models", ["M"]],
  ["parameters", ["I"]],
  ["help", ["F1"]],
  ["settings", ["Mod+,"]],
  ["shortcuts", ["?", "Shift+?"]],
];

/**
 * Define the settings of these tools. Call once, before the settings are read.
 * @param {Pick<import("../app_types.js").Settings, "define">} settings
 */
export function defineToolSettings(settings) {
  settings.define({ id: USAGE_SETTING, type: "hidden", default: {}, title: "settings.usage" });
  defineModelSettings(/** @type {import("../app_types.js").Settings} */ (settings));
  settings.define({
    id: COMPLETION_SETTING, type: "boolean", default: true, title: "settings.completion", section: "settings.section.prompt",
  });
  settings.define({
    id: WEIGHT_STEP_SETTING, type: "number", default: 0.05, min: 0.01, max: 1, step: 0.01,
    title: "settings.weightStep", section: "settings.section.prompt",
  });
}

/**
 * Put the tools into the application.
 * @param {App} app
 * @param {{ completions: import("../widgets/completion.js").Completions, canvas: HTMLElement }} parts
 */
export function registerTools(app, { completions, canvas }) {
  for (const panel of PANELS) app.ui.panels.register(panel);
  for (const [panel, keys] of PANEL_KEYS) {
    app.commands.register({ id: `panel.${panel}`, keys, title: `panels.${panel}.title`, run: () => app.ui.panels.toggle(panel) });
  }
  app.commands.register({
    id: "panel.find", keys: ["Mod+F"], title: "panels.find.title",
    run: () => {
      app.ui.panels.open("find");
      focusFind();
    },
  });
  registerPromptSources(completions, app);
  acceptNodes(app, canvas);
}
