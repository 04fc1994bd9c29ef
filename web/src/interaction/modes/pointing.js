/** @import { Mode, At, PointerController } from "../pointer.js" */
/** @import { Hit } from "../hit.js" */

import { NAVIGATION_SETTING } from "../canvas_settings.js";
import { emptyDrag, pansAnywhere } from "../navigation.js";
import { LiveEdit } from "../live_edit.js";
import { combined, pressMode, selectionOf } from "../selecting.js";
import { addDot, asksForDot } from "../taps.js";
import { ConnectMode, grabbedEnd } from "./connect.js";
import { DragMode } from "./drag.js";
import { MarqueeMode } from "./marquee.js";
import { PanMode } from "./pan.js";
import { ResizeGroupMode, ResizeNodeMode } from "./resize.js";

const MOUSE_SLACK_PX = 4;
const TOUCH_SLACK_PX = 10;
const LONG_PRESS_MS = 500;

/** Pressed, and not yet moved far enough to say what for. @implements {Mode} */
export class PointingMode {
  name = "pointing";

  /** @param {PointerController} controller @param {At} press @param {Hit} hit */
  constructor(controller, press, hit) {
    this.controller = controller;
    this.press = press;
    this.hit = hit;
    const { event } = press;
    this.slack = event.pointerType === "touch" ? TOUCH_SLACK_PX : MOUSE_SLACK_PX;
    const { app } = controller;
    this.preset = app.settings.get(NAVIGATION_SETTING);
    this.pans = pansAnywhere(this.preset, event, controller.spaceHeld);
    if (event.pointerType === "touch") this.timer = setTimeout(() => this.#longPress(), LONG_PRESS_MS);
    // What is pressed is selected at once, so that a drag moves it.
    if (!this.pans) this.#selectPressed();
  }

  /** @param {At} at */
  move(at) {
    const { client } = this.press;
    if (Math.hypot(at.client.x - client.x, at.client.y - client.y) < this.slack) return;
    clearTimeout(this.timer);
    this.controller.capture(this.press.event);
    const mode = this.#drag();
    this.controller.set(mode);
    mode.move(at);
  }

  /** @returns {Mode} */
  #drag() {
    const { controller, press, hit } = this;
    if (this.pans) return new PanMode(controller, press);
    switch (hit.kind) {
      case "port":
        return new ConnectMode(controller, press, grabbedEnd(controller, hit, press.event.shiftKey));
      case "node":
        return hit.part === "resize" ? new ResizeNodeMode(controller, press, hit.id) : new DragMode(controller, press);
      case "group":
        return hit.part === "resize" ? new ResizeGroupMode(controller, press, hit.id) : new DragMode(controller, press);
      case "reroute":
        return new DragMode(controller, press);
      default:
        if (emptyDrag(this.preset, press.event, controller.spaceHeld) === "pan") return new PanMode(controller, press);
        return hit.kind === "link" && asksForDot(press.event) ? this.#pulledDot(hit) : new MarqueeMode(controller, press);
    }
  }

  /** Pulls a wire aside by a new dot. @param {Extract<Hit, { kind: "link" }>} hit */
  #pulledDot(hit) {
    const { controller, press } = this;
    const edit = new LiveEdit(controller.tab, "edit.addDot");
    addDot(controller, hit, press.graph, edit);
    return new DragMode(controller, press, edit);
  }

  #selectPressed() {
    const { tab } = this.controller;
    const some = selectable(this.hit);
    if (!some) return;
    const before = tab.selection.get();
    const [kind, id] = some;
    const mode = pressMode(this.press.event);
    // One of several that are selected may be dragged with all of them; a plain click reduces to it.
    if (before[kind].has(id)) return;
    tab.selection.set(combined(before, { [kind]: [id] }, mode === "toggle" ? "add" : mode));
    this.added = true;
  }

  /** @param {At} at */
  up(at) {
    clearTimeout(this.timer);
    const { controller, hit } = this;
    if (hit.kind === "link" && asksForDot(this.press.event)) return addDot(controller, hit, this.press.graph);
    if (this.pans) return;
    this.#settleSelection();
    if (controller.isSecondTap(hit, at)) controller.onDoubleTap(hit, at);
    else controller.onTap(hit, at);
  }

  /** A click without a drag: now it is known that the selection was meant. */
  #settleSelection() {
    const { tab } = this.controller;
    const some = selectable(this.hit);
    const mode = pressMode(this.press.event);
    if (!some) {
      if (mode === "replace" && this.hit.kind === "empty") tab.selection.set(selectionOf({}));
      return;
    }
    if (this.added) return;
    const [kind, id] = some;
    tab.selection.set(combined(tab.selection.get(), { [kind]: [id] }, mode === "add" ? "add" : mode));
  }

  #longPress() {
    this.controller.cancel();
    this.controller.onMenu(this.hit, this.press);
  }

  cancel() {
    clearTimeout(this.timer);
  }
}

/** @param {Hit} hit @returns {["nodes" | "groups" | "reroutes" | "links", string] | null} */
function selectable(hit) {
  switch (hit.kind) {
    case "node":
      return hit.part === "collapse" ? null : ["nodes", hit.id];
    case "group":
      return ["groups", hit.id];
    case "reroute":
      return ["reroutes", hit.id];
    case "link":
      return ["links", hit.id];
    default:
      return null;
  }
}
