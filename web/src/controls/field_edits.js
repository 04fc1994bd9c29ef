/**
 * What was edited in a text field since it got the focus. The browser's own undo knows no bounds:
 * pressed once too often, it takes back what was typed in another field.
 */

/** @typedef {HTMLInputElement | HTMLTextAreaElement} TextField */

/** Inputs of text whose selection may be set. */
const TEXTS = new Set(["text", "search", "url", "tel", "password"]);
/** What follows within this time, in ms, is one step. */
const MERGE_WITHIN = 1000;

/** Fields that write into the document while they are typed in: the document's undo is theirs. @type {WeakSet<EventTarget>} */
const stored = new WeakSet();

/** @param {TextField} field one that the document's undo and redo update */
export function undoWithDocument(field) {
  stored.add(field);
}

/** @param {EventTarget | null} target @returns {target is TextField} whether it keeps edits of its own */
export function keepsEdits(target) {
  const isText = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && TEXTS.has(target.type));
  return isText && !stored.has(target) && !target.readOnly;
}

export class FieldEdits {
  /** @type {string[]} */
  #values;
  #at = 0;
  #grownAt = -Infinity;

  /** @param {TextField} field @param {() => number} [now] milliseconds */
  constructor(field, now = () => performance.now()) {
    this.field = field;
    this.now = now;
    this.#values = [field.value];
  }

  /** The field was typed in. */
  note() {
    const { value } = this.field;
    if (value === this.#values[this.#at]) return;
    const now = this.now();
    if (now - this.#grownAt > MERGE_WITHIN) this.#at += 1;
    this.#values.splice(this.#at, Infinity, value);
    this.#grownAt = now;
  }

  /** What it holds was taken over, or given to it: what was before is not its own to take back. */
  begin() {
    this.#values = [this.field.value];
    this.#at = 0;
    this.#grownAt = -Infinity;
  }

  /** @param {-1 | 1} by back or forth @returns {boolean} false when there is nothing of its own */
  step(by) {
    if (this.field.value !== this.#values[this.#at]) this.begin();
    const value = this.#values[this.#at + by];
    if (value === undefined) return false;
    this.#at += by;
    this.#grownAt = -Infinity;
    writeText(this.field, value);
    this.field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: by < 0 ? "historyUndo" : "historyRedo" }));
    return true;
  }
}

/**
 * Write into a field; one that has the focus gets its caret where the text changed.
 * @param {TextField} field
 * @param {string} text
 */
export function writeText(field, text) {
  const before = field.value;
  if (before === text) return;
  field.value = text;
  if (field.ownerDocument.activeElement !== field) return;
  const most = Math.min(before.length, text.length);
  let same = 0;
  while (same < most && before.at(-1 - same) === text.at(-1 - same)) same += 1;
  field.setSelectionRange(text.length - same, text.length - same);
}
