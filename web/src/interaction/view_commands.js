/** Commands that change what is seen, never the document. */

/** @import { App, Command } from "../app_types.js" */
/** @import { PointerController } from "./pointer.js" */

import { LINK_STYLE_SETTING } from "../render/view.js";
import { MINIMAP_SETTING, SNAP_SETTING } from "./canvas_settings.js";
import { inDirection, neighbours } from "./focus_moves.js";
import { selectAll, workOf } from "./operations.js";
import { isEmpty, selectionOf } from "./selecting.js";
import { leaveSubgraphs } from "./subgraph_path.js";

const STEP = 1.25;
const STYLES = ["curve", "angle", "straight"];
const ARROWS = /** @type {const} */ ([["left", -1, 0], ["right", 1, 0], ["up", 0, -1], ["down", 0, 1]]);

/** @param {PointerController} controller @returns {Command[]} */
export function viewCommands(controller) {
  return [...zoomCommands(controller), ...selectionCommands(controller), ...toggles()];
}

/** @param {string} id @param {readonly string[]} keys @param {(app: App) => void} run @returns {Command} */
function command(id, keys, run) {
  return { id, keys, title: `commands.${id}`, scope: "canvas", run };
}

/** @param {PointerController} controller @returns {Command[]} */
function zoomCommands({ view }) {
  const { camera } = view;
  /** @param {number} zoom */
  const zoomTo = (zoom) => camera.zoomTo({ x: camera.width / 2, y: camera.height / 2 }, zoom);
  return [
    command("view.fit", ["F", "."], () => view.fit()),
    command("view.fitAll", ["Shift+F"], () => {
      const rect = view.shown?.scene.bounds();
      if (rect) view.glideTo(camera.keepWhole(rect));
    }),
    command("view.zoomIn", ["Mod+Plus", "Mod+=", "Mod+Shift+Plus"], () => zoomTo(camera.zoom * STEP)),
    command("view.zoomOut", ["Mod+-"], () => zoomTo(camera.zoom / STEP)),
    command("view.zoomReset", ["Mod+0"], () => zoomTo(1)),
  ];
}

/** @param {PointerController} controller @returns {Command[]} */
function selectionCommands(controller) {
  const { view } = controller;
  return [
    command("select.all", ["Mod+A"], () => {
      const work = workOf(view);
      if (work) selectAll(work);
    }),
    { ...command("canvas.escape", ["Escape"], () => escape(controller)), when: () => view.shown !== null },
    ...ARROWS.map(([name, x, y]) => command(`focus.${name}`, [`Arrow${name[0]?.toUpperCase()}${name.slice(1)}`], () =>
      moveFocus(controller, (work, from) => inDirection(work, from, { x, y })))),
    command("focus.upstream", ["Alt+ArrowLeft"], () => moveFocus(controller, (work, from) => neighbours(work, from, "in"))),
    command("focus.downstream", ["Alt+ArrowRight"], () => moveFocus(controller, (work, from) => neighbours(work, from, "out"))),
    command("node.edit", ["Enter"], () => {
      const [id] = workOf(view)?.nodes ?? [];
      if (id !== undefined) view.nodes?.views.get(id)?.rows.focusFirst();
    }),
  ];
}

/** Breaks off, else deselects, else leaves the subgraph. @param {PointerController} controller */
function escape(controller) {
  if (controller.cancel()) return;
  const { tab } = controller;
  if (!isEmpty(tab.selection.get())) tab.selection.set(selectionOf({}));
  else if (tab.graphPath.get().length > 0) leaveSubgraphs(tab, tab.graphPath.get().length - 1);
}

/**
 * @param {PointerController} controller
 * @param {(work: import("./operations.js").Work, from: string) => string | undefined} next
 */
function moveFocus(controller, next) {
  const { view } = controller;
  const work = workOf(view);
  if (!work) return;
  const from = work.nodes.at(-1);
  const to = from === undefined ? inDirection(work, undefined, { x: 0, y: 0 }) : next(work, from);
  if (to === undefined) return;
  work.tab.selection.set(selectionOf({ nodes: [to] }));
  view.reveal(to);
  controller.announce();
}

/** @returns {Command[]} */
function toggles() {
  /** @param {App} app @param {string} id */
  const flip = (app, id) => app.settings.set(id, !app.settings.get(id));
  return [
    command("view.minimap", ["Alt+M"], (app) => flip(app, MINIMAP_SETTING)),
    command("view.snap", [], (app) => flip(app, SNAP_SETTING)),
    command("view.linkStyle", [], (app) => {
      const at = STYLES.indexOf(app.settings.get(LINK_STYLE_SETTING));
      app.settings.set(LINK_STYLE_SETTING, STYLES[(at + 1) % STYLES.length] ?? "curve");
    }),
  ];
}
