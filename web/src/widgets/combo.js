/** One of many: a button with the value, and a menu with search. Arrow keys step through. */

import { element, isComposing, on } from "../controls/dom.js";
import { isControlled } from "../core/catalogue.js";
import { openChoiceMenu } from "./choice_menu.js";
import { fileReference, imageFolder, modelFolder, modelPreviewPath } from "./choices.js";
import { SeedButtons } from "./seed.js";
import { nodeTypeName, ownPresses, remark, widgetRow } from "./row.js";

/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").JsonObject} JsonObject */
/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */
/** @typedef {import("./choice_menu.js").Choice} Choice */

const THUMBNAIL = "webp;60";

/** The choice button of a row; picture inputs use it too. */
export class ChoiceButton {
  /**
   * @param {WidgetContext} context
   * @param {HTMLElement} root
   * @param {string} id
   * @param {(value: Json) => void} [onSet] told what was chosen here
   */
  constructor(context, root, id, onSet = () => {}) {
    this.context = context;
    this.root = root;
    this.onSet = onSet;
    /** Files that came since the node types were read. @type {Json[]} */
    this.added = [];
    this.value = context.get();
    this.many = typeof context.input.options["multi_select"] === "object";
    /** @type {readonly Json[] | undefined} what a remote menu answered */
    this.fetched = undefined;
    this.text = element("span", { class: "widget-choice-text" });
    this.button = element("button", {
      id, type: "button", class: "widget-choice", role: "combobox", "aria-haspopup": "listbox",
      "aria-expanded": "false", "aria-labelledby": `${id}-label`,
    }, this.text, element("span", { class: "widget-caret", "aria-hidden": "true" }, "▾"));
    on(this.button, "click", ({ detail }) => this.open("", detail === 0), context.signal);
    on(this.button, "keydown", (event) => this.#onKey(event), context.signal);
    context.signal.addEventListener("abort", () => this.menu?.close(), { once: true });
    this.show();
  }

  /** As the node types are now: files may have come since the widget was made. @returns {readonly Json[]} */
  get values() {
    const { app, input } = this.context;
    const type = app.catalogue.get().get(nodeTypeName(this.context));
    const current = type?.inputs.find(({ name }) => name === input.name);
    const known = this.fetched ?? current?.choices ?? input.choices ?? [];
    return [...known, ...this.added.filter((value) => !known.includes(value))];
  }

  /** @param {Json} value */
  update(value) {
    if (value === this.value) return;
    this.value = value;
    this.show();
  }

  show() {
    const { app, input } = this.context;
    const chosen = this.#chosen();
    const label = chosen.map((value) => this.#label(value)).join(", ");
    const isMissing = chosen.some((value) => !this.values.includes(value)) && !this.#mayBeElsewhere();
    this.text.textContent = label || app.i18n.t("widgets.combo.empty");
    this.button.classList.toggle("is-empty", label === "");
    this.button.toggleAttribute("aria-invalid", isMissing);
    this.button.title = isMissing ? app.i18n.t("widgets.combo.missing", { value: label, input: input.name }) : label;
  }

  /** @returns {readonly Json[]} */
  #chosen() {
    if (this.many && Array.isArray(this.value)) return this.value;
    return this.value === null || this.value === "" ? [] : [this.value];
  }

  /** @param {Json} value */
  #label(value) {
    return this.context.app.i18n.choiceLabel(nodeTypeName(this.context), this.context.input.name, value);
  }

  /** @param {Json} value */
  set(value) {
    this.value = value;
    this.context.set(value);
    this.show();
    this.onSet(value);
  }

  /** Choose what was not among the choices before. @param {Json} value */
  add(value) {
    this.added.push(value);
    this.set(value);
  }

