/** What the canvas says: beside the cursor, and to those who do not see it. */

/** @import { App } from "../app_types.js" */
/** @import { Point } from "../core/types.js" */
/** @import { CanvasView } from "../render/view.js" */

import { make, setText } from "../render/dom.js";
import { titleOf } from "../render/titles.js";

/** A sentence at the cursor. */
export class Hint {
  /** @param {CanvasView} view */
  constructor(view) {
    this.view = view;
    this.element = make("div", "canvas-hint");
    this.element.setAttribute("role", "status");
    this.element.hidden = true;
    view.root.append(this.element);
  }

  /** @param {string} text @param {Point} client @param {boolean} refused */
  show(text, client, refused) {
    const { x, y } = this.view.toView(client);
    setText(this.element, text);
    this.element.classList.toggle("refused", refused);
    this.element.style.transform = `translate(${Math.round(x + 16)}px, ${Math.round(y + 14)}px)`;
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}

/**
 * Tells what the keyboard selected.
 * @param {App} app
 * @param {CanvasView} view
 * @returns {() => void} Says what is selected.
 */
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
