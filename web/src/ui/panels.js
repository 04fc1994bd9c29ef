/** The side panels and the rail of buttons that opens them; one open panel on each side. */

/** @import { App, I18n, Panel, Panels as PanelsShape, Settings, ToastKind, Unsubscribe } from "../app_types.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";

const WIDTH_STEP = 24;
const NARROWEST = 200;
/** Room that a panel leaves to the canvas. */
const CANVAS_LEFT = 320;

/** @typedef {"left" | "right" | "bottom"} Side */
/** @type {readonly Side[]} */
const SIDES = ["left", "right", "bottom"];
/** @type {{ [side in Side]: number }} */
const SIZES = { left: 300, right: 320, bottom: 220 };

/**
 * @typedef {object} Places
 * @property {HTMLElement} rail
 * @property {HTMLElement} left
 * @property {HTMLElement} right
 * @property {HTMLElement} bottom
 */

/** @implements {PanelsShape} */
export class Panels {
  /** @type {Map<string, Panel>} */
  #panels = new Map();
  /** @type {Map<string, HTMLButtonElement>} */
  #buttons = new Map();
  /** @type {Map<Side, { id: string, unmount: Unsubscribe }>} */
  #open = new Map();

  /**
   * @param {Places} places
   * @param {() => App} app
   * @param {{ i18n: I18n, settings: Settings }} services
   */
  constructor(places, app, { i18n, settings }) {
    this.places = places;
    this.app = app;
    this.i18n = i18n;
    this.settings = settings;
    for (const side of SIDES) {
      settings.define({ id: openSetting(side), type: "hidden", default: null, title: "shell.panels" });
      settings.define({ id: sizeSetting(side), type: "hidden", default: SIZES[side], title: "shell.panels" });
    }
    i18n.language.subscribe(() => this.#translate());
  }

  /** Open what was open the last time. */
  restore() {
    for (const side of SIDES) {
      const id = this.settings.get(openSetting(side));
      if (typeof id === "string" && this.#panels.get(id)?.side === side) this.open(id);
    }
  }

  /** @param {Panel} panel @returns {Unsubscribe} */
  register(panel) {
    if (this.#panels.has(panel.id)) throw new Error(`Panel "${panel.id}" is registered already; choose another id.`);
    this.#panels.set(panel.id, panel);
    const button = element("button", { type: "button", class: "rail-button", "data-panel": panel.id, "aria-pressed": "false" }, icon(panel.icon, 20));
    button.addEventListener("click", () => this.toggle(panel.id));
    this.#buttons.set(panel.id, button);
    this.#arrange();
    this.#translate();
    return () => this.#remove(panel.id);
  }

  /** @param {string} id */
  open(id) {
    const panel = this.#panels.get(id);
    if (!panel || this.isOpen(id)) return;
    this.#shut(panel.side);
    const place = this.places[panel.side];
    const content = element("div", { class: "panel-content" });
    place.replaceChildren(this.#header(panel), content, this.#handle(panel.side));
    place.hidden = false;
    this.#size(panel.side, this.settings.get(sizeSetting(panel.side)));
    this.#open.set(panel.side, { id, unmount: panel.mount(content, this.app()) });
    this.#buttons.get(id)?.setAttribute("aria-pressed", "true");
    this.settings.set(openSetting(panel.side), id);
  }

  /** @param {string} id */
  close(id) {
    const panel = this.#panels.get(id);
    if (!panel || !this.isOpen(id)) return;
    this.#shut(panel.side);
    this.settings.set(openSetting(panel.side), null);
  }

  /** @param {string} id */
  toggle(id) {
    if (this.isOpen(id)) this.close(id);
    else this.open(id);
  }

  /** @param {string} id */
  isOpen(id) {
    return [...this.#open.values()].some((shown) => shown.id === id);
  }

  /** @param {string} id @param {string} text @param {ToastKind} [kind] */
  badge(id, text, kind = "info") {
    const button = this.#buttons.get(id);
    button?.querySelector(".badge")?.remove();
    if (text !== "") button?.append(element("span", { class: `badge badge-${kind}` }, text));
  }

  /** @param {Side} side */
  #shut(side) {
    const shown = this.#open.get(side);
    if (!shown) return;
    this.#open.delete(side);
    shown.unmount();
    this.#buttons.get(shown.id)?.setAttribute("aria-pressed", "false");
    this.places[side].replaceChildren();
    this.places[side].hidden = true;
  }

  /** @param {string} id */
  #remove(id) {
    this.close(id);
    this.#panels.delete(id);
    this.#buttons.get(id)?.remove();
    this.#buttons.delete(id);
  }

  #arrange() {
    const order = (/** @type {Panel} */ panel) => panel.order ?? 100;
    const sorted = [...this.#panels.values()].sort((a, b) => order(a) - order(b));
    /** @type {Node[]} */
    const buttons = sorted.map((panel) => /** @type {Node} */ (this.#buttons.get(panel.id)));
    const rights = sorted.findIndex((panel) => panel.side !== "left");
    if (rights >= 0) buttons.splice(rights, 0, element("span", { class: "rail-space" }));
    this.places.rail.replaceChildren(...buttons);
  }

  #translate() {
    for (const [id, button] of this.#buttons) {
      const title = this.i18n.t(this.#panels.get(id)?.title ?? id);
      button.title = title;
      button.setAttribute("aria-label", title);
    }
    for (const side of SIDES) {
      const id = this.#open.get(side)?.id;
      if (!id) continue;
      const place = this.places[side];
      /** @type {HTMLElement} */ (place.querySelector(".panel-header h2")).textContent = this.i18n.t(this.#panels.get(id)?.title ?? id);
      place.querySelector(".panel-header button")?.setAttribute("aria-label", this.i18n.t("shell.close"));
      place.querySelector(".panel-handle")?.setAttribute("aria-label", this.i18n.t("shell.resize"));
    }
  }

  /** @param {Panel} panel */
  #header(panel) {
    const close = element("button", { type: "button", class: "icon-button", "aria-label": this.i18n.t("shell.close") }, icon("close", 12));
    close.addEventListener("click", () => this.close(panel.id));
    return element("header", { class: "panel-header" }, element("h2", {}, this.i18n.t(panel.title)), close);
  }

  /** The edge that is dragged, or moved by arrow keys. @param {Side} side */
  #handle(side) {
    const isBottom = side === "bottom";
    const handle = element("div", {
      class: `panel-handle panel-handle-${side}`, role: "separator", tabindex: 0,
      "aria-orientation": isBottom ? "horizontal" : "vertical", "aria-label": this.i18n.t("shell.resize"),
    });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.places[side].getBoundingClientRect();
      this.#resize(side, isBottom ? box.bottom - event.clientY : side === "left" ? event.clientX - box.left : box.right - event.clientX);
    });
    handle.addEventListener("keydown", (event) => {
      const grow = isBottom ? "ArrowUp" : side === "left" ? "ArrowRight" : "ArrowLeft";
      const shrink = isBottom ? "ArrowDown" : side === "left" ? "ArrowLeft" : "ArrowRight";
      const step = event.key === grow ? WIDTH_STEP : event.key === shrink ? -WIDTH_STEP : 0;
      if (step !== 0) this.#resize(side, this.settings.get(sizeSetting(side)) + step);
    });
    return handle;
  }

  /** The artist chose a size. @param {Side} side @param {number} wanted */
  #resize(side, wanted) {
    this.settings.set(sizeSetting(side), this.#size(side, wanted));
  }

  /** @param {Side} side @param {number} wanted @returns {number} the size it has now */
  #size(side, wanted) {
    const isBottom = side === "bottom";
    const all = isBottom ? innerHeight : innerWidth;
    // In a window too small for both, panels at the sides lie on the canvas: the style sheet says so.
    const most = all >= CANVAS_LEFT + NARROWEST ? all - CANVAS_LEFT : isBottom ? all / 2 : all;
    const size = Math.round(Math.min(Math.max(wanted, NARROWEST), most));
    this.places[side].style[isBottom ? "height" : "width"] = `${size}px`;
    return size;
  }
}

/** @param {Side} side */
function openSetting(side) {
  return `Tessera.Shell.Open.${side}`;
}

/** @param {Side} side */
function sizeSetting(side) {
  return `Tessera.Shell.Size.${side}`;
}
