/** Tells those who do not see the canvas what the keyboard selected. */

/** @import { App } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */

import { make, setText } from "../render/dom.js";
import { titleOf } from "../render/titles.js";

/** @param {App} app @param {CanvasView} view @returns {() => void} Says what is selected. */
export function createAnnouncer(app, view) {
  const element = make("div", "canvas-said");
  element.setAttribute("role", "status");
  view.root.append(element);
  return () => {
    const { shown } = view;
    const [id] = shown?.selection.nodes ?? [];
    const shape = id === undefined ? undefined : shown?.scene.nodes.get(id);
    if (!shown || !shape) return;
    const title = titleOf({ app, tab: shown.tab, scene: shown.scene }, shape);
    setText(element, app.i18n.t("canvas.live.selected", { count: shown.selection.nodes.size, title }));
  };
}
