/** Where a character of a text area stands on the screen; the browser does not tell. */

import { element } from "../controls/dom.js";

/** What decides how text breaks into lines. @type {readonly (keyof CSSStyleDeclaration & string)[]} */
const COPIED = [
  "boxSizing", "width", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth", "borderRightWidth",
  "borderBottomWidth", "borderLeftWidth", "fontFamily", "fontSize", "fontStyle", "fontWeight", "fontVariant", "letterSpacing",
  "lineHeight", "tabSize", "textIndent", "textTransform", "wordSpacing",
];

/**
 * The line of a character, in client pixels; zoom of the canvas around it included.
 * @param {HTMLTextAreaElement} area
 * @param {number} index
 * @returns {import("../controls/popup.js").Anchor}
 */
export function caretRect(area, index) {
  const style = getComputedStyle(area);
  const mirror = element("div", { "aria-hidden": "true" });
  for (const name of COPIED) Object.assign(mirror.style, { [name]: style[name] });
  Object.assign(mirror.style, {
    position: "absolute", left: "-99999px", top: "0", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word",
    borderStyle: "solid",
  });
  mirror.style.width = `${area.clientWidth + Number.parseFloat(style.borderLeftWidth) + Number.parseFloat(style.borderRightWidth)}px`;
  const mark = element("span", {}, area.value.slice(index, index + 1) || ".");
  mirror.append(area.value.slice(0, index), mark);
  document.body.append(mirror);
  const { offsetLeft, offsetTop, offsetHeight } = mark;
  mirror.remove();
  const box = area.getBoundingClientRect();
  const scale = area.offsetWidth ? box.width / area.offsetWidth : 1;
  const top = box.top + Math.min(area.clientHeight, Math.max(0, offsetTop - area.scrollTop)) * scale;
  return { left: box.left + offsetLeft * scale, top, bottom: top + offsetHeight * scale, width: 0 };
}
