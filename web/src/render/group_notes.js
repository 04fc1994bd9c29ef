/** Notes of groups: Markdown below the title, in room that the group keeps free of its nodes. */

/** @import { GroupId, GroupRecord } from "../core/types.js" */
/** @import { CanvasView } from "./view.js" */

import { plainText, showMarkdown } from "../controls/markdown.js";
import { overlaps } from "../core/geometry.js";
import { linesIn } from "../core/line_breaks.js";
import { make } from "./dom.js";
import { GROUP_TITLE_HEIGHT, textWidth } from "./painting.js";

/** Pixels of the text at zoom 1; the style sheet says the same. */
const FONT = 12, LINE = 18, SIDE = 10, AROUND = 8;
const HEADING = 1.3, BOLD = 700, INDENT = 20;
/** Between paragraphs, and around code, in lines. */
const GAP = 0.5;
/** Of a line's width: bold words and code in it are a little wider than they are taken for. */
const USED = 0.97;
const MOST_HEIGHT = 480;

/** What is followed by no gap, or is one. */
const JOINED = new Set(["gap", "heading", "fence", "code"]);

/** Asked for with every move of the pointer. @type {WeakMap<object, number>} */
const heights = new WeakMap();

/**
 * How much room the notes of a group take below its title, in graph units; 0 without notes.
 * @param {Pick<GroupRecord, "notes" | "width">} group
 */
export function notesHeight(group) {
  const known = heights.get(group);
  if (known !== undefined) return known;
  const height = group.notes ? Math.min(Math.ceil(linesOf(group.notes, group.width - 2 * SIDE) * LINE) + 2 * AROUND, MOST_HEIGHT) : 0;
  heights.set(group, height);
  return height;
}

/** How many lines a Markdown text becomes; headings and gaps are parts of lines. @param {string} notes @param {number} width */
function linesOf(notes, width) {
  let sum = 0, before = "gap";
  for (const line of notes.trim().split("\n")) {
    const kind = kindOf(line, before);
    if (kind !== before && !JOINED.has(before)) sum += GAP;
    sum += kind === "code" ? 1 : heightOf(line, kind, width);
    const ends = kind === "fence" && (before === "fence" || before === "code");
    before = ends ? "block" : kind;
  }
  return sum;
}

/** @param {string} line @param {string} before kind of the line above */
function kindOf(line, before) {
  if (/^\s*(```|~~~)/.test(line)) return "fence";
  if (before === "fence" || before === "code") return "code";
  if (line.trim() === "") return "gap";
  if (/^#{1,6}\s/.test(line)) return "heading";
  return /^\s*([-*+]|\d+[.)])\s/.test(line) ? "list" : "text";
}

/** @param {string} line @param {string} kind @param {number} width @returns {number} in lines */
function heightOf(line, kind, width) {
  if (kind === "gap" || kind === "fence") return kind === "fence" ? GAP : 0;
  const scale = kind === "heading" ? HEADING : 1;
  const words = plainText(line.replace(/^\s*([-*+>]|\d+[.)])\s/, ""));
  const depth = kind === "list" ? 1 + Math.floor(/** @type {string} */ (/^ */.exec(line)?.[0]).length / 2) : 0;
  const room = Math.max((width - depth * INDENT) * USED, LINE);
  return Math.max(linesIn(words, room, (text) => textWidth(text, FONT * scale, scale > 1 ? BOLD : undefined)), 1) * scale;
}

/** @typedef {{ readonly element: HTMLElement, group: GroupRecord | null, at: string }} Note */

export class GroupNotes {
  /** @type {Map<GroupId, Note>} */
  #notes = new Map();

  /** @param {CanvasView} view */
  constructor(view) {
    this.view = view;
    view.onFrame(() => this.#update());
  }

  #update() {
    const groups = new Map(this.#inView().map((group) => [group.id, group]));
    for (const [id, { element }] of this.#notes) {
      if (groups.has(id)) continue;
      element.remove();
      this.#notes.delete(id);
    }
    for (const group of groups.values()) this.#show(group);
  }

  /** @returns {GroupRecord[]} */
  #inView() {
    const { shown, camera, isFar } = this.view;
    if (isFar || !shown?.scene.exists) return [];
    const area = camera.visible();
    return [...shown.scene.graph.groups.values()].filter((group) => group.notes && overlaps(group, area));
  }

  /** @param {GroupRecord} group */
  #show(group) {
    let note = this.#notes.get(group.id);
    if (!note) {
      note = { element: make("div", "group-note"), group: null, at: "" };
      this.#notes.set(group.id, note);
      this.view.stage.elements.world.prepend(note.element);
    }
    if (note.group?.notes !== group.notes) void showMarkdown(note.element, group.notes ?? "", { breaks: true });
    this.#place(note, group);
    note.group = group;
  }

  /** @param {Note} note @param {GroupRecord} group */
  #place(note, group) {
    const { lift } = this.view.stage;
    const held = lift?.groups.has(group.id) ? lift : { dx: 0, dy: 0 };
    const at = `translate(${group.x + held.dx}px, ${group.y + held.dy + GROUP_TITLE_HEIGHT}px)`;
    if (note.at !== at) note.element.style.transform = at;
    note.at = at;
    if (note.group === group) return;
    note.element.style.width = `${group.width}px`;
    note.element.style.height = `${Math.max(0, Math.min(notesHeight(group), group.height - GROUP_TITLE_HEIGHT))}px`;
  }
}
