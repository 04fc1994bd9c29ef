/** Commands that make subgraphs, open them and take them apart. */

/** @import { Command } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */
/** @import { Work } from "./operations.js" */

import { convertToSubgraph, unpackSubgraph } from "../core/subgraphs.js";
import { onWork } from "./graph_commands.js";
import { selectionOf } from "./selecting.js";
import { openSubgraph } from "./subgraph_path.js";

/** @param {CanvasView} view @returns {Command[]} */
export function subgraphCommands(view) {
  return [
    onWork(view, "subgraph.open", ["Mod+E"], oneSubgraph, ({ tab, nodes }) => {
      openSubgraph(tab, /** @type {string} */ (nodes[0]));
    }),
    onWork(view, "subgraph.convert", ["Mod+Shift+E"], ({ nodes, selection }) => nodes.length + selection.groups.size > 0, (work, app) => {
      const { tab, graphId, nodes, selection, graph } = work;
      const [group] = selection.groups;
      const name = (group !== undefined && graph.groups.get(group)?.title) || app.i18n.t("canvas.subgraph.new");
      let id = "";
      tab.edit("edit.subgraph", (tx) => {
        id = convertToSubgraph(tx, graphId, { nodes, groups: selection.groups }, name, app.catalogue.get());
      });
      tab.selection.set(selectionOf({ nodes: [id] }));
    }),
    onWork(view, "subgraph.unpack", [], (work) => subgraphsIn(work).length > 0, (work) => {
      const { tab, graphId } = work;
      /** @type {string[]} */
      let out = [];
      tab.edit("edit.unpack", (tx) => {
        out = subgraphsIn(work).flatMap((id) => unpackSubgraph(tx, graphId, id));
      });
      tab.selection.set(selectionOf({ nodes: out }));
    }),
  ];
}

/** @param {Work} work */
function oneSubgraph(work) {
  return work.nodes.length === 1 && subgraphsIn(work).length === 1;
}

/** Those of the selected nodes that are subgraphs. @param {Work} work */
function subgraphsIn({ nodes, tab, graph }) {
  return nodes.filter((id) => {
    const type = graph.nodes.get(id)?.type;
    return type !== undefined && tab.doc.graph(type) !== undefined;
  });
}
