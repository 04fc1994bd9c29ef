/**
 * Numbers: drag sideways to change, click to type (also "512*2"), arrow keys to step; Shift is ten
 * times as much, Ctrl a tenth. A slider shows how full it is and is dragged to a place.
 */

import { element, isComposing, on } from "../controls/dom.js";
import { exact } from "../core/exact.js";
import { dragNumber, fraction, numberRules, readNumber, snapNumber, stepNumber, writeNumber } from "./number_rules.js";
import { ownPresses, remark, widgetRow } from "./row.js";

/** @typedef {import("../core/exact.js").Exact} Exact */
/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */

const DRAG_STARTS_PX = 3;
const PX_PER_STEP = 4;

/** @param {{ ctrlKey: boolean, metaKey: boolean }} event whether steps are a tenth while it is held */
function isFine(event) {
  return event.ctrlKey || event.metaKey;
}

/**
 * The number field itself, without a row: seeds and batch fields use it too.
 */
export class NumberField {
  /**
   * @param {WidgetContext} context
   * @param {HTMLElement} root where drags start
   * @param {string} id of the input
   */
  constructor(context, root, id) {
    this.context = context;
    this.root = root;
    this.rules = numberRules(context.input);
    this.slider = isSlider(context, this.rules);
    this.value = this.#read(context.get());
    this.input = element("input", {
      id, class: "widget-value", type: "text", inputmode: "decimal", autocomplete: "off",
      spellcheck: "false", role: this.slider ? "slider" : "spinbutton",
      "aria-valuemin": String(this.rules.min), "aria-valuemax": String(this.rules.max),
    });
    this.#listen();
    this.show();
  }

  /** @param {Json} value @returns {Exact | null} null for what is no number */
  #read(value) {
    const number = typeof value === "string" && value.trim() !== "" ? readPlain(value) : value;
    return typeof number === "bigint" || (typeof number === "number" && Number.isFinite(number)) ? number : null;
  }

  /** @param {Json} value */
  update(value) {
    const number = this.#read(value);
    if (number === this.value && this.known === value) return;
    this.value = number;
    if (!this.editing) this.show();
  }

  get editing() {
    return this.input.dataset["editing"] !== undefined;
  }

  show() {
    this.known = this.context.get();
    const shown = this.value === null ? String(this.known ?? "") : writeNumber(this.value, this.rules);
    if (this.input.value !== shown) this.input.value = shown;
    this.input.toggleAttribute("aria-invalid", this.value === null && this.known !== null);
    if (this.value !== null) this.input.setAttribute("aria-valuenow", String(this.value));
    if (this.slider) this.root.style.setProperty("--fill", String(fraction(this.value ?? this.rules.min, this.rules)));
  }

  /** @param {Exact} value */
  set(value) {
    this.value = value;
    this.context.set(value, { merge: true });
    this.show();
  }

  /**
   * @param {1 | -1} direction
   * @param {{ shiftKey: boolean, ctrlKey: boolean, metaKey: boolean }} event
   */
  step(direction, event) {
    this.commit();
    const count = event.shiftKey ? 10 * direction : direction;
    this.set(stepNumber(this.value ?? 0, count, this.rules, isFine(event)));
  }

  /** Take over what was typed. @returns {boolean} false when it is no number */
  commit() {
    if (!this.editing) return true;
    const entered = readNumber(this.input.value, this.rules);
    if (!entered) {
      this.#say("widgets.number.invalid", "error");
      this.input.setAttribute("aria-invalid", "true");
      return false;
    }
    delete this.input.dataset["editing"];
    if (entered.note) this.#say(`widgets.number.${entered.note}`, "info");
    if (entered.value !== this.value) this.set(entered.value);
    else this.show();
    return true;
  }

  revert() {
    delete this.input.dataset["editing"];
    this.show();
  }

  /** @param {string} key @param {"info" | "error"} kind */
  #say(key, kind) {
    const { min, max, round } = this.rules;
    const values = { text: this.input.value, min: String(min), max: String(max), round: round ?? 0 };
    remark(this.root, this.context, this.context.app.i18n.t(key, values), kind);
  }

  #listen() {
    const { input, context: { signal } } = this;
    on(input, "input", () => {
      input.dataset["editing"] = "";
      input.removeAttribute("aria-invalid");
    }, signal);
    on(input, "keydown", (event) => this.#onKey(event), signal);
    on(input, "blur", () => {
      if (!this.commit()) this.revert();
    }, signal);
    on(this.root, "pointerdown", (event) => this.#onPress(event), signal);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (isComposing(event) || event.altKey) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      this.step(event.key === "ArrowUp" ? 1 : -1, event);
      this.input.select();
    } else if (event.key === "Enter") {
      if (this.commit()) this.input.select();
    } else if (event.key === "Escape" && this.editing) {
      event.stopPropagation();
      this.revert();
      this.input.select();
    }
  }

  /** @param {PointerEvent} event */
  #onPress(event) {
    const onButton = event.target instanceof Element && event.target.closest("button, select");
    if (event.button !== 0 || onButton) return;
    event.stopPropagation();
    const typing = document.activeElement === this.input && event.target === this.input;
    if (typing || this.input.disabled) return;
    event.preventDefault();
    this.#drag(event);
  }

  /** @param {PointerEvent} press */
  #drag(press) {
    const start = this.value ?? this.rules.min;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.context.signal]);
    let moved = false;
    let reached = press.clientX;
    let steps = 0;
    const move = (/** @type {PointerEvent} */ event) => {
      if (!moved && Math.abs(event.clientX - press.clientX) < DRAG_STARTS_PX) return;
      if (!moved) this.#beginDrag(press);
      moved = true;
      const speed = event.shiftKey ? 10 : isFine(event) ? 0.1 : 1;
      steps += ((event.clientX - reached) / PX_PER_STEP) * speed;
      reached = event.clientX;
      const next = this.slider
        ? snapNumber(this.#placeOf(event), this.rules, isFine(event))
        : dragNumber(start, steps, this.rules, isFine(event));
      if (next !== this.value) this.set(next);
    };
    const end = (/** @type {PointerEvent} */ event) => {
      stop.abort();
      this.root.classList.remove("is-dragging");
      if (event.type === "pointercancel") this.set(start);
      else if (!moved) this.#beginTyping();
    };
    on(this.root, "pointermove", move, signal);
    on(this.root, "pointerup", end, signal);
    on(this.root, "pointercancel", end, signal);
    this.root.setPointerCapture(press.pointerId);
  }

  /** @param {PointerEvent} press */
  #beginDrag(press) {
    this.commit();
    if (this.slider) this.set(snapNumber(this.#placeOf(press), this.rules));
    this.root.classList.add("is-dragging");
  }

  /** @param {PointerEvent} event @returns {number} the value at that place of the slider */
  #placeOf(event) {
    const { left, width } = this.root.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - left) / width));
    const [min, max] = [Number(this.rules.min), Number(this.rules.max)];
    return min + part * (max - min);
  }

  #beginTyping() {
    this.input.focus();
    this.input.select();
  }
}

