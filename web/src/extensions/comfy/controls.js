/** The elements of widgets that scripts written for ComfyUI add to nodes. */

/** @typedef {import("./widgets.js").LegacyWidget} LegacyWidget */

/** Texts of many lines, by the name that scripts know. */
export const MULTILINE = "customtext";

/**
 * @param {LegacyWidget} widget
 * @returns {HTMLElement}
 */
export function buildControl(widget) {
  const make = CONTROLS[/** @type {keyof typeof CONTROLS} */ (widget.kind)] ?? CONTROLS.text;
  return make(widget);
}

const CONTROLS = {
  /** @type {(widget: LegacyWidget) => HTMLElement} */
  button(widget) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = widget.options.label ?? widget.name;
    button.addEventListener("click", () => widget.take(widget.value));
    return button;
  },

  /** @type {(widget: LegacyWidget) => HTMLElement} */
  toggle(widget) {
    const { label, input } = field(widget, "checkbox");
    input.addEventListener("change", () => widget.take(input.checked));
    widget.show = (value) => { input.checked = Boolean(value); };
    widget.show(widget.value);
    return label;
  },

  /** @type {(widget: LegacyWidget) => HTMLElement} */
  number(widget) {
    const { label, input } = field(widget, "number");
    limit(input, widget);
    widget.show = (value) => { input.value = String(value ?? 0); };
    widget.show(widget.value);
    input.addEventListener("change", () => {
      if (input.validity.valid && input.value !== "") widget.take(input.valueAsNumber);
      else widget.show?.(widget.value); // no number, or none of those allowed
    });
    return label;
  },

  /** @type {(widget: LegacyWidget) => HTMLElement} */
  slider(widget) {
    const { label, input } = field(widget, "range");
    const shown = document.createElement("output");
    limit(input, widget);
    label.append(shown);
    widget.show = (value) => {
      input.value = String(value ?? 0);
      shown.textContent = String(Number(input.valueAsNumber.toFixed(3)));
    };
    widget.show(widget.value);
    input.addEventListener("input", () => {
      widget.take(input.valueAsNumber);
      widget.show?.(input.valueAsNumber);
    });
    return label;
  },

  /** @type {(widget: LegacyWidget) => HTMLElement} */
  text(widget) {
    const { label, input } = field(widget, "text");
    input.addEventListener("change", () => widget.take(input.value));
    widget.show = (value) => { input.value = String(value ?? ""); };
    widget.show(widget.value);
    return label;
  },

  /** @type {(widget: LegacyWidget) => HTMLElement} */
  [MULTILINE](widget) {
    const area = document.createElement("textarea");
    area.setAttribute("aria-label", widget.name);
    area.placeholder = String(widget.options.placeholder ?? widget.name);
    area.addEventListener("input", () => widget.take(area.value));
    widget.show = (value) => { area.value = String(value ?? ""); };
    widget.show(widget.value);
    return area;
  },

  /** @type {(widget: LegacyWidget) => HTMLElement} */
  combo(widget) {
    const select = document.createElement("select");
    widget.show = (value) => {
      const { values } = widget.options;
      const offered = typeof values === "function" ? values(widget, widget.node) : values;
      select.replaceChildren(...(Array.isArray(offered) ? offered : []).map((one) => new Option(String(one))));
      select.value = String(value ?? "");
    };
    widget.show(widget.value);
    // What is offered may be other values by now.
    select.addEventListener("focus", () => widget.show?.(widget.value));
    select.addEventListener("change", () => widget.take(select.value));
    return labelled(widget, select);
  },
};

/** @param {LegacyWidget} widget @param {string} type */
function field(widget, type) {
  const input = document.createElement("input");
  input.type = type;
  return { label: labelled(widget, input), input };
}

/** @param {LegacyWidget} widget @param {HTMLElement} control */
function labelled(widget, control) {
  const label = document.createElement("label");
  const name = document.createElement("span");
  name.textContent = widget.options.label ?? widget.name;
  label.append(name, control);
  return label;
}

/** @param {HTMLInputElement} input @param {LegacyWidget} widget */
function limit(input, { options: { min, max } }) {
  if (Number.isFinite(min)) input.min = String(min);
  if (Number.isFinite(max)) input.max = String(max);
  input.step = "any";
}
