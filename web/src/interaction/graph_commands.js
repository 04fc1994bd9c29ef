/** Commands that edit what is selected. */

/** @import { App, Command } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */
/** @import { Work } from "./operations.js" */

import {
  alignSelected, colorSelected, detachSelected, distributeSelected, groupSelected, layOut, nudge, removeSelected, switchMode, toggleFlag,
  ungroupSelected, workOf,
} from "./operations.js";
import { bypassSelected } from "./bypass.js";
import { GRID_SETTING } from "./canvas_settings.js";
import { NODE_COLORS } from "./node_colors.js";

/** Steps of the arrow keys with Shift. */
const DIRECTIONS = /** @type {const} */ ([["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowDown", 0, 1]]);
const EDGES = /** @type {const} */ (["left", "center", "right", "top", "middle", "bottom"]);

/** @param {CanvasView} view @returns {Command[]} */
export function graphCommands(view) {
  return [...basicCommands(view), ...arrangeCommands(view), ...colorCommands(view)];
}

/**
 * A command on what is selected.
 * @param {CanvasView} view
 * @param {string} id
 * @param {readonly string[]} keys
 * @param {(work: Work) => boolean} applies
 * @param {(work: Work, app: App) => void | Promise<void>} run
 * @returns {Command}
 */
export function onWork(view, id, keys, applies, run) {
  return {
    id,
    keys,
    title: `commands.${id}`,
    scope: "canvas",
    when: () => {
      const work = workOf(view);
      return work !== null && applies(work);
    },
    run: (app) => {
      const work = workOf(view);
      return work ? run(work, app) : undefined;
    },
  };
}

/** @param {Work} work */
const someNodes = ({ nodes }) => nodes.length > 0;
/** @param {Work} work */
const someGroups = ({ selection }) => selection.groups.size > 0;
/** @param {Work} work */
const several = ({ nodes, selection }) => nodes.length + selection.groups.size > 1;
/** @param {Work} work */
const movable = ({ nodes, selection }) => nodes.length + selection.groups.size + selection.reroutes.size > 0;
/** @param {Work} work */
const anything = (work) => movable(work) || work.selection.links.size > 0;

/** @param {CanvasView} view @returns {Command[]} */
function basicCommands(view) {
  return [
    onWork(view, "edit.delete", ["Delete", "Backspace"], anything, removeSelected),
    onWork(view, "node.mute", ["Mod+M"], someNodes, (work) => switchMode(work, "mute")),
    onWork(view, "node.bypass", ["Mod+B"], someNodes, bypassSelected),
    onWork(view, "node.collapse", ["Alt+C"], someNodes, (work) => toggleFlag(work, "collapsed")),
    onWork(view, "node.connect", ["C"], ({ nodes }) => nodes.length === 1, async (work, app) =>
      (await import("./connect_command.js")).offerPorts(app, work)),
    onWork(view, "node.detach", ["X"], someNodes, detachSelected),
    onWork(view, "node.pin", ["P"], someNodes, (work) => toggleFlag(work, "pinned")),
    onWork(view, "group.create", ["Mod+G"], (work) => someNodes(work) || someGroups(work), (work, app) =>
      groupSelected(work, app.i18n.t("canvas.group.new"))),
    onWork(view, "group.remove", ["Mod+Shift+G"], someGroups, ungroupSelected),
  ];
}

/** @param {CanvasView} view @returns {Command[]} */
function arrangeCommands(view) {
  return [
    ...EDGES.map((edge) => onWork(view, `align.${edge}`, [], several, (work) => alignSelected(work, edge))),
    onWork(view, "distribute.x", [], several, (work) => distributeSelected(work, "x")),
    onWork(view, "distribute.y", [], several, (work) => distributeSelected(work, "y")),
    onWork(view, "graph.layout", ["Shift+L"], ({ graph }) => graph.nodes.size > 1, layOut),
    ...DIRECTIONS.map(([key, x, y]) => onWork(view, `node.nudge.${key.slice(5).toLowerCase()}`, [`Shift+${key}`], movable, (work, app) => {
      const step = app.settings.get(GRID_SETTING);
      nudge(work, { x: x * step, y: y * step });
    })),
  ];
}

/** @param {CanvasView} view @returns {Command[]} */
function colorCommands(view) {
  return NODE_COLORS.map(({ name, color, bgcolor }) =>
    onWork(view, `color.${name}`, [], (work) => someNodes(work) || someGroups(work), (work) => colorSelected(work, color, bgcolor)));
}
