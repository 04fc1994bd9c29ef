/** A colour: a field to pick from and its number as text. Values are "#rrggbb", or 0xRRGGBB for INT. */

import { element, isComposing, on } from "../controls/dom.js";
import { ownPresses, remark, widgetRow } from "./row.js";

/** @typedef {import("../core/types.js").Json} Json */

/**
 * Read a colour as people write it: "#1e90ff", "1E90FF", "#fff", also in full-width signs.
 * @param {string} text
 * @returns {string | undefined} "#rrggbb"
 */
export function readColor(text) {
  const digits = text.normalize("NFKC").trim().replace(/^#/, "").toLowerCase();
  if (/^[0-9a-f]{6}$/.test(digits)) return `#${digits}`;
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((digit) => digit + digit).join("")}`;
  return undefined;
}

/** @param {Json} value @returns {string} "#rrggbb" where the value is a colour, else what it is as text */
export function writeColor(value) {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffff) {
    return `#${value.toString(16).padStart(6, "0")}`;
  }
  return typeof value === "string" ? (readColor(value) ?? value) : "";
}

/** @type {import("../app_types.js").WidgetMount} */
export function mountColor(parent, context) {
  const { root, label, id } = widgetRow(parent, context, "color");
  const text = element("input", { id, type: "text", class: "widget-value", spellcheck: "false", autocomplete: "off" });
  const well = element("input", { type: "color", class: "widget-well", "aria-label": label.textContent });
  root.append(text, well);
  let shown = "";
  const update = (/** @type {Json} */ value) => {
    const isWritten = document.activeElement === text && text.value !== shown;
    shown = writeColor(value);
    if (!isWritten) text.value = shown;
    if (readColor(shown)) well.value = shown;
  };
  const set = (/** @type {string} */ color) => {
    context.set(context.input.type === "INT" ? Number.parseInt(color.slice(1), 16) : color, { merge: true });
    well.value = color;
  };
  const commit = () => {
    const color = readColor(text.value);
    if (color && color !== writeColor(context.get())) set(color);
    if (!color) remark(root, context, context.app.i18n.t("widgets.color.invalid", { text: text.value }), "error");
    text.value = writeColor(context.get());
  };
  on(well, "input", () => {
    set(well.value);
    text.value = well.value;
  }, context.signal);
  on(text, "change", commit, context.signal);
  on(text, "keydown", (event) => {
    if (!isComposing(event) && event.key === "Enter") commit();
  }, context.signal);
  ownPresses(root, context.signal);
  update(context.get());
  return { update, focus: () => text.focus(), unmount: () => root.remove() };
}
