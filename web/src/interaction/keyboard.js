/**
 * The one listener for keys: finds the command of a stroke. Text entry and input methods come
 * first; nothing is taken from them.
 */

/** @import { App, Command } from "../app_types.js" */
/** @import { CommandRegistry } from "./commands.js" */

import { strokeName } from "./key_names.js";

export const IS_MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** Input types that take no text: keys pressed on them may be commands. */
const PLAIN_INPUTS = new Set(["button", "checkbox", "radio", "submit", "reset", "image"]);

/**
 * Whether keys pressed on an element are text or moves within it.
 * @param {EventTarget | null} target
 */
export function takesText(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !PLAIN_INPUTS.has(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** @param {KeyboardEvent} event */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/**
 * @param {App} app
 * @param {CommandRegistry} commands
 * @param {HTMLElement} canvas
 * @param {AbortSignal} signal
 * @param {() => boolean} isBusy While the pointer drags something only Esc counts.
 */
export function listenForCommands(app, commands, canvas, signal, isBusy) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isComposing(event)) return;
    const stroke = strokeName(event, IS_MAC);
    const inText = takesText(event.target);
    if (stroke === "" || (isBusy() && stroke !== "Escape") || (inText && !mayInterruptText(event))) return;
    const command = commands.boundTo(stroke).find((candidate) =>
      applies(candidate, inText, canvas) && (candidate.when?.(app) ?? true));
    if (!command) return;
    event.preventDefault();
    commands.execute(command.id);
  }, { signal });
}

/** Plain keys are always text; only strokes with a modifier or function keys may be commands.
 * @param {KeyboardEvent} event */
function mayInterruptText(event) {
  return event.ctrlKey || event.metaKey || /^F\d+$/.test(event.key);
}

/** @param {Command} command @param {boolean} inText @param {HTMLElement} canvas */
function applies(command, inText, canvas) {
  if (inText) return command.scope === "text";
  return command.scope !== "canvas" || canvasHasFocus(canvas);
}

/** The canvas has the keys when nothing else asked for them. @param {HTMLElement} canvas */
export function canvasHasFocus(canvas) {
  const active = document.activeElement;
  return active === null || active === document.body || canvas.contains(active);
}
