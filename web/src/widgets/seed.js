/**
 * A number that changes from run to run. What is shown is what the last run used: it is rolled
 * just before a run. "Reuse" brings the seed of the last run back and keeps it.
 */

import { element, on } from "../controls/dom.js";
import { icon } from "../ui/icons.js";
import { NumberField } from "./number.js";
import { ownPresses, widgetRow } from "./row.js";

/** @typedef {import("../core/exact.js").Exact} Exact */
/** @typedef {import("../core/types.js").SeedControl} SeedControl */
/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */

/** @type {readonly SeedControl[]} */
const CONTROLS = ["randomize", "fixed", "increment", "decrement"];
/** @type {{ readonly [control: string]: string }} names of drawings */
const ICONS = { randomize: "dice", fixed: "lock", increment: "plus", decrement: "minus" };
/** Seeds people can read and note down, as ComfyUI rolls them: below 2^50. */
const ROLL_BELOW = 2 ** 50;

/**
 * Access to the control of an input: the context's own, else that of the node.
 * @param {WidgetContext} context
 * @returns {{ get(): SeedControl | undefined, set(control: SeedControl): void }}
 */
export function seedControl({ control, tab, graphId, nodeId, input }) {
  return control ?? {
    get: () => tab.doc.graph(graphId)?.nodes.get(nodeId)?.controls?.[input.name],
    set: (next) => {
      tab.edit("edit.setControl", (tx) => tx.setControl(graphId, nodeId, input.name, next));
    },
  };
}

/** @type {import("../app_types.js").WidgetMount} */
export function mountSeed(parent, context) {
  const { root, id } = widgetRow(parent, context, "number");
  root.classList.add("widget-seed");
  const field = new NumberField(context, root, id);
  const buttons = new SeedButtons(context, (value) => field.set(value));
  root.append(field.input, ...buttons.elements);
  return {
    update: (value) => {
      field.update(value);
      buttons.show();
    },
    focus: () => field.input.focus(),
    unmount: () => root.remove(),
  };
}

/** The buttons beside a value that changes from run to run. */
export class SeedButtons {
  /**
   * @param {WidgetContext} context
   * @param {(value: Exact) => void} setValue
   */
  constructor(context, setValue) {
    this.context = context;
    this.setValue = setValue;
    /** @type {SeedControl | undefined} */
    this.shown = undefined;
    this.control = seedControl(context);
    this.roll = this.#button("widgets.seed.roll", "refresh", () => this.#roll());
    this.reuse = this.#button("widgets.seed.reuse", "clock", () => this.#reuse());
    this.mode = this.#button("widgets.seed.control", "dice", () => void this.#choose());
    this.mode.setAttribute("aria-haspopup", "menu");
    this.mode.classList.add("is-kept");
    this.elements = [this.reuse, this.roll, this.mode];
    this.show();
  }

  /** @param {string} key @param {string} drawing @param {() => void} press */
  #button(key, drawing, press) {
    const title = this.context.app.i18n.t(key);
    const button = element("button", { type: "button", class: "widget-icon-button", title, "aria-label": title }, icon(drawing, 14));
    on(button, "click", press, this.context.signal);
    ownPresses(button, this.context.signal);
    return button;
  }

  show() {
    const { t } = this.context.app.i18n;
    const control = this.control.get() ?? "fixed";
    if (this.shown !== control) {
      this.shown = control;
      const title = t("widgets.seed.control_now", { control: t(`widgets.seed.${control}`) });
      this.mode.title = title;
      this.mode.setAttribute("aria-label", title);
      this.mode.replaceChildren(icon(ICONS[control] ?? "dice", 14));
    }
    const last = this.#lastUsed();
    this.reuse.hidden = last === undefined || (last === this.context.get() && control === "fixed");
  }

  /** @returns {Exact | undefined} */
  #lastUsed() {
    const { tab, graphId, nodeId, input } = this.context;
    const used = tab.usedSeeds.get(`${graphId} ${nodeId} ${input.name}`);
    return typeof used === "number" || typeof used === "bigint" ? used : undefined;
  }

  #roll() {
    const { options } = this.context.input;
    const min = typeof options["min"] === "number" ? Math.max(0, options["min"]) : 0;
    const max = typeof options["max"] === "number" ? Math.min(ROLL_BELOW, options["max"]) : ROLL_BELOW;
    this.setValue(min + Math.floor(Math.random() * (max - min + 1)));
    this.show();
  }

  #reuse() {
    const last = this.#lastUsed();
    if (last === undefined) return;
    if (last !== this.context.get()) this.setValue(last);
    this.control.set("fixed");
    this.show();
  }

  async #choose() {
    const { app } = this.context;
    const { left, bottom } = this.mode.getBoundingClientRect();
    const now = this.control.get() ?? "fixed";
    await app.ui.menu({ x: left, y: bottom }, CONTROLS.map((control) => ({
      title: app.i18n.t(`widgets.seed.${control}`),
      icon: ICONS[control],
      checked: control === now,
      run: () => {
        this.control.set(control);
        this.show();
      },
    })));
  }
}
