/**
 * Ties a native text control to a value, safely for input methods: nothing is written into a
 * control while characters are being composed in it, and half-composed text is never stored.
 */

import { on } from "../controls/dom.js";
import { undoWithDocument, writeText } from "../controls/field_edits.js";
import { jsonText } from "../core/json.js";

/** @typedef {import("../core/types.js").Json} Json */

export class TextBinding {
  /**
   * @param {HTMLInputElement | HTMLTextAreaElement} control
   * @param {import("../app_types.js").WidgetContext} context
   */
  constructor(control, context) {
    this.control = control;
    this.context = context;
    this.composing = false;
    /** What the value and the control held when they last agreed. @type {string | undefined} */
    this.stored = undefined;
    undoWithDocument(control);
    on(control, "compositionstart", () => {
      this.composing = true;
    }, context.signal);
    on(control, "compositionend", () => {
      this.composing = false;
      this.store();
    }, context.signal);
    on(control, "input", () => this.store(), context.signal);
    on(control, "blur", () => {
      this.composing = false;
      this.store();
    }, context.signal);
    this.update(context.get());
  }

  /** Store what the control holds. @param {{ merge?: boolean }} [options] whether it may be one step with what was typed just before */
  store({ merge = true } = {}) {
    if (this.composing || this.control.value === this.stored) return;
    this.stored = this.control.value;
    this.context.set(this.stored, { merge });
  }

  /** Show a value that came from elsewhere: undo, another panel. @param {Json} value */
  update(value) {
    const text = typeof value === "string" ? value : value === null ? "" : jsonText(value);
    if (text === this.stored || this.composing) return;
    this.stored = text;
    writeText(this.control, text);
  }

  /**
   * Replace a part of the text, in one step to undo.
   * @param {number} start
   * @param {number} end
   * @param {string} text
   */
  replace(start, end, text) {
    this.control.focus();
    this.control.setRangeText(text, start, end, "end");
    this.store({ merge: false });
  }
}
