/**
 * The one listener for keys: finds the command of a stroke. Text entry and input methods come
 * first; nothing is taken from them.
 */

/** @import { App, Command } from "../app_types.js" */
/** @import { CommandRegistry } from "./commands.js" */

import { FieldEdits, keepsEdits } from "../controls/field_edits.js";
import { strokeName } from "./key_names.js";

export const IS_MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

const UNDO = "graph.undo";
const REDO = "graph.redo";

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

/**
 * Undo and redo pressed in a field: its own edits since it got the focus first, then the document's.
 * @param {CommandRegistry} commands
 * @param {HTMLElement} canvas
 * @param {AbortSignal} signal
 * @param {() => boolean} isBusy
 */
export function listenForFieldUndo(commands, canvas, signal, isBusy) {
  /** @type {FieldEdits | null} */
  let edits = null;
  const editsOf = (/** @type {EventTarget | null} */ target) => (edits?.field === target ? edits : null);
  const change = (/** @type {HTMLElement} */ field, /** @type {string} */ id) => {
    if (editsOf(field)?.step(id === UNDO ? -1 : 1) || field.closest("dialog")) return;
    // A name or note that is being written may go with what is undone.
    if (canvas.contains(field) && !field.closest(".widget")) canvas.focus({ preventScroll: true });
    commands.execute(id);
  };
  document.addEventListener("focusin", ({ target }) => {
    edits = keepsEdits(target) ? new FieldEdits(target) : null;
  }, { signal });
  document.addEventListener("input", (event) => {
    if (!(event instanceof InputEvent && event.isComposing)) editsOf(event.target)?.note();
  }, { signal });
  document.addEventListener("compositionend", ({ target }) => editsOf(target)?.note(), { signal });
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (isComposing(event) || event.defaultPrevented || !isField(target)) return;
    if (event.key === "Enter" && target instanceof HTMLInputElement) editsOf(target)?.begin();
    const command = commands.boundTo(strokeName(event, IS_MAC)).find(({ id }) => id === UNDO || id === REDO);
    if (!command) return;
    event.preventDefault();
    if (!isBusy()) change(target, command.id);
  }, { signal });
  // From the browser's menus, or where a field kept the key from us.
  document.addEventListener("beforeinput", (event) => {
    const id = { historyUndo: UNDO, historyRedo: REDO }[event.inputType];
    if (id === undefined || !isField(event.target)) return;
    event.preventDefault();
    change(event.target, id);
  }, { signal });
}

/** @param {EventTarget | null} target @returns {target is HTMLElement} */
function isField(target) {
  // What a page of text does with keys is its own.
  return target instanceof HTMLElement && takesText(target) && !target.isContentEditable;
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
