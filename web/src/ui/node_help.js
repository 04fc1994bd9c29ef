/** What a node type is for: its description, each input and output, and the pack's own page. */

import { element } from "../controls/dom.js";
import { showMarkdown } from "../controls/markdown.js";
import { addNode } from "./add_node.js";
import { insertExample } from "./insert_example.js";
import { origin, socket } from "./type_card.js";
import { typeOf } from "../core/node_types.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").InputType} InputType */
/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../core/types.js").NodeType} NodeType */

/** A limit above this only says "as large as there is". */
const UNBOUNDED = 1e9;

/**
 * Show the help of a type.
 * @param {HTMLElement} place its content is replaced
 * @param {App} app
 * @param {NodeType} type
 */
export function showHelp(place, app, type) {
  const { i18n } = app;
  const { t } = i18n;
  const page = element("div", { class: "help-page" });
  const description = element("div", { class: "help-text" });
  void showMarkdown(description, i18n.description(type));
  place.replaceChildren(element("article", { class: "help" },
    element("h2", {}, i18n.nodeTitle(type)),
    element("p", { class: "help-origin" }, `${type.name} · ${i18n.category(type.category)} · ${origin(type, i18n)}`),
    ...["deprecated", "experimental"].map((mark) =>
      type[/** @type {"deprecated" | "experimental"} */ (mark)] && element("p", { class: "help-mark" }, t(`panels.type.${mark}`))),
    description,
    isPlaced(type) && element("div", { class: "help-actions" },
      action(t("panels.help.add"), () => addNode(app, type)),
      action(t("panels.help.example"), () => insertExample(app, type))),
    page,
    portList(t("panels.type.inputs"), type.inputs.filter((input) => !input.hidden).map((input) => inputRow(input, type, app))),
    portList(t("panels.type.outputs"), type.outputs.map((output) =>
      portRow(output.type, i18n.outputLabel(type, output.key), output.type, i18n.outputTooltip(type, output.key)))),
  ));
  void loadPage(page, app, type);
}

/** Subgraphs have a type, but no place in the catalogue. @param {NodeType} type */
function isPlaced(type) {
  return type.module !== "subgraph";
}

/** @param {HTMLElement} place @param {App} app @param {NodeType} type */
async function loadPage(place, app, type) {
  try {
    const { text, address } = await app.i18n.help(type);
    if (text) await showMarkdown(place, text, address ? { base: address } : {});
  } catch (error) {
    place.textContent = app.i18n.t("panels.help.unread", { reason: error instanceof Error ? error.message : String(error) });
  }
}

/** @param {string} title @param {() => void} run */
function action(title, run) {
  const button = element("button", { type: "button", class: "button" }, title);
  button.addEventListener("click", run);
  return button;
}

/** @param {string} title @param {HTMLElement[]} rows */
function portList(title, rows) {
  return rows.length > 0 && element("section", {}, element("h3", {}, title), element("dl", { class: "help-ports" }, ...rows));
}

/** @param {InputType} input @param {NodeType} type @param {App} app */
function inputRow(input, type, app) {
  const facts = [input.type, ...limits(input, app), input.required ? "" : app.i18n.t("panels.help.optional")];
  return portRow(input.type, app.i18n.inputLabel(type, input.name), facts.filter(Boolean).join(" · "), app.i18n.tooltip(type, input.name));
}

/** @param {InputType} input @param {App} app @returns {string[]} */
function limits({ options, default: value, widget, choices }, { i18n: { t } }) {
  if (!widget) return [];
  const { min, max } = options;
  const isBounded = typeof max === "number" && max < UNBOUNDED;
  const range = typeof min !== "number" ? "" : isBounded ? `${min} … ${max}` : `≥ ${min}`;
  const count = choices ? t("panels.help.choices", { count: choices.length }) : "";
  const isShort = (typeof value === "string" && value !== "" && value.length < 40) || typeof value === "number" || typeof value === "boolean";
  return [range, count, isShort ? t("panels.help.default", { value: String(value) }) : ""];
}

/** @param {string} type @param {string} name @param {string} facts @param {string} text */
function portRow(type, name, facts, text) {
  const explained = element("dd");
  void showMarkdown(explained, text);
  return element("div", { class: "help-port" },
    element("dt", {}, socket(type), element("strong", {}, name), element("span", { class: "help-facts" }, facts)), explained);
}

/** Help for what is selected on the canvas. @type {import("../app_types.js").Panel["mount"]} */
export function mountHelp(place, app) {
  const stop = new AbortController();
  const page = element("div", { class: "panel-scroll" });
  place.append(page);
  /** @type {unknown[]} */
  let shown = [];
  const show = () => {
    const type = selectedType(app);
    const key = [type, app.i18n.language.get()];
    if (key.every((part, index) => part === shown[index]) && shown.length) return;
    shown = key;
    if (type) showHelp(page, app, type);
    else page.replaceChildren(element("p", { class: "panel-empty" }, app.i18n.t("panels.help.empty")));
  };
  followSelection(app, show, stop.signal);
  return () => {
    stop.abort();
    place.replaceChildren();
  };
}

/** @param {App} app @returns {NodeType | undefined} of the node selected last */
export function selectedType(app) {
  const tab = app.tabs.active.get();
  const id = tab && [...tab.selection.get().nodes].at(-1);
  const node = tab && id ? tab.doc.graph(tab.graphId())?.nodes.get(id) : undefined;
  return tab && node ? typeOf(tab.doc, tab.graphId(), node, app.catalogue.get()) : undefined;
}

/**
 * Call at once, and whenever another document, graph or selection is shown or the types change.
 * @param {App} app
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export function followSelection(app, listener, signal) {
  /** @type {(() => void)[]} */
  let ofTab = [];
  const leave = () => {
    for (const stop of ofTab) stop();
    ofTab = [];
  };
  const enter = () => {
    leave();
    const tab = app.tabs.active.get();
    if (tab) ofTab = [tab.selection.subscribe(listener), tab.graphPath.subscribe(listener)];
    listener();
  };
  const stops = [app.tabs.active.subscribe(enter), app.catalogue.subscribe(listener), app.i18n.language.subscribe(listener)];
  signal.addEventListener("abort", () => {
    leave();
    for (const stop of stops) stop();
  }, { once: true });
  enter();
}

