/**
 * Copy, cut, paste and duplicate. What is copied is text on the system's clipboard, so it goes into
 * other tabs, windows and programs.
 */

/** @import { App, Command } from "../app_types.js" */
/** @import { Point } from "../core/types.js" */
/** @import { Doc } from "../core/document.js" */
/** @import { NewIds } from "../core/fragments.js" */
/** @import { Work } from "./operations.js" */
/** @import { PointerController } from "./pointer.js" */

import { copyText, pasteText } from "../core/clipboard.js";
import { duplicate, insert } from "../core/fragments.js";
import { boundsOf, centerOf } from "../core/geometry.js";
import { onWork } from "./graph_commands.js";
import { adoptPasted, growGroups, rectsIn } from "./group_membership.js";
import { canvasHasFocus, takesText } from "./keyboard.js";
import { LiveEdit } from "./live_edit.js";
import { removeSelected, workOf } from "./operations.js";
import { placeFor, showAdded } from "./placing.js";
import { selectionOf } from "./selecting.js";

const OFFSET = 30;

/** @param {Work} work */
const copyable = ({ nodes, selection }) => nodes.length + selection.groups.size > 0;

/** @param {PointerController} controller @returns {Command[]} */
export function clipboardCommands(controller) {
  const { view } = controller;
  return [
    { ...onWork(view, "edit.copy", [], copyable, (work, app) => writeClipboard(work, app)), nativeKeys: ["Mod+C"] },
    {
      ...onWork(view, "edit.cut", [], copyable, async (work, app) => {
        await writeClipboard(work, app);
        removeSelected(work);
      }),
      nativeKeys: ["Mod+X"],
    },
    {
      ...onWork(view, "edit.paste", [], () => true, async (work, app) => {
        paste(controller, work, app, await navigator.clipboard.readText());
      }),
      nativeKeys: ["Mod+V"],
    },
    onWork(view, "edit.duplicate", ["Mod+D"], copyable, (work, app) => {
      const edit = new LiveEdit(work.tab, "edit.duplicate");
      duplicateSelected(work, { x: OFFSET, y: OFFSET }, edit);
      edit.step((tx) => growGroups(tx, work.graphId, rectsIn(tx, work.graphId, app.catalogue.get())));
      edit.keep();
    }),
  ];
}

/** @param {Work} work @param {App} app */
async function writeClipboard(work, app) {
  await navigator.clipboard.writeText(textOf(work, app));
}

/** @param {Work} work @param {App} app */
function textOf({ tab, graphId, nodes, selection }, app) {
  return copyText(tab.doc, graphId, { nodes, groups: selection.groups, reroutes: selection.reroutes }, app.catalogue.get());
}

/**
 * @param {Work} work
 * @param {Point} by
 * @param {LiveEdit} edit Gets one step more.
 */
export function duplicateSelected({ tab, graphId, nodes, selection }, by, edit) {
  /** @type {NewIds | undefined} */
  let ids;
  const some = { nodes, groups: selection.groups, reroutes: selection.reroutes };
  edit.step((tx) => {
    ids = duplicate(tx, graphId, some, by);
  });
  if (ids) selectNew(tab, ids, some);
}

/**
 * Members of groups came along; selected is what was selected before.
 * @param {import("../app_types.js").Tab} tab
 * @param {NewIds} ids
 * @param {{ nodes: Iterable<string>, groups: Iterable<string> }} some
 */
function selectNew(tab, ids, some) {
  /** @param {ReadonlyMap<string, string>} map @param {Iterable<string>} old */
  const mapped = (map, old) => [...old].flatMap((id) => map.get(id) ?? []);
  tab.selection.set(selectionOf({ nodes: mapped(ids.nodes, some.nodes), groups: mapped(ids.groups, some.groups) }));
}

/**
 * @param {PointerController} controller
 * @param {Work} work
 * @param {App} app
 * @param {string} text
 * @returns {boolean} Whether it was something that was copied here.
 */
function paste(controller, { tab, graphId }, app, text) {
  const part = pasteText(text, app.catalogue.get());
  if (!part) return false;
  const { by, pointed } = offsetFor(controller, part);
  /** @type {NewIds | undefined} */
  let ids;
  tab.edit("edit.paste", (tx) => {
    ids = insert(tx, graphId, part, by);
    adoptPasted(tx, graphId, { nodes: ids.nodes.values(), groups: ids.groups.values() }, app.catalogue.get());
  });
  if (!ids) return true;
  const nodes = new Set(ids.nodes.values());
  tab.selection.set(selectionOf({ nodes, groups: ids.groups.values() }));
  if (!pointed) showAdded(controller.view, nodes);
  return true;
}

/**
 * How far what is pasted moves: its middle to the pointer, without one to where it is free.
 * @param {PointerController} controller
 * @param {Doc} part
 * @returns {{ by: Point, pointed: boolean }}
 */
function offsetFor({ view, shown, pointed: client }, { root }) {
  const bounds = boundsOf([...root.nodes.values(), ...root.groups.values()]) ?? { x: 0, y: 0, width: 0, height: 0 };
  if (!client) {
    const { at } = placeFor(view, bounds, null);
    return { by: { x: at.x - bounds.x, y: at.y - bounds.y }, pointed: false };
  }
  const middle = centerOf(bounds), to = view.toGraph(client);
  const by = { x: Math.round(to.x - middle.x), y: Math.round(to.y - middle.y) };
  const places = new Set([...shown.scene.graph.nodes.values()].map(({ x, y }) => `${x},${y}`));
  const hides = () => [...root.nodes.values()].some(({ x, y }) => places.has(`${x + by.x},${y + by.y}`));
  for (let left = places.size; left > 0 && hides(); left -= 1) {
    by.x += OFFSET;
    by.y += OFFSET;
  }
  return { by, pointed: true };
}

/**
 * The keys for copying are the browser's own; it says when they were pressed.
 * @param {PointerController} controller
 * @param {AbortSignal} signal
 */
export function listenForClipboard(controller, signal) {
  const { view, app } = controller;
  /** @param {ClipboardEvent} event @returns {Work | null} */
  const workFor = (event) => {
    const textSelected = !(getSelection()?.isCollapsed ?? true);
    const others = event.defaultPrevented || takesText(event.target) || textSelected || !canvasHasFocus(view.root);
    return others ? null : workOf(view);
  };
  for (const kind of /** @type {const} */ (["copy", "cut"])) {
    document.addEventListener(kind, (event) => {
      const work = workFor(event);
      if (!work || !copyable(work)) return;
      event.clipboardData?.setData("text/plain", textOf(work, app));
      event.preventDefault();
      if (kind === "cut") removeSelected(work);
    }, { signal });
  }
  document.addEventListener("paste", (event) => {
    const work = workFor(event);
    if (work && paste(controller, work, app, event.clipboardData?.getData("text/plain") ?? "")) event.preventDefault();
  }, { signal });
}