  /** The list does not hold all there is: it is not fetched yet, or pictures came since it was read. */
  #mayBeElsewhere() {
    return this.context.input.widget === "image_upload" || this.#isRemote();
  }

  #isRemote() {
    return typeof this.context.input.options["remote"] === "object" && this.fetched === undefined;
  }

  /** @returns {Choice[]} */
  #choices() {
    return this.values.map((value) => ({ value, label: this.#label(value), picture: this.#picture(value) }));
  }

  /** @param {Json} value @returns {string | undefined} */
  #picture(value) {
    const { app, input } = this.context;
    if (typeof value !== "string") return undefined;
    if (input.widget === "image_upload") {
      return app.api.viewUrl(fileReference(value, imageFolder(input)), { preview: THUMBNAIL });
    }
    const folder = modelFolder(input.name);
    return folder && app.api.url(modelPreviewPath(folder, value));
  }

  /**
   * @param {string} [query]
   * @param {boolean} [byKeyboard] the focus comes back to the button
   */
  open(query = "", byKeyboard = true) {
    if (this.menu || this.button.disabled) return;
    const { app, input } = this.context;
    this.button.setAttribute("aria-expanded", "true");
    this.menu = openChoiceMenu(this.button, {
      i18n: app.i18n,
      label: input.name,
      query,
      choices: this.#choices(),
      keepOpen: this.many,
      isChosen: ({ value }) => this.#chosen().includes(value),
      onPick: ({ value }) => this.#pick(value),
      onClose: () => {
        this.menu = undefined;
        this.button.setAttribute("aria-expanded", "false");
        if (byKeyboard && this.button.isConnected) this.button.focus();
      },
    });
    if (this.#isRemote()) this.#fetch();
  }

  /** @param {Json} value */
  #pick(value) {
    if (!this.many) return this.set(value);
    const chosen = this.#chosen();
    this.set(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  }

  /** Read the choices from the server route that the node type names. */
  async #fetch() {
    const { app, input } = this.context;
    const remote = /** @type {JsonObject} */ (input.options["remote"]);
    const query = new URLSearchParams(/** @type {Record<string, string>} */ (remote["query_params"] ?? {}));
    const route = `${remote["route"]}${query.size ? `?${query}` : ""}`;
    try {
      const answer = await app.api.json(route);
      const key = remote["response_key"];
      const values = typeof key === "string" ? /** @type {JsonObject} */ (answer)[key] : answer;
      this.fetched = Array.isArray(values) ? values : [];
      this.menu?.setChoices(this.#choices());
      this.show();
    } catch (error) {
      remark(this.root, this.context, error instanceof Error ? error.message : String(error), "error");
    }
  }

  /** Forget what a remote menu answered, and ask again. */
  refresh() {
    this.fetched = undefined;
    this.open();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined && !this.many) {
      event.preventDefault();
      this.#step(by);
    } else if (event.key.length === 1 && event.key !== " ") {
      event.preventDefault();
      this.open(event.key);
    }
  }

  /** @param {number} by */
  #step(by) {
    const { values } = this;
    const next = values[values.indexOf(this.value) + by];
    if (next !== undefined) this.set(next);
  }
}

/** @type {import("../app_types.js").WidgetMount} */
export function mountCombo(parent, context) {
  const { root, id } = widgetRow(parent, context, "combo");
  const choice = new ChoiceButton(context, root, id);
  root.append(choice.button);
  const buttons = isControlled(context.input) ? new SeedButtons(context, () => {}) : undefined;
  if (buttons) root.append(buttons.mode);
  const remote = context.input.options["remote"];
  if (typeof remote === "object" && remote !== null && /** @type {JsonObject} */ (remote)["refresh_button"]) {
    const title = context.app.i18n.t("widgets.combo.refresh");
    const button = element("button", { type: "button", class: "widget-icon-button", title, "aria-label": title }, "⟳");
    on(button, "click", () => choice.refresh(), context.signal);
    root.append(button);
  }
  ownPresses(root, context.signal);
  return {
    update: (value) => {
      choice.update(value);
      buttons?.show();
    },
    focus: () => choice.button.focus(),
    unmount: () => root.remove(),
  };
}
