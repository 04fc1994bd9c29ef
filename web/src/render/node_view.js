/**
 * A node in the page: header, rows, pictures, and what its last run says. Everything is placed by
 * the layout; nothing is measured.
 */

/** @import { NodeRun, Unsubscribe } from "../app_types.js" */
/** @import { Lift } from "./lift.js" */
/** @import { NodeEnvironment } from "./node_rows.js" */
/** @import { NodeShape } from "./scene.js" */

import { isVirtual } from "../core/convert/virtual.js";
import { isBoundary } from "./boundary.js";
import { make, setText } from "./dom.js";
import { Mover } from "./mover.js";
import { NodeExtras } from "./node_extras.js";
import { NodeNote, isNote } from "./node_note.js";
import { NodePreview } from "./node_preview.js";
import { NodeRows } from "./node_rows.js";
import { previewPlace } from "./preview_place.js";
import { heatOf, runInside } from "./run_sums.js";
import { runText, withShare } from "./run_text.js";
import { titleOf } from "./titles.js";

export class NodeView {
  /** @param {NodeEnvironment} environment @param {NodeShape} shape */
  constructor(environment, shape) {
    this.environment = environment;
    this.shape = shape;
    this.executionId = environment.tab.executionId(shape.record.id);
    this.element = make("div", "node");
    this.element.dataset["node"] = shape.record.id;
    this.element.tabIndex = -1;
    this.element.setAttribute("role", "group");
    this.header = make("div", "node-header");
    this.title = make("span", "node-title");
    this.badge = make("span", "node-badge");
    this.progress = make("div", "node-progress");
    this.missing = make("p", "node-missing");
    this.body = make("div", "node-body");
    this.#buildFrame();
    /** @type {NodeRows | NodeNote} */
    this.rows = isNote(shape.record.type)
      ? new NodeNote(environment, this.body) : new NodeRows(environment, this.body);
    this.preview = new NodePreview(environment.app, this.element, this.badge);
    this.extras = new NodeExtras(environment, this.header, this.element);
    this.update(shape);
    /** What the badge says. @type {NodeRun | undefined} */
    this.run = undefined;
    /** What moves it while it is held. @type {Mover | null} */
    this.mover = null;
    /** @type {Unsubscribe} */
    this.unsubscribe = this.#followRun();
  }

