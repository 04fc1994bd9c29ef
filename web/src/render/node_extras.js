/** What packs put on a node: short texts in its header, controls below its rows. */

/** @import { NodeFitting } from "../app_types.js" */
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
    this.foot.hidden = true;
    body.append(this.foot);
    /** What the controls take of the room below the rows, in pixels. */
    this.height = 0;
    /** What is mounted. @type {NodeFitting | undefined} */
    this.fitting = undefined;
    /** @type {NodeShape | undefined} */
    this.shape = undefined;
    this.unsubscribe = environment.app.extensions.decorations.subscribe(() => this.#showBadges());
  }

  /** @param {NodeShape} shape */
  update(shape) {
    this.shape = shape;
    this.#showBadges();
    this.#mount(shape.fitting);
    this.#place(shape);
  }

  #showBadges() {
    if (!this.shape) return;
    const { app, tab } = this.environment;
    this.badges.replaceChildren(...app.extensions.badgesOf(tab, this.shape.record).map((text) => {
      const badge = make("span", "node-pack-badge");
      badge.textContent = text;
      return badge;
    }));
  }

  /** What stays is not taken out of the page: it may have the focus. @param {NodeFitting | undefined} fitting */
  #mount(fitting) {
    if (fitting === this.fitting) return;
    this.fitting = fitting;
    const controls = fitting?.controls ?? [];
    const kept = new Map([...this.foot.children].map((slot) => [slot.firstElementChild, /** @type {HTMLElement} */ (slot)]));
    const slots = controls.map(({ element, height, grows }) => {
      const slot = kept.get(element) ?? make("div", "node-extra");
      if (!slot.contains(element)) slot.append(element);
      slot.style.flex = grows ? `1 0 ${height}px` : `0 0 ${height}px`;
      return slot;
    });
    for (const slot of kept.values()) if (!slots.includes(slot)) slot.remove();
    slots.forEach((slot, at) => {
      if (this.foot.children[at] !== slot) this.foot.insertBefore(slot, this.foot.children[at] ?? null);
    });
  }

  /** Right below the rows; what grows takes all that is left. @param {NodeShape} shape */
  #place({ record, layout: { rest }, fitting }) {
    this.foot.hidden = !fitting || fitting.controls.length === 0 || record.collapsed === true;
    const grows = fitting?.controls.some((control) => control.grows) ?? false;
    this.height = this.foot.hidden ? 0 : grows ? rest.height : fitting?.foot ?? 0;
    this.foot.style.top = `${rest.y}px`;
    this.foot.style.height = `${this.height}px`;
  }

  dispose() {
    this.unsubscribe();
  }
}
