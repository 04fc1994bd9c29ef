/** Buttons for the zoom, with the zoom itself; and what an empty canvas says. */

/** @import { App } from "../app_types.js" */
/** @import { CanvasView } from "./view.js" */

import { make, setText } from "./dom.js";

/** @param {App} app @param {CanvasView} view */
export function addZoomBar(app, view) {
  const bar = make("div", "canvas-bar");
  bar.setAttribute("role", "toolbar");
  /** @type {(() => void)[]} */
  const names = [];
  /** @param {string} command @param {string} text */
  const add = (command, text) => {
    const button = make("button", "", text);
    button.type = "button";
    names.push(() => {
      button.title = app.i18n.t(`commands.${command}`);
      button.setAttribute("aria-label", button.title);
    });
    button.addEventListener("click", () => app.commands.execute(command));
    bar.append(button);
    return button;
  };
  add("view.zoomOut", "−");
  const zoom = add("view.zoomReset", "100%");
  add("view.zoomIn", "+");
  add("view.fitAll", "⤢");
  const empty = make("div", "canvas-empty");
  empty.hidden = true; // until a graph without nodes is drawn
  const say = () => {
    for (const name of names) name();
    empty.replaceChildren(make("strong", "", app.i18n.t("canvas.empty.title")), make("span", "", app.i18n.t("canvas.empty.help")));
  };
  say();
  app.i18n.language.subscribe(say);
  view.root.append(bar, empty);
  view.onFrame(() => {
    setText(zoom, `${Math.round(view.camera.zoom * 100)}%`);
    empty.hidden = (view.shown?.scene.nodes.size ?? 1) > 0;
  });
}
