/**
 * Lanes between arranged nodes, for the wires that pass them.
 *
 * @import { Wire } from "./layout.js"
 * @import { Point, Rect } from "./types.d.ts"
 */

import { curvePoints, heightsOver } from "./geometry.js";

/** Pixels between nodes of a column, and between columns. */
export const NODE_GAP = 40;
export const COLUMN_GAP = 80;
/** Pixels between a node and a wire that passes it. */
const LANE = 14;
/** Pieces a wire's curve is looked at in. */
const PIECES = 24;
/** Who makes way for one wire moves others; what is best after so many rounds is taken. */
const MOST_ROUNDS = 40;
/** Curves that are looked at in all, about a second's worth: in a thicket there is no room for lanes. */
const MOST_LOOKS = 300_000;
/** A node that is in the way so often, whatever side it goes to, tries the other. */
const PATIENCE = 3;

/**
 * Move nodes up or down in their columns, out of the way of wires. Each round looks at all that are
 * in the way; the round that leaves the fewest counts.
 *
 * @param {Map<string, Rect>} boxes replaced in place
 * @param {readonly Wire[]} links
 */
export function openLanes(boxes, links) {
  const columns = columnsOf(boxes);
  const columnOf = new Map(columns.flatMap((column, at) => column.map((id) => [id, at])));
  const curves = new Curves(boxes, links, columnOf);
  /** @type {Map<string, number>} */
  const times = new Map();
  let best = new Map(boxes);
  let fewest = Infinity;
  for (let round = 0; round < MOST_ROUNDS && fewest > 0; round += 1) {
    const inTheWay = [...boxes.keys()].filter((id) => curves.looks < MOST_LOOKS && takenAround(curves.passing(id), boxOf(boxes, id)));
    if (curves.looks >= MOST_LOOKS) break;
    if (inTheWay.length < fewest) {
      best = new Map(boxes);
      fewest = inTheWay.length;
    }
    for (const id of inTheWay) {
      if (curves.looks >= MOST_LOOKS) break;
      const taken = takenAround(curves.passing(id), boxOf(boxes, id));
      if (!taken) continue; // others made way
      times.set(id, (times.get(id) ?? 0) + 1);
      const column = columns[columnOf.get(id) ?? 0] ?? [];
      moveInColumn(boxes, column, id, placeBeside(taken, boxOf(boxes, id).y, Number(times.get(id)) % PATIENCE === 0));
      curves.follow(column);
    }
  }
  for (const [id, box] of best) boxes.set(id, box);
}

/** @typedef {{ link: Wire, line: Point[], left: number, right: number }} Curve */

/** The curves of wires, kept as their nodes move. */
class Curves {
  /** @type {Map<Wire, Curve>} */
  #curves = new Map();
  /** @type {Map<string, Wire[]>} */
  #linksOf = new Map();
  /** @type {Map<number, Wire[]>} */
  #linksOver = new Map();
  /** How many curves were looked at so far. */
  looks = 0;

