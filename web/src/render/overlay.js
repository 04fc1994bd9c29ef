/**
 * Thin lines above everything on the canvas: the selection frame, the wire in hand, and
 * the wire a node would be inserted into. In view pixels.
 */

/** @import { Rect } from "../core/types.js" */
/** @import { Camera } from "./camera.js" */
/** @import { LinkStyle } from "./link_geometry.js" */

import { traceLink } from "./link_geometry.js";

const SVG = "http://www.w3.org/2000/svg";

/** Collects path commands as SVG writes them. */
class PathText {
  text = "";

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.text += `M${x} ${y}`;
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.text += `L${x} ${y}`;
  }

  /** @param {number[]} numbers */
  bezierCurveTo(...numbers) {
    this.text += `C${numbers.join(" ")}`;
  }
}

export class Overlay {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "canvas-overlay");
    this.svg.setAttribute("aria-hidden", "true");
    this.marquee = this.#add("rect", "canvas-marquee");
    this.insertion = this.#add("path", "canvas-insertion");
    this.hand = this.#add("path", "canvas-hand");
    this.halo = this.#add("circle", "canvas-halo");
    parent.append(this.svg);
  }

  /** @param {string} name @param {string} className */
  #add(name, className) {
    const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
    element.setAttribute("class", className);
    element.style.display = "none";
    this.svg.append(element);
    return element;
  }

  /** @param {Rect | null} rect In view pixels. */
  showMarquee(rect) {
    show(this.marquee, rect && {
      x: rect.x, y: rect.y, width: rect.width, height: rect.height,
    });
  }

  /**
   * The wire in hand, coloured by its type.
   * @param {readonly number[] | null} points In graph units.
   * @param {Camera} camera
   * @param {LinkStyle} style
   * @param {string} token
   */
  showHand(points, camera, style, token) {
    show(this.hand, points && { d: pathText(points, camera, style) });
    this.hand.style.stroke = `var(${token})`;
  }

  /** A ring around the socket a wire would snap to. @param {{ x: number, y: number } | null} at @param {Camera} camera @param {boolean} fits */
  showHalo(at, camera, fits) {
    const place = at && camera.toView(at);
    show(this.halo, place && { cx: place.x, cy: place.y, r: 6 + 5 * camera.zoom });
    this.halo.classList.toggle("refused", !fits);
  }

  /** @param {readonly number[] | null} points In graph units. @param {Camera} camera @param {LinkStyle} style */
  showInsertion(points, camera, style) {
    show(this.insertion, points && { d: pathText(points, camera, style) });
  }

  clear() {
    for (const element of [this.marquee, this.hand, this.halo, this.insertion]) show(element, null);
  }
}

/** @param {readonly number[]} points @param {Camera} camera @param {LinkStyle} style */
function pathText(points, camera, style) {
  const pen = new PathText();
  const view = points.map((value, at) => (value - (at % 2 === 0 ? camera.x : camera.y)) * camera.zoom);
  traceLink(pen, view, style);
  return pen.text;
}

/** @param {SVGElement} element @param {{ [name: string]: string | number } | null} attributes Null hides it. */
function show(element, attributes) {
  element.style.display = attributes ? "" : "none";
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, String(value));
}
