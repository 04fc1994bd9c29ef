/** Wheel and trackpad: pan or zoom, unless what is under the pointer scrolls itself. */

/** @import { App } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */

import { NAVIGATION_SETTING } from "./canvas_settings.js";
import { wheelAction } from "./navigation.js";

/** @param {App} app @param {CanvasView} view @param {AbortSignal} signal */
export function listenForWheel(app, view, signal) {
  view.root.addEventListener("wheel", (event) => {
    if (!view.shown || (!event.ctrlKey && scrollsItself(event, view.root))) return;
    event.preventDefault();
    view.land();
    const action = wheelAction(app.settings.get(NAVIGATION_SETTING), event);
    if ("pan" in action) view.camera.panBy(action.pan.x, action.pan.y);
    else view.camera.zoomTo(view.toView({ x: event.clientX, y: event.clientY }), view.camera.zoom * action.zoom);
  }, { passive: false, signal });
}

/**
 * Whether an element under the pointer has the focus or is a note, and can still scroll that way.
 * @param {WheelEvent} event
 * @param {HTMLElement} root
 */
function scrollsItself(event, root) {
  for (let element = event.target; element instanceof HTMLElement && element !== root; element = element.parentElement) {
    if (element.scrollHeight <= element.clientHeight + 1 || !/auto|scroll/.test(getComputedStyle(element).overflowY)) continue;
    const down = event.deltaY > 0;
    const room = down ? element.scrollHeight - element.clientHeight - element.scrollTop : element.scrollTop;
    if (room > 0.5) return true;
  }
  return false;
}
