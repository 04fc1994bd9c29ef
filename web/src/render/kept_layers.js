/**
 * The nodes of tabs that were shown lately, out of the page but whole: going back to a tab makes
 * nothing anew.
 */

/** @import { Tab } from "../app_types.js" */
/** @import { NodeEnvironment } from "./node_rows.js" */

import { NodeLayer } from "./node_layer.js";

/** Tabs whose nodes are kept; each has as many as were near its view. */
const MOST = 3;

export class KeptLayers {
  /** The latest is the last. @type {NodeLayer[]} */
  #layers = [];

  /** @param {HTMLElement} world */
  constructor(world) {
    this.world = world;
  }

  /** The layer of a graph: the one that was kept, while it still shows the same. @param {NodeEnvironment} environment */
  of(environment) {
    const at = this.#layers.findIndex((layer) => layer.environment.tab === environment.tab);
    const [kept] = at < 0 ? [] : this.#layers.splice(at, 1);
    if (kept?.isOf(environment)) return kept;
    kept?.clear();
    return new NodeLayer(this.world, environment);
  }

  /** @param {NodeLayer} layer */
  keep(layer) {
    layer.park();
    this.#layers.push(layer);
    if (this.#layers.length > MOST) this.#layers.shift()?.clear();
  }

  /** Lets go of tabs that are not open any more. @param {readonly Tab[]} open */
  retain(open) {
    for (const layer of this.#layers) if (!open.includes(layer.environment.tab)) layer.clear();
    this.#layers = this.#layers.filter((layer) => open.includes(layer.environment.tab));
  }
}
