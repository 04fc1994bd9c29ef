/** The parameters of the selected nodes; a value set here is set in all nodes of the type. */

import { SUBGRAPH_MODULE } from "../core/catalogue.js";
import { typeOf } from "../core/node_types.js";
import { element, on, uniqueId } from "../controls/dom.js";
import { followSelection } from "./node_help.js";
import { commonValue, parameterGroups } from "./parameter_groups.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").Tab} Tab */
/** @typedef {import("../core/types.js").GraphView} GraphView */
/** @typedef {import("../core/types.js").InputType} InputType */
/** @typedef {import("../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("./parameter_groups.js").ParameterGroup} ParameterGroup */
/** @typedef {{ readonly group: ParameterGroup, readonly input: InputType, readonly row: HTMLElement, readonly note: HTMLElement,
 *   readonly handle: import("../app_types.js").WidgetHandle }} Mounted */

/** @type {import("../app_types.js").Panel["mount"]} */
export function mountParameters(place, app) {
  const stop = new AbortController();
  const parameters = new Parameters(place, app);
  followSelection(app, () => parameters.rebuild(), stop.signal);
  return () => {
    stop.abort();
    parameters.clear();
    place.replaceChildren();
  };
}

class Parameters {
  /** @param {HTMLElement} place @param {App} app */
  constructor(place, app) {
    this.app = app;
    this.page = element("div", { class: "panel-scroll parameters" });
    place.append(this.page);
    /** @type {Mounted[]} */
    this.mounted = [];
    /** Fields of nodes' names, and what they show while nobody writes in them. @type {{ field: HTMLInputElement, nodeId: string, shown: string }[]} */
    this.titles = [];
    this.stop = new AbortController();
  }

  clear() {
    this.stop.abort();
    for (const { handle } of this.mounted) handle.unmount();
    this.mounted = [];
    this.titles = [];
    this.page.replaceChildren();
  }

  rebuild() {
    this.clear();
    this.stop = new AbortController();
    const tab = this.app.tabs.active.get();
    const graph = tab?.doc.graph(tab.graphId());
    if (!tab || !graph) return;
    const nodes = [...tab.selection.get().nodes].map((id) => graph.nodes.get(id)).filter((node) => node !== undefined);
    const groups = parameterGroups(nodes, (node) => typeOf(tab.doc, tab.graphId(), node, this.app.catalogue.get()));
    if (nodes.length === 0) this.page.append(element("p", { class: "panel-empty" }, this.app.i18n.t("panels.parameters.empty")));
    for (const group of groups) this.page.append(this.#section(tab, group));
    const hasSubgraphs = groups.some(({ type }) => type.module === SUBGRAPH_MODULE);
    const stopListening = tab.doc.subscribe((changes) => {
      const graphId = tab.graphId();
      // What a subgraph's ports stand for is told by what is inside.
      if (hasSubgraphs && changes.some((change) => change.graph !== graphId && change.kind !== "meta")) this.rebuild();
      else if (changes.some((change) => change.graph === graphId && (change.kind === "node" || change.kind === "link"))) this.#update(tab);
    });
    this.stop.signal.addEventListener("abort", stopListening, { once: true });
    this.#update(tab);
  }

  /** @param {Tab} tab @param {ParameterGroup} group */
  #section(tab, group) {
    const { i18n } = this.app;
    const count = group.nodes.length;
    const title = i18n.nodeTitle(group.type);
    const heading = element("h3", {}, title, count > 1 && element("span", { class: "parameters-count" }, ` × ${count}`));
    const section = element("section", { "aria-label": title }, heading);
    if (count === 1) section.append(this.#titleField(tab, group));
    if (group.inputs.length === 0) section.append(element("p", { class: "panel-empty" }, i18n.t("panels.parameters.none")));
    for (const input of group.inputs) section.append(this.#row(tab, group, input));
    return section;
  }

  /** @param {Tab} tab @param {ParameterGroup} group */
  #titleField(tab, group) {
    const { i18n } = this.app;
    const [nodeId = ""] = group.nodes;
    const id = uniqueId("title");
    const field = element("input", { id, class: "field", type: "text", spellcheck: "false", autocomplete: "off", placeholder: i18n.nodeTitle(group.type) });
    this.titles.push({ field, nodeId, shown: "" });
    on(field, "change", () => {
      tab.edit("edit.renameNode", (tx) => tx.updateNode(tab.graphId(), nodeId, { title: field.value.trim() || undefined }));
    }, this.stop.signal);
    return element("div", { class: "parameters-title" }, element("label", { for: id }, i18n.t("panels.parameters.name")), field);
  }

  /** @param {Tab} tab @param {ParameterGroup} group @param {InputType} input */
  #row(tab, group, input) {
    const place = element("div", { class: "parameters-widget" });
    place.classList.toggle("is-tall", input.widget === "multiline" || input.widget === "image_upload");
    const note = element("p", { class: "parameters-note" });
    const row = element("div", { class: "parameters-row" }, place, note);
    const handle = this.app.widgets.mount(place, this.#context(tab, group, input));
    this.mounted.push({ group, input, row, note, handle });
    return row;
  }

  /**
   * @param {Tab} tab
   * @param {ParameterGroup} group
   * @param {InputType} input
   * @returns {import("../app_types.js").WidgetContext}
   */
  #context(tab, group, input) {
    const graphId = tab.graphId();
    const [nodeId = ""] = group.nodes;
    const { name } = input;
    const graph = () => /** @type {GraphView} */ (tab.doc.graph(graphId));
    const present = () => group.nodes.filter((id) => graph().nodes.has(id));
    return {
      app: this.app, tab, graphId, nodeId, input, signal: this.stop.signal,
      get: () => commonValue(graph(), group.nodes, input).value,
      set: (value, { merge = false } = {}) => {
        const mergeKey = merge ? `panel ${graphId} ${group.nodes.join(",")} ${name}` : undefined;
        tab.edit("edit.setValue", (tx) => {
          for (const id of present()) tx.setValue(graphId, id, name, value);
        }, mergeKey === undefined ? {} : { mergeKey });
      },
      control: {
        get: () => graph().nodes.get(nodeId)?.controls?.[name],
        set: (control) => {
          tab.edit("edit.setControl", (tx) => {
            for (const id of present()) tx.setControl(graphId, id, name, control);
          });
        },
      },
    };
  }

  /** @param {Tab} tab */
  #update(tab) {
    const graph = tab.doc.graph(tab.graphId());
    if (!graph) return;
    const { t } = this.app.i18n;
    for (const title of this.titles) {
      const { field, nodeId, shown } = title;
      title.shown = graph.nodes.get(nodeId)?.title ?? "";
      if (field.value === shown) field.value = title.shown;
    }
    for (const { group, input, row, note, handle } of this.mounted) {
      const { value, isMixed, linked } = commonValue(graph, group.nodes, input);
      row.classList.toggle("is-mixed", isMixed);
      row.classList.toggle("is-linked", linked > 0);
      const notes = [isMixed && t("panels.parameters.mixed"), linked > 0 && t("panels.parameters.linked", { count: linked })];
      note.textContent = notes.filter(Boolean).join(" ");
      handle.update(value);
    }
  }
}
