/** Notes of groups: Markdown below the title, in room that the group keeps free of its nodes. */

/** @import { GroupId, GroupRecord } from "../core/types.js" */
/** @import { CanvasView } from "./view.js" */

import { showMarkdown } from "../controls/markdown.js";
import { overlaps } from "../core/geometry.js";
import { make } from "./dom.js";
import { GROUP_TITLE_HEIGHT, widthOf } from "./painting.js";

/** Pixels of the text at zoom 1; the style sheet says the same. */
const FONT = 12, LINE = 18, SIDE = 10, AROUND = 8;
const HEADING = 1.3, INDENT = 20;
/** What words that do not fit leave free at the end of a line. */
const RAGGED = 0.88;
const MOST_HEIGHT = 480;

/**
 * How much room the notes of a group take below its title, in graph units; 0 without notes.
 * @param {Pick<GroupRecord, "notes" | "width">} group
 */
export function notesHeight({ notes, width }) {
  if (!notes) return 0;
  const lines = notes.trimEnd().split("\n").map((line) => linesOf(line, width - 2 * SIDE));
  return Math.min(lines.reduce((sum, height) => sum + height, 0) * LINE + 2 * AROUND, MOST_HEIGHT);
}

/** How many lines a line of Markdown becomes, about; an empty one is the gap between paragraphs. @param {string} line @param {number} width */
function linesOf(line, width) {
  const scale = line.startsWith("#") ? HEADING : 1;
  const indented = /^\s*([-*+>]|\d+[.)])\s/.test(line);
  const room = Math.max(indented ? width - INDENT : width, LINE) * RAGGED;
  const ems = [...line.trim()].reduce((sum, letter) => sum + widthOf(letter.charCodeAt(0)), 0);
  return ems === 0 ? 0.5 : Math.ceil((ems * FONT * scale) / room) * scale;
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