/** A number in a text, with all its digits. @param {string} text @returns {Exact} */
function readPlain(text) {
  const plain = text.trim();
  return /^-?\d+$/.test(plain) ? exact(BigInt(plain)) : Number(plain);
}

/** @param {WidgetContext} context @param {import("./number_rules.js").NumberRules} rules */
function isSlider({ input }, rules) {
  const display = input.options["display"];
  const wanted = input.widget === "slider" || display === "slider" || display === "knob";
  return wanted && Number(rules.max) - Number(rules.min) < Number.MAX_SAFE_INTEGER;
}

/** @type {import("../app_types.js").WidgetMount} */
export function mountNumber(parent, context) {
  const { root, label, id } = widgetRow(parent, context, "number");
  const field = new NumberField(context, root, id);
  root.classList.toggle("is-slider", field.slider);
  if (field.slider) root.prepend(element("span", { class: "widget-fill", "aria-hidden": "true" }));
  const arrow = (/** @type {1 | -1} */ direction, /** @type {string} */ key, /** @type {string} */ sign) => {
    const title = context.app.i18n.t(key);
    const button = element("button", { type: "button", class: "widget-step", tabindex: -1, "aria-label": title }, sign);
    on(button, "click", (event) => field.step(direction, event), context.signal);
    ownPresses(button, context.signal);
    return button;
  };
  if (field.slider) root.append(field.input);
  else root.replaceChildren(arrow(-1, "widgets.number.less", "‹"), label, field.input, arrow(1, "widgets.number.more", "›"));
  return {
    update: (value) => field.update(value),
    focus: () => field.input.focus(),
    unmount: () => root.remove(),
  };
}
