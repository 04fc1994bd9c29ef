/** Puts the canvas to use: pointer, wheel, keys and commands. */

/** @import { App } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */
/** @import { CommandRegistry } from "./commands.js" */

import { listenForCommands } from "./keyboard.js";

/**
 * @param {App} app
 * @param {CanvasView} view
 * @param {CommandRegistry} commands
 */
export function attachCanvas(app, view, commands) {
  const { signal } = new AbortController();
  listenForCommands(app, commands, view.root, signal);
}
