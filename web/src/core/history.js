/**
 * @import { Doc } from "./document.js"
 * @import { Change, Transaction } from "./types.d.ts"
 */

import { coalesce, inverse } from "./changes.js";

/** Transactions of one key become one step while they follow within this time, in ms. */
const MERGE_WITHIN = 1000;

/** The steps to take back or repeat. Camera, selection and pictures are none of its business. */
export class History {
  /** @type {Transaction[]} */
  #done = [];
  /** @type {Transaction[]} */
  #undone = [];
  #doc;
  #now;
  /** When the newest step last grew; it may grow on only while nothing else came between. */
  #grownAt = -Infinity;
  /** @type {Set<(transaction: Transaction) => void>} */
  #listeners = new Set();

  /**
   * @param {Doc} doc
   * @param {() => number} now clock in ms
   */
  constructor(doc, now = () => performance.now()) {
    this.#doc = doc;
    this.#now = now;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Label of the step `undo` takes back, for a menu. */
  get undoLabel() {
    return this.#done.at(-1)?.label;
  }

  get redoLabel() {
    return this.#undone.at(-1)?.label;
  }

  /**
   * Remember a transaction that was applied. One that changed nothing is no step.
   *
   * @param {Transaction} transaction
   */
  push(transaction) {
    if (transaction.changes.length === 0) return;
    this.#undone = [];
    const now = this.#now();
    const last = this.#done.at(-1);
    const merges = transaction.mergeKey !== undefined && last?.mergeKey === transaction.mergeKey;
    if (last && merges && now - this.#grownAt <= MERGE_WITHIN) {
      this.#done.pop();
      const changes = coalesce([...last.changes, ...transaction.changes]);
      if (changes.length) this.#done.push({ ...last, changes });
    } else {
      this.#done.push(transaction);
    }
    this.#grownAt = now;
    for (const listener of [...this.#listeners]) listener(transaction);
  }

  /** @returns {readonly Change[]} what was changed back; empty when there was nothing to undo */
  undo() {
    const step = this.#done.at(-1);
    if (!step) return [];
    const changes = inverse(step.changes);
    this.#doc.apply(changes);
    this.#done.pop();
    this.#undone.push(step);
    this.#grownAt = -Infinity;
    return changes;
  }

  /** @returns {readonly Change[]} what was changed again; empty when there was nothing to redo */
  redo() {
    const step = this.#undone.at(-1);
    if (!step) return [];
    this.#doc.apply(step.changes);
    this.#undone.pop();
    this.#done.push(step);
    this.#grownAt = -Infinity;
    return step.changes;
  }

  /**
   * @param {(transaction: Transaction) => void} listener told of each pushed transaction
   * @returns {() => void} ends it
   */
  onPush(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
