/** What people may choose about the canvas. */

/** @import { Settings } from "../app_types.js" */

import { LINK_STYLE_SETTING } from "../render/view.js";
import { PREVIEWS_SETTING } from "../state/runs.js";
import { PRESETS } from "./navigation.js";

export const NAVIGATION_SETTING = "Tessera.Canvas.Navigation";
export const SNAP_SETTING = "Tessera.Canvas.Snap";
export const GRID_SETTING = "Tessera.Canvas.GridStep";
export const MINIMAP_SETTING = "Tessera.Canvas.Minimap";

/** @param {Pick<Settings, "define">} settings */
export function defineCanvasSettings(settings) {
  settings.define({
    id: NAVIGATION_SETTING,
    type: "choice",
    default: "standard",
    title: "canvas.setting.navigation",
    section: "canvas.setting.section",
    choices: PRESETS.map((value) => ({ value, title: `canvas.setting.navigation.${value}` })),
  });
  settings.define({
    id: LINK_STYLE_SETTING,
    type: "choice",
    default: "curve",
    title: "canvas.setting.linkStyle",
    section: "canvas.setting.section",
    choices: ["curve", "straight", "angle"].map((value) => ({ value, title: `canvas.setting.linkStyle.${value}` })),
  });
  settings.define({
    id: SNAP_SETTING, type: "boolean", default: false, title: "canvas.setting.snap", section: "canvas.setting.section",
  });
  settings.define({
    id: GRID_SETTING, type: "number", default: 20, min: 5, max: 100, step: 5,
    title: "canvas.setting.grid", section: "canvas.setting.section",
  });
  settings.define({
    id: MINIMAP_SETTING, type: "boolean", default: true, title: "canvas.setting.minimap", section: "canvas.setting.section",
  });
  settings.define({
    id: PREVIEWS_SETTING, type: "boolean", default: true, title: "canvas.setting.previews", section: "canvas.setting.section",
  });
}
