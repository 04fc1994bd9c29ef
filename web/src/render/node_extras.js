/** What packs put on a node: short texts in its header, controls below its rows. */

/** @import { NodeEnvironment } from "./node_rows.js" */
/** @import { NodeShape } from "./scene.js" */

import { make } from "./dom.js";

export class NodeExtras {
  /**
   * @param {NodeEnvironment} environment
   * @param {HTMLElement} header
   * @param {HTMLElement} body
   * @param {() => void} onHeight The controls take more or less room now.
   */
  constructor(environment, header, body, onHeight) {
    this.environment = environment;
    this.badges = make("span", "node-pack-badges");
    header.append(this.badges);
    this.foot = make("div", "node-extras");
    body.append(this.foot);
    /** What the controls take of the room below the rows, in pixels. */
    this.height = 0;
    this.sizes = new ResizeObserver(([entry]) => {
      this.height = entry?.contentRect.height ?? 0;
      this.#place();
      onHeight();
    });
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
    this.#place();
  }

  /** Where the rows leave too little room, they stand at the node's foot. */
  #place() {
    if (!this.shape || this.foot.hidden) return;
    const { rest } = this.shape.layout;
    const fits = rest.height >= this.height;
    this.foot.style.top = fits ? `${rest.y}px` : "auto";
    this.foot.style.bottom = fits ? "auto" : "";
  }

  #remount() {
    if (!this.shape) return;
    this.mounted?.abort();
    this.mounted = new AbortController();
    this.foot.replaceChildren();
    const { app, tab } = this.environment;
    app.extensions.mountExtras(this.foot, tab, tab.graphId(), this.shape.record, this.mounted.signal);
    this.foot.hidden = this.foot.childElementCount === 0;
    if (this.foot.hidden) this.sizes.disconnect();
    else this.sizes.observe(this.foot);
  }

  dispose() {
    this.unsubscribe();
    this.mounted?.abort();
    this.sizes.disconnect();
  }
}
