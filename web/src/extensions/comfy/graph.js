/** What scripts written for ComfyUI see of the open workflow: `app.graph` and `app.canvas`. */

import { writeWorkflow } from "../../core/convert/write_canvas.js";
import { roundedCopy } from "./rounded.js";

/** @typedef {import("./app.js").ComfyApp} ComfyApp */

/** `app.graph`: the graph that is shown. */
export class ComfyGraph {
  /** @param {ComfyApp} comfy */
  constructor(comfy) {
    this.comfy = comfy;
    this.extra = {};
  }

  get _nodes() {
    const tab = this.comfy.tessera.tabs.active.get();
    const graph = tab?.doc.graph(tab.graphId());
    if (!tab || !graph) return [];
    return [...graph.nodes.values()].flatMap((record) => this.comfy.nodeOf(tab, tab.graphId(), record) ?? []);
  }

  get nodes() { return this._nodes; }

  get links() {
    const tab = this.comfy.tessera.tabs.active.get();
    const graph = tab?.doc.graph(tab.graphId());
    return Object.fromEntries([...graph?.links.values() ?? []].map((link) => [link.id, {
      id: link.id, type: link.type,
      origin_id: link.from, origin_slot: slot(graph?.nodes.get(link.from)?.outputs, link.output),
      target_id: link.to, target_slot: slot(graph?.nodes.get(link.to)?.inputs, link.input),
    }]));
  }

  /** @param {string | number} id */
  getNodeById(id) {
    return this._nodes.find((node) => node.key === String(id)) ?? null;
  }

  serialize() {
    const tab = this.comfy.tessera.tabs.active.get();
    return tab && roundedCopy(writeWorkflow(tab.doc, this.comfy.tessera.catalogue.get()));
  }

  setDirtyCanvas() { /* our canvas draws what changed by itself */ }
  change() { /* edits tell by themselves */ }
}

/** `app.canvas`: what is selected, and where the camera is. */
export class ComfyCanvas {
  /** @param {ComfyApp} comfy */
  constructor(comfy) { this.comfy = comfy; }

  get selected_nodes() {
    const selected = this.comfy.tessera.tabs.active.get()?.selection.get().nodes;
    return Object.fromEntries(this.comfy.graph._nodes.filter(({ key }) => selected?.has(key)).map((node) => [node.id, node]));
  }

  get ds() {
    const camera = this.comfy.tessera.tabs.active.get()?.camera().get();
    return { scale: camera?.zoom ?? 1, offset: [-(camera?.x ?? 0), -(camera?.y ?? 0)] };
  }

  get graph() { return this.comfy.graph; }
  setDirty() { this.comfy.tessera.view.requestFrame(); }
  draw() { this.comfy.tessera.view.requestFrame(); }
}

/**
 * @param {readonly { key: string }[] | undefined} ports
 * @param {string} key
 */
function slot(ports, key) {
  return ports?.findIndex((port) => port.key === key) ?? -1;
}