  /** @param {ReadonlyMap<string, Rect>} boxes @param {readonly Wire[]} links @param {ReadonlyMap<string, number>} columnOf */
  constructor(boxes, links, columnOf) {
    this.boxes = boxes;
    this.columnOf = columnOf;
    for (const link of links) {
      const curve = curveOf(boxes, link);
      if (!curve) continue;
      this.#curves.set(link, curve);
      for (const end of [link.from, link.to]) push(this.#linksOf, end, link);
      const [one = 0, other = 0] = [columnOf.get(link.from), columnOf.get(link.to)];
      for (let at = Math.min(one, other); at <= Math.max(one, other); at += 1) push(this.#linksOver, at, link);
    }
  }

  /** @param {readonly string[]} moved ids of nodes */
  follow(moved) {
    for (const id of moved) {
      this.looks += this.#linksOf.get(id)?.length ?? 0;
      for (const link of this.#linksOf.get(id) ?? []) this.#curves.set(link, /** @type {Curve} */ (curveOf(this.boxes, link)));
    }
  }

  /** What of other nodes' wires lies over a node's column. @param {string} id @returns {number[][]} heights of each */
  passing(id) {
    const { x, width } = boxOf(this.boxes, id);
    /** @type {number[][]} */
    const found = [];
    for (const link of this.#linksOver.get(this.columnOf.get(id) ?? 0) ?? []) {
      const { line, left, right } = /** @type {Curve} */ (this.#curves.get(link));
      if (link.from === id || link.to === id || right <= x || left >= x + width) continue;
      this.looks += 1;
      const heights = line.slice(1).flatMap((end, at) => heightsOver(/** @type {Point} */ (line[at]), end, x, x + width));
      if (heights.length > 0) found.push(heights);
    }
    return found;
  }
}

/**
 * @param {ReadonlyMap<string, Rect>} boxes
 * @returns {string[][]} from left to right: nodes that have their middle at the same place
 */
function columnsOf(boxes) {
  /** @type {Map<number, string[]>} */
  const columns = new Map();
  for (const [id, { x, width }] of boxes) {
    const middle = x + width / 2;
    push(columns, middle, id);
  }
  return [...columns].sort(([a], [b]) => a - b).map(([, column]) => column);
}

/** @template K, V @param {Map<K, V[]>} lists @param {K} key @param {V} value */
export function push(lists, key, value) {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** @param {ReadonlyMap<string, Rect>} boxes @param {string} id */
function boxOf(boxes, id) {
  return /** @type {Rect} */ (boxes.get(id));
}

/**
 * The curve of a wire in straight pieces, as it is drawn.
 *
 * @param {ReadonlyMap<string, Rect>} boxes
 * @param {Wire} link
 * @returns {Curve | undefined} undefined: it ends elsewhere
 */
function curveOf(boxes, link) {
  const [source, target] = [boxes.get(link.from), boxes.get(link.to)];
  if (!source || !target || source === target) return undefined;
  const [x0, y0] = [source.x + source.width, source.y + (link.fromY ?? source.height / 2)];
  const [x1, y1] = [target.x, target.y + (link.toY ?? target.height / 2)];
  const line = curvePoints({ x: x0, y: y0 }, { x: x1, y: y1 }, PIECES);
  const xs = line.map(({ x }) => x);
  return { link, line, left: Math.min(...xs), right: Math.max(...xs) };
}

/**
 * Where the top of a node must not be, for wires pass there, as far as that reaches around it.
 *
 * @param {readonly number[][]} passing heights of each wire over the node's column
 * @param {Rect} box
 * @returns {[from: number, to: number] | undefined} undefined: nothing is hidden behind it
 */
function takenAround(passing, { y, height }) {
  const spans = passing.map((heights) => /** @type {[number, number]} */ ([Math.min(...heights) - LANE - height, Math.max(...heights) + LANE]));
  /** @type {[number, number] | undefined} */
  let around;
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    if (around && from <= around[1]) around[1] = Math.max(around[1], to);
    else if (around && y < around[1]) break;
    else around = [from, to];
  }
  return around && y > around[0] && y < around[1] ? around : undefined;
}

/** @param {readonly [from: number, to: number]} taken @param {number} y in it @param {boolean} onOtherSide the farther place */
function placeBeside([from, to], y, onOtherSide) {
  return (y - from < to - y) === onOtherSide ? to : from;
}

/**
 * Move a node of a column, and those it would lie on out of its way.
 *
 * @param {Map<string, Rect>} boxes replaced in place
 * @param {readonly string[]} column
 * @param {string} id
 * @param {number} y
 */
function moveInColumn(boxes, column, id, y) {
  const order = [...column].sort((one, other) => boxOf(boxes, one).y - boxOf(boxes, other).y);
  const step = y > boxOf(boxes, id).y ? 1 : -1;
  boxes.set(id, { ...boxOf(boxes, id), y });
  for (let at = order.indexOf(id) + step; order[at] !== undefined; at += step) {
    const [last, next] = [boxOf(boxes, order[at - step] ?? ""), boxOf(boxes, order[at] ?? "")];
    const limit = step > 0 ? last.y + last.height + NODE_GAP : last.y - next.height - NODE_GAP;
    if ((next.y - limit) * step >= 0) return;
    boxes.set(order[at] ?? "", { ...next, y: limit });
  }
}
