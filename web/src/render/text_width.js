/** How wide texts are on the canvas: measured, or estimated where nothing can be drawn. */

import { widthOf } from "./painting.js";

/** @type {CanvasRenderingContext2D | null | undefined} made with the first text */
let context;

/**
 * @param {string} text
 * @param {number} size of the font, in pixels
 * @param {number} [weight]
 * @returns {number} in pixels
 */
export function textWidth(text, size, weight = 400) {
  if (context === undefined && typeof document !== "undefined") context = document.createElement("canvas").getContext("2d");
  if (!context) return size * [...text].reduce((sum, letter) => sum + widthOf(letter.charCodeAt(0)), 0);
  context.font = `${weight} ${size}px ${fontFamily()}`;
  return context.measureText(text).width;
}

/** @type {string | undefined} */
let family;

function fontFamily() {
  return family ??= getComputedStyle(document.body).fontFamily;
}
