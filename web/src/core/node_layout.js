/**
 * Where the parts of a node stand: computed from its record alone, so links can be drawn and hit
 * without any node being in the page.
 *
 * @import { InputType, NodeRecord, NodeType, Point, PortRecord } from "./types.d.ts"
 */

/** Heights in pixels at zoom 1. A node's rect includes its header. */
export const HEADER_HEIGHT = 30;
export const PORT_HEIGHT = 22;
export const WIDGET_HEIGHT = 28;
/** Least height of widgets that take what the node has left (long texts, pictures). */
export const FLEXIBLE_HEIGHT = 64;
export const PADDING = 6;
export const MIN_WIDTH = 140;

/** @type {ReadonlySet<string>} */
const NONE = new Set();
const FLEXIBLE = new Set(["multiline", "image_upload", "custom"]);

/**
 * A line of a node: a plain input and output side by side, or one widget with its own port.
 * `y` and `height` are pixels below the node's top.
 *
 * @typedef {{ kind: "port", y: number, height: number, input?: PortRecord, output?: PortRecord }}
 *   PortRow
 * @typedef {{ kind: "widget", y: number, height: number, input: InputType, port?: PortRecord }}
 *   WidgetRow
 * @typedef {PortRow | WidgetRow} Row
 */

/**
 * @typedef {object} NodeLayout
 * @property {readonly Row[]} rows Empty when collapsed.
 * @property {number} width
 * @property {number} height What is drawn: at least `minHeight`.
 * @property {number} minHeight
 * @property {{ y: number, height: number }} rest Space below the rows, for controls of packs and pictures.
 * @property {(key: string, side: "in" | "out") => Point | undefined} anchor
 *   Where a port's links end, from the node's top left; undefined when there is no such port.
 */

/**
 * Lay a node out.
 *
 * @param {NodeRecord} record
 * @param {NodeType | undefined} type undefined for one that is not installed: ports only
 * @param {{ collapsed?: boolean, hidden?: ReadonlySet<string>, foot?: number }} [options] collapsed by
 *   default as the record says; widgets whose rows are left out, with their ports; pixels to keep
 *   free below the rows
 * @returns {NodeLayout}
 */
export function layoutNode(record, type, { collapsed = record.collapsed ?? false, hidden = NONE, foot = 0 } = {}) {
  const width = Math.max(record.width, MIN_WIDTH);
  if (collapsed) return collapsedLayout(record, width);
  const rows = [...portRows(record, type), ...widgetRows(record, type, hidden)];
  const minHeight = HEADER_HEIGHT + total(rows) + foot + 2 * PADDING;
  const height = Math.max(record.height, minHeight);
  const used = place(rows, height - minHeight);
  const anchors = anchorsOf(rows, width);
  return {
    rows,
    width,
    height,
    minHeight,
    rest: { y: used, height: Math.max(0, height - used - PADDING) },
    anchor: (key, side) => anchors[side].get(key),
  };
}

/**
 * @param {NodeRecord} record
 * @param {number} width
 * @returns {NodeLayout}
 */
function collapsedLayout(record, width) {
  const y = HEADER_HEIGHT / 2;
  return {
    rows: [],
    width,
    height: HEADER_HEIGHT,
    minHeight: HEADER_HEIGHT,
    rest: { y: HEADER_HEIGHT, height: 0 },
    anchor(key, side) {
      const ports = side === "in" ? record.inputs : record.outputs;
      if (!ports.some((port) => port.key === key)) return undefined;
      return { x: side === "in" ? 0 : width, y };
    },
  };
}

/**
 * @param {NodeRecord} record
 * @param {NodeType | undefined} type
 * @returns {PortRow[]}
 */
function portRows(record, type) {
  const widgets = widgetNames(type);
  const inputs = record.inputs.filter((port) => !widgets.has(widgetOf(port)));
  const count = Math.max(inputs.length, record.outputs.length);
  return Array.from({ length: count }, (_, index) => {
    const [input, output] = [inputs[index], record.outputs[index]];
    return { kind: "port", y: 0, height: PORT_HEIGHT, input, output };
  });
}

/**
 * @param {NodeRecord} record
 * @param {NodeType | undefined} type
 * @param {ReadonlySet<string>} hidden
 * @returns {WidgetRow[]}
 */
function widgetRows(record, type, hidden) {
  const ports = new Map(record.inputs.map((port) => [widgetOf(port), port]));
  return visibleWidgets(type).filter(({ name }) => !hidden.has(name)).map((input) => {
    const height = FLEXIBLE.has(input.widget ?? "") ? FLEXIBLE_HEIGHT : WIDGET_HEIGHT;
    return { kind: "widget", y: 0, height, input, port: ports.get(input.name) };
  });
}

/**
 * Return the widget a port belongs to, if its type has one of that name. A port of a subgraph
 * instance may not be marked yet, as it is promoted by a link inside.
 *
 * @param {PortRecord} port
 */
function widgetOf(port) {
  return port.widget ?? port.key;
}

/** @param {NodeType | undefined} type */
function visibleWidgets(type) {
  return type?.inputs.filter((input) => input.widget && !input.hidden) ?? [];
}

/** @param {NodeType | undefined} type */
function widgetNames(type) {
  return new Set(visibleWidgets(type).map((input) => input.name));
}

/** @param {readonly Row[]} rows */
function total(rows) {
  return rows.reduce((sum, row) => sum + row.height, 0);
}

/**
 * Stack the rows under the header; flexible ones share `spare` pixels.
 *
 * @param {Row[]} rows
 * @param {number} spare
 * @returns {number} where the last one ends
 */
function place(rows, spare) {
  const flexible = rows.filter((row) => row.kind === "widget" && FLEXIBLE.has(row.input.widget ?? ""));
  for (const row of flexible) row.height += Math.max(0, spare) / flexible.length;
  let y = HEADER_HEIGHT + PADDING;
  for (const row of rows) {
    row.y = y;
    y += row.height;
  }
  return y;
}

/**
 * @param {readonly Row[]} rows
 * @param {number} width
 */
function anchorsOf(rows, width) {
  /** @type {{ in: Map<string, Point>, out: Map<string, Point> }} */
  const anchors = { in: new Map(), out: new Map() };
  for (const row of rows) {
    const line = row.kind === "widget" ? Math.min(row.height, WIDGET_HEIGHT) : row.height;
    const y = row.y + line / 2;
    const input = row.kind === "widget" ? row.port : row.input;
    if (input) anchors.in.set(input.key, { x: 0, y });
    if (row.kind === "port" && row.output) anchors.out.set(row.output.key, { x: width, y });
  }
  return anchors;
}
