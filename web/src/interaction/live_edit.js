/** @import { Tab } from "../app_types.js" */
/** @import { Tx } from "../core/edits.js" */
/** @import { Change } from "../core/types.js" */

import { coalesce, inverse } from "../core/changes.js";
import { edit } from "../core/edits.js";

/** An edit that is seen while it is made, and becomes one step of the history when it is kept. */
export class LiveEdit {
  /** @param {Tab} tab @param {string} label */
  constructor(tab, label) {
    this.tab = tab;
    this.label = label;
    /** @type {Change[]} */
    this.changes = [];
  }

  /** @param {(tx: Tx) => void} change */
  step(change) {
    this.changes.push(...edit(this.tab.doc, this.label, change).changes);
  }

  keep() {
    this.tab.history.push({ label: this.label, changes: coalesce(this.changes) });
  }

  /** Takes back all steps. */
  drop() {
    this.tab.doc.apply(inverse(this.changes));
    this.changes = [];
  }
}
