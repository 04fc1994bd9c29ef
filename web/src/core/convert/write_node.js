/**
 * @import { Doc } from "../document.js"
 * @import { Catalogue, GraphView, Json, JsonObject, NodeRecord, NodeType, PortRecord } from "../types.d.ts"
 */

import { defaultValue } from "../catalogue.js";
import { own } from "../json.js";
import { HEADER_HEIGHT } from "../node_layout.js";
import { PRIMITIVE, typeOf } from "../node_types.js";
import { MODE_NUMBERS } from "./build_node.js";
import { number, objectOf } from "./fields.js";
import { compareIds, fileId } from "./order.js";
import { CURRENT_LAYOUT, NAMES_KEY, widgetSlots } from "./widget_slots.js";

/** Writes one node. Ports of widgets nothing is linked to are left out, as files do. */
export class NodeWriter {
  /**
   * @param {Doc} doc
   * @param {GraphView} graph
   * @param {NodeRecord} node
   * @param {Catalogue} catalogue
   * @param {number} order
   */
  constructor(doc, graph, node, catalogue, order) {
    this.doc = doc;
    this.graph = graph;
    this.node = node;
    this.catalogue = catalogue;
    this.order = order;
    this.isInstance = doc.graph(node.type) !== undefined;
    this.type = typeOf(doc, graph.record.id, node, catalogue);
    this.inputs = node.inputs.filter((port) => this.#isWritten(port));
    this.slots = new Map(this.inputs.map((port, index) => [port.key, index]));
  }

  /** @param {PortRecord} port */
  #isWritten(port) {
    if (!port.widget || this.isInstance || port.label !== undefined || port.extra) return true;
    return this.graph.linkInto(this.node.id, port.key) !== undefined;
  }

  /**
   * Return the number of an input in the file.
   *
   * @param {string} key
   */
  slotOf(key) {
    return this.slots.get(key);
  }

  /** @returns {JsonObject} */
  write() {
    const { node } = this;
    const { flags, ...extra } = node.extra ?? {};
    const { values, names, record } = this.#widgets();
    /** @type {JsonObject} */
    const version = node.version === undefined ? {} : { version: node.version };
    const told = { ...record, ...version, ...(names?.length ? { widgets: names } : {}) };
    return {
      id: fileId(node.id),
      type: node.type,
      pos: [node.x, number(node.y + HEADER_HEIGHT, 0)],
      size: [node.width, number(node.height - HEADER_HEIGHT, 0)],
      flags: {
        ...objectOf(flags),
        ...(node.collapsed ? { collapsed: true } : {}),
        ...(node.pinned ? { pinned: true } : {}),
      },
      order: this.order,
      mode: MODE_NUMBERS.get(node.mode) ?? 0,
      ...(node.title === undefined ? {} : { title: node.title }),
      ...(node.color === undefined ? {} : { color: node.color }),
      ...(node.bgcolor === undefined ? {} : { bgcolor: node.bgcolor }),
      ...extra,
      inputs: this.inputs.map((port) => this.#input(port)),
      outputs: node.outputs.map((port) => this.#output(port)),
      properties: { ...node.properties, ...(Object.keys(told).length ? { [NAMES_KEY]: told } : {}) },
      ...(values === undefined ? {} : { widgets_values: values }),
    };
  }

  /** @param {PortRecord} port @returns {JsonObject} */
  #input(port) {
    const link = this.graph.linkInto(this.node.id, port.key);
    const entry = { ...port.extra, ...named(port), link: link ? Number(link.id) : null };
    const widget = this.#widgetOf(port);
    return widget === undefined ? entry : { ...entry, widget: { name: widget } };
  }

  /**
   * Return the widget a port belongs to. For an instance the links inside decide.
   *
   * @param {PortRecord} port
   */
  #widgetOf({ key, widget }) {
    if (!this.isInstance) return widget;
    return this.type?.inputs.some((input) => input.name === key && input.widget) ? key : undefined;
  }

  /** @param {PortRecord} port @returns {JsonObject} */
  #output(port) {
    const own = [...this.graph.linksOf(this.node.id)].filter(
      (link) => link.from === this.node.id && link.output === port.key,
    );
    const links = own.map((link) => link.id).sort(compareIds).map(Number);
    return { ...port.extra, ...named(port), links: links.length ? links : null };
  }

  /**
   * Return `widgets_values`, the input of each entry, and what else is told about them.
   *
   * @returns {{ values?: Json, names?: (string | null)[], record?: JsonObject }}
   */
  #widgets() {
    const { node } = this;
    if (node.kept?.asObject) return { values: { ...node.values } };
    if (this.isInstance) return this.#ofInstance();
    if (node.type === PRIMITIVE) return this.#ofPrimitive();
    if (node.kept?.list) return this.#ofUnknown(node.kept.list, node.kept.names);
    const { values, names } = this.#slots(this.catalogue.get(node.type));
    for (const [name, value] of Object.entries(node.values)) {
      if (names.includes(name)) continue;
      values.push(value);
      names.push(name);
    }
    const unplaced = node.kept?.unplaced ?? [];
    values.push(...unplaced);
    names.push(...unplaced.map(() => null));
    if (values.length === 0) return {};
    return { values, names, record: unplaced.length ? { unplaced: unplaced.length } : {} };
  }

  /** @param {NodeType | undefined} type */
  #slots(type) {
    const { node } = this;
    /** @type {Json[]} */
    const values = [];
    /** @type {(string | null)[]} */
    const names = [];
    const sockets = new Set(node.inputs.filter((port) => !port.widget).map((port) => port.name));
    const declared = new Map(type?.inputs.map((input) => [input.name, input]));
    for (const { name, kind } of widgetSlots(type?.inputs ?? [], sockets, CURRENT_LAYOUT)) {
      const input = declared.get(name);
      const value = own(node.values, name) ?? (input && defaultValue(input)) ?? null;
      const control = own(node.controls, name) ?? "fixed";
      const filter = own(node.kept?.filters, name) ?? "";
      values.push({ value, control, filter, upload: "image", dummy: null }[kind]);
      names.push(kind === "value" ? name : null);
    }
    return { values, names };
  }

  /** The value of each promoted widget; those the instance does not hold are those inside. */
  #ofInstance() {
    const { node } = this;
    const promoted = node.inputs.filter((port) => this.#widgetOf(port) !== undefined);
    const inputs = new Map(this.type?.inputs.map((input) => [input.name, input]));
    const values = promoted.map(({ key }) => own(node.values, key) ?? inputs.get(key)?.default ?? null);
    const names = promoted.map(({ key }) => (Object.hasOwn(node.values, key) ? key : null));
    /** @type {JsonObject} */
    const record = node.controls ? { controls: { ...node.controls } } : {};
    return values.length ? { values, names, record } : { record };
  }

  #ofPrimitive() {
    const { values, controls, kept } = this.node;
    const control = own(controls, "value");
    const unplaced = kept?.unplaced ?? [];
    const list = [own(values, "value") ?? null, ...(control ? [control] : []), ...unplaced];
    return Object.hasOwn(values, "value") ? { values: list } : {};
  }

  /**
   * @param {readonly Json[]} list
   * @param {readonly (string | null)[] | undefined} names
   */
  #ofUnknown(list, names) {
    if (!names) return { values: [...list] };
    const values = list.map((value, index) => own(this.node.values, names[index] ?? "") ?? value);
    return { values, names: [...names] };
  }
}

/**
 * @param {PortRecord} port
 * @returns {JsonObject}
 */
export function named({ name, type, label }) {
  return label === undefined ? { name, type } : { name, type, label };
}
