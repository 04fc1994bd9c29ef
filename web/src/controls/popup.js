/**
 * A box that floats at an element: menus of choices, completions. It lies in the browser's top
 * layer, so no panel or canvas covers it, and closes on Esc, a press elsewhere, or scrolling.
 */

/** @typedef {{ left: number, top: number, bottom: number, width: number }} Anchor client pixels */

const GAP_PX = 2;
const MARGIN_PX = 8;
const MIN_WIDTH_PX = 180;

export class Popup {
  /**
   * @param {HTMLElement} content
   * @param {{ onClose?: () => void, dismiss?: boolean }} [options] `dismiss` false: only the
   *   caller closes it (completions, which must not take the focus)
   */
  constructor(content, { onClose, dismiss = true } = {}) {
    this.element = content;
    content.popover = dismiss ? "auto" : "manual";
    content.classList.add("popup");
    content.addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
      content.remove();
      onClose?.();
    });
  }

  /** Show; the caller places it. */
  show() {
    if (!this.element.isConnected) document.body.append(this.element);
    if (!this.isOpen) this.element.showPopover();
  }

  /**
   * Show below an anchor, or above where there is more room.
   * @param {Anchor} anchor
   */
  open(anchor) {
    this.show();
    this.place(anchor);
  }

  /** @param {Anchor} anchor */
  place(anchor) {
    const { style } = this.element;
    style.minWidth = `${Math.max(anchor.width, MIN_WIDTH_PX)}px`;
    const below = innerHeight - anchor.bottom - GAP_PX - MARGIN_PX;
    const above = anchor.top - GAP_PX - MARGIN_PX;
    style.maxHeight = `${Math.floor(Math.max(below, above))}px`;
    const { width, height } = this.element.getBoundingClientRect();
    const fits = height <= below || below >= above;
    style.left = `${clampTo(anchor.left, MARGIN_PX, innerWidth - width - MARGIN_PX)}px`;
    style.top = `${Math.round(fits ? anchor.bottom + GAP_PX : anchor.top - GAP_PX - height)}px`;
  }

  get isOpen() {
    return this.element.matches(":popover-open");
  }

  close() {
    if (this.isOpen) this.element.hidePopover();
  }
}

/** @param {number} value @param {number} low @param {number} high */
function clampTo(value, low, high) {
  return Math.round(Math.max(low, Math.min(value, high)));
}
