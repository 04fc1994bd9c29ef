/** Commands on the document as a whole, and on runs. */

/** @import { Command } from "../app_types.js" */
/** @import { PointerController } from "./pointer.js" */

import { onWork } from "./graph_commands.js";
import { renameGroup, renameNode } from "./rename.js";

/** @param {PointerController} controller @returns {Command[]} */
export function appCommands(controller) {
  const { view } = controller;
  return [
    {
      id: "graph.undo", keys: ["Mod+Z"], title: "commands.graph.undo",
      when: () => view.shown?.tab.history.canUndo ?? false,
      run: () => view.shown?.tab.undo(),
    },
    {
      id: "graph.redo", keys: ["Mod+Shift+Z", "Mod+Y"], title: "commands.graph.redo",
      when: () => view.shown?.tab.history.canRedo ?? false,
      run: () => view.shown?.tab.redo(),
    },
    {
      id: "node.add", keys: ["Tab"], title: "commands.node.add", scope: "canvas",
      when: () => view.shown !== null,
      run: (app) => app.ui.openPalette({ at: controller.pointed ?? undefined }),
    },
    onWork(view, "rename", ["F2"], ({ nodes, selection }) => nodes.length + selection.groups.size === 1, ({ tab, nodes, selection }) => {
      const [node] = nodes, [group] = selection.groups;
      if (node !== undefined) renameNode(view, tab, node);
      else if (group !== undefined) renameGroup(view, tab, group);
    }),
    onWork(view, "run.toHere", ["Mod+Shift+Enter"], ({ nodes }) => nodes.length > 0, ({ tab, nodes }, app) =>
      app.runs.run({ tab, targets: nodes.map((id) => tab.executionId(id)) })),
  ];
}
