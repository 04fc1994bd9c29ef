/**
 * Who clicks a button of the bars goes on working on the canvas: it gets the keys back, so that
 * after "Run" the next Delete deletes. Whoever came to the button by keyboard stays there.
 */

const BARS = "#topbar, #rail";

/** @param {HTMLElement} root Of the canvas. @param {AbortSignal} signal */
export function listenForBars(root, signal) {
  document.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLButtonElement) || !target.closest(BARS) || target.matches(":focus-visible")) return;
    root.focus({ preventScroll: true });
  }, { signal });
}
