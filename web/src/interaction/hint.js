/** A sentence at the cursor. */

/** @import { Point } from "../core/types.js" */
/** @import { CanvasView } from "../render/view.js" */

import { make, setText } from "../render/dom.js";

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
