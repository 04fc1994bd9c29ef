/** What packs put on a node: short texts in its header, controls at its foot. */

/** @import { NodeEnvironment } from "./node_rows.js" */
/** @import { NodeShape } from "./scene.js" */

import { make } from "./dom.js";

export class NodeExtras {
  /**
   * @param {NodeEnvironment} environment
   * @param {HTMLElement} header
   * @param {HTMLElement} body
   */
  constructor(environment, header, body) {
    this.environment = environment;
    this.badges = make("span", "node-pack-badges");
    header.append(this.badges);
    this.foot = make("div", "node-extras");
    body.append(this.foot);
    /** Of the controls that are mounted now. @type {AbortController | undefined} */
    this.mounted = undefined;
    /** @type {NodeShape | undefined} */
    this.shape = undefined;
    this.unsubscribe = environment.app.extensions.decorations.subscribe(() => this.#remount());
  }

  /** @param {NodeShape} shape */
  update(shape) {
    const isFirst = this.shape === undefined;
    this.shape = shape;
    const { app, tab } = this.environment;
    this.badges.replaceChildren(...app.extensions.badgesOf(tab, shape.record).map((text) => {
      const badge = make("span", "node-pack-badge");
      badge.textContent = text;
      return badge;
    }));
    if (isFirst) this.#remount();
  }

  #remount() {
    if (!this.shape) return;
    this.mounted?.abort();
    this.mounted = new AbortController();
    this.foot.replaceChildren();
    const { app, tab } = this.environment;
    app.extensions.mountExtras(this.foot, tab, tab.graphId(), this.shape.record, this.mounted.signal);
    this.foot.hidden = this.foot.childElementCount === 0;
  }

  dispose() {
    this.unsubscribe();
    this.mounted?.abort();
  }
}
