/**
 * The body of a note: its text as Markdown; a double click or Enter opens it for writing.
 */

/** @import { NodeEnvironment } from "./node_rows.js" */
/** @import { NodeShape } from "./scene.js" */

import { showMarkdown } from "../controls/markdown.js";
import { make } from "./dom.js";

const NOTES = new Set(["Note", "MarkdownNote"]);
const TEXT = "text";

/** @param {string} type */
export function isNote(type) {
  return NOTES.has(type);
}

export class NodeNote {
  /** @param {NodeEnvironment} environment @param {HTMLElement} element */
  constructor(environment, element) {
    this.environment = environment;
    this.element = element;
    this.abort = new AbortController();
    this.text = make("div", "node-note");
    this.text.dataset["empty"] = environment.app.i18n.t("canvas.note.empty");
    element.append(this.text);
    this.text.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      this.write();
    }, { signal: this.abort.signal });
    /** @type {NodeShape | null} */
    this.shape = null;
    /** @type {HTMLTextAreaElement | null} */
    this.field = null;
  }

  /** @param {NodeShape} shape */
  update(shape) {
    const before = this.shape;
    this.shape = shape;
    const text = textOf(shape);
    if (!before || textOf(before) !== text) void showMarkdown(this.text, text, { breaks: true });
    this.element.style.top = `${shape.layout.rows[0]?.y ?? 0}px`;
    this.element.style.height = `${Math.max(0, shape.layout.height - (shape.layout.rows[0]?.y ?? 0))}px`;
    this.text.hidden = shape.record.collapsed === true;
  }

  focusFirst() {
    this.write();
  }

  /** Opens the text for writing; leaving the field keeps it. */
  write() {
    if (this.field || !this.shape) return;
    const field = make("textarea", "node-note-field");
    field.value = textOf(this.shape);
    field.setAttribute("aria-label", this.environment.app.i18n.t("canvas.note.text"));
    field.addEventListener("blur", () => this.#keep(), { signal: this.abort.signal });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) field.blur();
    }, { signal: this.abort.signal });
    this.field = field;
    this.element.append(field);
    field.focus();
  }

  #keep() {
    const { field, shape } = this;
    this.field = null;
    field?.remove();
    const { tab, scene } = this.environment;
    if (!field || !shape || !scene.nodes.has(shape.record.id) || field.value === textOf(shape)) return;
    tab.edit("edit.note", (tx) => tx.setValue(scene.graphId, shape.record.id, TEXT, field.value));
  }

  dispose() {
    this.#keep();
    this.abort.abort();
  }
}

/** @param {NodeShape} shape */
function textOf({ record }) {
  const text = record.values[TEXT];
  return typeof text === "string" ? text : "";
}
