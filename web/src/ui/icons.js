/** The shell's drawings: 16 × 16, one colour, that of the text around them. */

const SVG = "http://www.w3.org/2000/svg";

/** @type {{ [name: string]: string }} Paths drawn as lines of 1.5 px. */
const PATHS = {
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  minus: "M3 8h10",
  dice: "M3 3h10v10H3zM5.7 5.7h.01M10.3 5.7h.01M8 8h.01M5.7 10.3h.01M10.3 10.3h.01",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4 9.5h.01M6.5 9.5h3M12 9.5h.01",
  lock: "M4 7h8v6H4zM5.5 7V5.3a2.5 2.5 0 0 1 5 0V7",
  play: "M5 3.2v9.6L12.8 8z",
  stop: "M4 4h8v8H4z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  chevron: "M4 6l4 4 4-4",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.4 10.4 13.5 13.5",
  nodes: "M2.5 3h4v4h-4zM9.5 9h4v4h-4zM6.5 5h2.2c1 0 1.8.8 1.8 1.8V9",
  library: "M3 2.5h3v11H3zM6 2.5h3v11H6zM9.6 3.2l2.8-.7 2 10.6-2.8.6z",
  folder: "M2 4.5c0-.6.4-1 1-1h3l1.5 1.8H13c.6 0 1 .4 1 1v5.7c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1z",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  save: "M3 3h8l2 2v8H3zM5.5 3v3.5h4V3M5 13V9.5h6V13",
  download: "M8 2.5v7M5 7l3 3 3-3M3 13h10",
  queue: "M2.5 4h11M2.5 8h7M2.5 12h7M12 8v5M10 11l2 2 2-2",
  image: "M2.5 3h11v10h-11zM2.5 10.5l3-3 3 3 2-2 3 3M10.5 5.8h.01",
  errors: "M8 2 14.5 13.5h-13zM8 6.5v3.5M8 12h.01",
  models: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6",
  packs: "M6 2.5h4v2h3.5v9h-11v-9H6zM6 4.5h4",
  settings: "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4",
  sliders: "M3 4.5h5M11 4.5h2M3 11.5h2M8 11.5h5M8 3v3M5 10v3",
  help: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM6.2 6.2a1.9 1.9 0 1 1 2.7 1.7c-.6.3-.9.7-.9 1.4M8 11.5h.01",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  open: "M6 3H3v10h10v-3M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
  info: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7.5V11M8 5h.01",
  check: "M3 8.5 6.5 12 13 4.5",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13.5 2v3h-3",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.8V8l2.2 1.5",
  input: "M7 3H3v10h4M14 8H6M9 5 6 8l3 3",
  fit: "M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3",
  repeat: "M3 7V5.5h9.5M10.5 3l2.5 2.5L10.5 8M13 9v1.5H3.5M5.5 13 3 10.5 5.5 8",
  palette: "M8 2a6 6 0 0 0 0 12c1 0 1.5-.6 1.5-1.3 0-1-.8-1.1-.8-2 0-.7.6-1.2 1.4-1.2h1.6c1.3 0 2.3-1 2.3-2.3C14 4.2 11.3 2 8 2zM5 8h.01M6.5 5h.01M10 5h.01",
};

/** What an extension may name as well: a letter in place of a drawing. */
const LETTER_SIZE = 11;

/**
 * @param {string} name of a drawing; any other text is shown by its first letter
 * @param {number} [size] CSS pixels
 * @returns {SVGSVGElement} hidden from screen readers: the button beside it has a name
 */
export function icon(name, size = 16) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", String(size));
  svg.setAttribute("height", String(size));
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  svg.append(Object.hasOwn(PATHS, name) ? drawing(PATHS[name] ?? "") : letter(name));
  return svg;
}

/** @param {string} path */
function drawing(path) {
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  return shape;
}

/** @param {string} name */
function letter(name) {
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("x", "8");
  text.setAttribute("y", "12");
  text.setAttribute("font-size", String(LETTER_SIZE));
  text.setAttribute("text-anchor", "middle");
  text.textContent = [...name][0]?.toUpperCase() ?? "?";
  return text;
}
