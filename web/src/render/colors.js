/**
 * The theme's variables as values a drawing context takes; read again when the theme changes.
 */

import { TYPE_TOKENS } from "./type_style.js";

const TOKENS = [
  "--canvas", "--grid", "--grid-strong", "--node", "--node-header", "--field", "--node-border", "--text", "--text-dim",
  "--accent", "--accent-soft", "--border", "--error", "--ok", "--warn", "--panel", "--font", ...TYPE_TOKENS,
];

export class Colors {
  /** @param {HTMLElement} element Where the variables are read. */
  constructor(element) {
    this.element = element;
    this.read();
  }

  read() {
    const style = getComputedStyle(this.element);
    /** Another map after each reading. @type {ReadonlyMap<string, string>} */
    this.values = new Map(TOKENS.map((token) => [token, style.getPropertyValue(token).trim() || "#888"]));
  }

  /** @param {string} token "--accent". @throws {Error} when it is not among TOKENS. */
  get(token) {
    const value = this.values.get(token);
    if (value === undefined) throw new Error(`Colour "${token}" is not read; add it to TOKENS in colors.js.`);
    return value;
  }
}
