/** The short texts that packs put on nodes of their types. */

import { createStore } from "../core/store.js";

/** @typedef {import("../app_types.js").Tab} Tab */
/** @typedef {import("../core/types.js").NodeRecord} NodeRecord */
/** @typedef {(tab: Tab, record: NodeRecord) => string | null} Badge */

const LONGEST = 40;

export class BadgeBoard {
  constructor() {
    /** @type {Map<string, Set<Badge>>} */
    this.badges = new Map();
    /** Another number whenever badges came or went. */
    this.version = createStore(0);
  }

  /**
   * @param {string} type
   * @param {Badge} badge
   * @returns {() => void} takes it away
   */
  add(type, badge) {
    const badges = this.badges.get(type) ?? new Set();
    this.badges.set(type, badges.add(badge));
    this.version.update((version) => version + 1);
    return () => {
      badges.delete(badge);
      this.version.update((version) => version + 1);
    };
  }

  /**
   * @param {Tab} tab
   * @param {NodeRecord} record
   * @returns {string[]} texts for a node of the shown graph
   */
  of(tab, record) {
    /** @type {string[]} */
    const texts = [];
    for (const badge of this.badges.get(record.type) ?? []) {
      const text = badge(tab, record);
      if (typeof text === "string" && text !== "") texts.push(text.slice(0, LONGEST));
    }
    return texts;
  }
}
