/** Space: a tap opens the palette, held it makes drags pan. */

/** @import { App } from "../app_types.js" */
/** @import { PointerController } from "./pointer.js" */

import { canvasHasFocus, isComposing, takesText } from "./keyboard.js";

const TAP_MS = 300;

/** @param {App} app @param {PointerController} controller @param {AbortSignal} signal */
export function listenForSpace(app, controller, signal) {
  const { root } = controller.view;
  let pressedAt = -Infinity;
  const release = () => {
    controller.spaceHeld = false;
    root.classList.remove("may-pan");
  };
  document.addEventListener("keydown", (event) => {
    if (event.code !== "Space" || isComposing(event) || takesText(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !canvasHasFocus(root)) return;
    event.preventDefault();
    if (event.repeat) return;
    pressedAt = event.timeStamp;
    controller.spaceHeld = true;
    controller.spaceUsed = false;
    root.classList.add("may-pan");
  }, { signal });
  document.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || !controller.spaceHeld) return;
    release();
    const tapped = event.timeStamp - pressedAt < TAP_MS && !controller.spaceUsed;
    if (tapped) app.ui.openPalette({ at: controller.pointed ?? undefined });
  }, { signal });
  addEventListener("blur", release, { signal });
}