  /** A subgraph shows what is going on inside. @returns {Unsubscribe} */
  #followRun() {
    const { run } = this.environment.tab;
    if (this.shape.type?.module !== "subgraph") {
      this.updateRun(run.get(this.executionId));
      return run.subscribe(this.executionId, (one) => this.updateRun(one));
    }
    this.updateRun(runInside(run, this.executionId));
    const prefix = `${this.executionId}:`;
    return run.subscribeAll((changed) => {
      if ([...changed].some((id) => id === this.executionId || id.startsWith(prefix))) this.updateRun(runInside(run, this.executionId));
    });
  }

  #buildFrame() {
    const { header } = this;
    const collapse = make("button", "node-collapse");
    collapse.type = "button";
    collapse.tabIndex = -1;
    collapse.dataset["part"] = "collapse";
    collapse.setAttribute("aria-label", this.environment.app.i18n.t("canvas.node.collapse"));
    header.append(collapse, this.title, this.badge, this.progress);
    const resize = make("div", "node-resize");
    resize.dataset["part"] = "resize";
    this.element.append(header, this.body, this.missing, resize);
  }

  /** @param {NodeShape} shape */
  update(shape) {
    this.shape = shape;
    const { record, layout, type } = shape;
    this.moveTo(record.x, record.y);
    const { style, classList } = this.element;
    style.width = `${layout.width}px`;
    style.height = `${layout.height}px`;
    style.zIndex = String(record.z);
    style.setProperty("--node-color", colorOf(record.color));
    style.setProperty("--node-bg", colorOf(record.bgcolor));
    const title = titleOf(this.environment, shape);
    setText(this.title, title);
    this.title.title = title;
    this.element.setAttribute("aria-label", title);
    classList.toggle("collapsed", record.collapsed === true);
    classList.toggle("mute", record.mode === "mute" || record.mode === "event" || record.mode === "trigger");
    classList.toggle("bypass", record.mode === "bypass");
    classList.toggle("pinned", record.pinned === true);
    const isKnown = type !== undefined || isBoundary(record.id) || isVirtual(record.type, this.environment.app.catalogue.get());
    classList.toggle("missing", !isKnown);
    classList.toggle("boundary", isBoundary(record.id));
    classList.toggle("subgraph", type?.module === "subgraph");
    classList.toggle("fed", record.collapsed === true && record.inputs.length > 0);
    classList.toggle("feeds", record.collapsed === true && record.outputs.length > 0);
    classList.toggle("titled", record.color !== undefined);
    this.rows.update(shape);
    this.extras.update(shape);
    this.#explainMissing(shape);
    this.placePreview();
  }

  /** Pictures go where there is room now. */
  placePreview() {
    this.preview.place(previewPlace(this.environment.scene, this.shape, this.extras.height));
  }

  /** @param {NodeShape} shape */
  #explainMissing({ record, type, layout }) {
    const { classList } = this.element;
    this.missing.hidden = !classList.contains("missing") || record.collapsed === true;
    if (this.missing.hidden || type) return;
    const text = this.environment.app.i18n.t("canvas.node.missing", { type: record.type });
    setText(this.missing, text);
    this.missing.title = text; // a low node cuts it off
    this.missing.style.top = `${layout.rest.y}px`;
  }

  /** @param {number} x In graph units. @param {number} y */
  moveTo(x, y) {
    this.element.style.transform = placed(x, y);
  }

  /** Takes it up, on a layer of its own that moves without being painted anew, or lays it down. @param {Lift | null} lift */
  hang(lift) {
    const { x, y, id } = this.shape.record;
    const held = lift?.nodes.has(id) ? lift : null;
    this.element.classList.toggle("held", held !== null);
    if (held) {
      this.mover ??= new Mover(this.element);
      this.sway(held);
      return;
    }
    this.mover?.end();
    this.mover = null;
    this.moveTo(x, y);
  }

  /** Follows what it hangs on. @param {Lift} lift */
  sway({ dx, dy }) {
    const { x, y } = this.shape.record;
    this.mover?.write(placed(x + dx, y + dy));
  }

  /** @param {boolean} selected */
  select(selected) {
    this.element.classList.toggle("selected", selected);
    this.element.setAttribute("aria-selected", String(selected));
  }

  /** @param {NodeRun | undefined} run */
  updateRun(run) {
    const { i18n } = this.environment.app;
    this.element.dataset["run"] = run?.state ?? "";
    this.run = run;
    setText(this.badge, runText(run, i18n).text);
    const share = run?.state === "running" && run.max ? (run.value ?? 0) / run.max : 0;
    this.progress.style.transform = `scaleX(${Math.min(Math.max(share, 0), 1)})`;
    this.element.classList.toggle("busy", run?.state === "running" && !run.max);
    this.placePreview();
    this.preview.update(run);
  }

  /** Tints the time of a node by its share of the run's. @param {number} total Seconds of all nodes. */
  showHeat(total) {
    const { i18n } = this.environment.app;
    const heat = heatOf(this.run, total);
    this.badge.style.setProperty("--heat", `${Math.round(100 * heat)}%`);
    this.badge.title = withShare(runText(this.run, i18n).tip, heat, i18n);
  }

  /** Shows errors and warnings found in the document. @param {"error" | "warning" | undefined} severity @param {string} tip */
  showProblem(severity, tip) {
    this.element.classList.toggle("has-error", severity === "error");
    this.element.classList.toggle("has-warning", severity === "warning");
    this.title.title = tip || this.title.textContent || "";
  }

  /** Whether taking it out of the page would take something from the user. */
  get isInUse() {
    if (this.element.contains(document.activeElement) || this.element.querySelector("iframe")) return true;
    const media = /** @type {NodeListOf<HTMLMediaElement>} */ (this.element.querySelectorAll("video, audio"));
    return [...media].some((medium) => !medium.paused);
  }

  /** What would go on, or begin anew, out of the page. */
  get hasMedia() {
    return this.element.querySelector("video, audio") !== null;
  }

  dispose() {
    this.unsubscribe();
    this.rows.dispose();
    this.extras.dispose();
    this.element.remove();
  }
}

/** @param {number} x In graph units. @param {number} y */
function placed(x, y) {
  return `translate(${x}px, ${y}px)`;
}

/** A colour of a file; anything else a style could hold, such as an address, is none. @param {string | undefined} color */
function colorOf(color) {
  return color !== undefined && CSS.supports("color", color) ? color : "";
}
