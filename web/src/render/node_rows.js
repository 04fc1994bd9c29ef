/**
 * The rows of a mounted node: sockets with their labels, and widgets. Built anew only when rows
 * come or go; else values and places are written into what is there.
 */

/** @import { App, Tab, WidgetHandle } from "../app_types.js" */
/** @import { InputType, NodeType, PortRecord } from "../core/types.js" */
/** @import { PortRow, Row, WidgetRow } from "../core/node_layout.js" */
/** @import { NodeShape, Scene } from "./scene.js" */

import { plainText } from "../controls/markdown.js";
import { currentValue } from "../core/catalogue.js";
import { make } from "./dom.js";
import { typeStyle } from "./type_style.js";

/** @typedef {{ app: App, tab: Tab, scene: Scene }} NodeEnvironment */
/** @typedef {{ row: HTMLElement, socket: HTMLElement | null, handle: WidgetHandle, input: InputType }} MountedWidget */

export class NodeRows {
  /**
   * @param {NodeEnvironment} environment
   * @param {HTMLElement} element
   */
  constructor(environment, element) {
    this.environment = environment;
    this.element = element;
    this.signature = "";
    /** @type {NodeType | undefined} */
    this.type = undefined;
    /** @type {Map<string, HTMLElement>} Sockets by side and key. */
    this.sockets = new Map();
    /** @type {MountedWidget[]} */
    this.widgets = [];
    /** @type {NodeShape | null} */
    this.shape = null;
    this.abort = new AbortController();
  }

  /** @param {NodeShape} shape */
  update(shape) {
    const { type } = shape;
    const before = this.shape;
    this.shape = shape;
    const signature = signatureOf(shape.layout.rows);
    const otherType = type !== this.type && type?.module !== "subgraph";
    if (signature !== this.signature || otherType) {
      this.#build(shape, type);
      this.signature = signature;
      this.type = type;
    } else if (before) {
      this.#place(shape);
      this.#writeValues(before, shape);
    }
    this.updateLinks();
  }

  /** Shows which sockets have a wire. */
  updateLinks() {
    const { shape } = this;
    if (!shape) return;
    const { graph } = this.environment.scene;
    const id = shape.record.id;
    const outputs = new Set();
    for (const link of graph.linksOf(id)) if (link.from === id) outputs.add(link.output);
    for (const [key, socket] of this.sockets) {
      const port = key.slice(key.indexOf(" ") + 1);
      const linked = key.startsWith("in ") ? graph.linkInto(id, port) !== undefined : outputs.has(port);
      socket.classList.toggle("linked", linked);
    }
    for (const { row, socket } of this.widgets) {
      row.classList.toggle("fed", socket?.classList.contains("linked") ?? false);
    }
  }

  /** Puts the focus into the first widget that takes it. */
  focusFirst() {
    for (const { handle } of this.widgets) {
      if (handle.focus) return handle.focus();
    }
  }

  dispose() {
    this.abort.abort();
    for (const { handle } of this.widgets) handle.unmount();
    this.widgets = [];
  }

  /** @param {NodeShape} shape @param {NodeType | undefined} type */
  #build(shape, type) {
    this.dispose();
    this.abort = new AbortController();
    this.sockets.clear();
    const rows = shape.layout.rows.map((row) =>
      row.kind === "port" ? this.#portRow(row, type) : this.#widgetRow(row, shape, type));
    this.element.replaceChildren(...rows);
    this.#place(shape);
  }

  /** @param {PortRow} row @param {NodeType | undefined} type */
  #portRow({ input, output }, type) {
    const { i18n } = this.environment.app;
    const element = make("div", "node-row port-row");
    if (input) {
      const label = input.label ?? (type ? i18n.inputLabel(type, input.name) : input.name);
      const tip = type ? i18n.tooltip(type, input.name) : "";
      element.append(this.#socket(input, "in", tip), make("span", "port-label in", label));
      if (type?.inputs.find(({ name }) => name === input.name)?.required === false) element.classList.add("optional");
    }
    if (output) {
      const label = output.label ?? (type ? i18n.outputLabel(type, output.key) : output.name);
      element.append(make("span", "port-label out", label), this.#socket(output, "out", ""));
    }
    return element;
  }

  /** @param {PortRecord} port @param {"in" | "out"} side @param {string} tip */
  #socket(port, side, tip) {
    const { token, shape } = typeStyle(port.type);
    const socket = make("i", `socket ${side} shape-${shape}`);
    socket.style.setProperty("--socket", `var(${token})`);
    socket.dataset["port"] = port.key;
    socket.dataset["side"] = side;
    socket.title = tip ? `${port.type} — ${plainText(tip)}` : port.type;
    this.sockets.set(`${side} ${port.key}`, socket);
    return socket;
  }

  /** @param {WidgetRow} row @param {NodeShape} shape @param {NodeType | undefined} type */
  #widgetRow({ input, port }, { record }, type) {
    const element = make("div", "node-row widget-row");
    element.dataset["widget"] = input.name;
    const socket = port ? this.#socket(port, "in", input.tooltip ?? "") : null;
    const label = type ? this.environment.app.i18n.inputLabel(type, input.name) : input.name;
    const body = make("div", "widget-slot");
    if (socket) element.append(socket);
    element.append(body, make("span", "port-label fed-label", label));
    const handle = this.#mount(body, record.id, input);
    this.widgets.push({ row: element, socket, handle, input });
    return element;
  }

  /** @param {HTMLElement} body @param {string} nodeId @param {InputType} input */
  #mount(body, nodeId, input) {
    const { app, tab, scene } = this.environment;
    const { graphId } = scene;
    return app.widgets.mount(body, {
      app,
      tab,
      graphId,
      nodeId,
      input,
      signal: this.abort.signal,
      get: () => valueIn(this.shape, input),
      set: (value, { merge = false } = {}) => {
        const options = merge ? { mergeKey: `value ${graphId} ${nodeId} ${input.name}` } : {};
        tab.edit("edit.value", (tx) => tx.setValue(graphId, nodeId, input.name, value), options);
      },
    });
  }

  /** @param {NodeShape} shape */
  #place({ layout }) {
    layout.rows.forEach((row, at) => {
      const { style } = /** @type {HTMLElement} */ (this.element.children[at]);
      style.top = `${row.y}px`;
      style.height = `${row.height}px`;
    });
  }

  /** @param {NodeShape} before @param {NodeShape} after */
  #writeValues(before, after) {
    const { values, controls } = after.record;
    if (before.record.values === values && before.record.controls === controls && before.type === after.type) return;
    for (const { handle, input } of this.widgets) {
      const value = valueIn(after, input);
      const changed = value !== valueIn(before, input);
      const control = before.record.controls?.[input.name] !== after.record.controls?.[input.name];
      if (changed || control) handle.update(value);
    }
  }
}

/** What a widget shows; its input as it was when it was made. @param {NodeShape | null} shape @param {InputType} made */
function valueIn(shape, made) {
  const input = shape?.type?.inputs.find(({ name }) => name === made.name) ?? made;
  return currentValue(shape?.record.values, input);
}

/** @param {readonly Row[]} rows */
function signatureOf(rows) {
  return rows.map((row) => row.kind === "port"
    ? `${portText(row.input)}>${portText(row.output)}`
    : `${row.input.name}:${row.input.widget}:${portText(row.port)}`).join("\n");
}

/** @param {PortRecord | undefined} port */
function portText(port) {
  return port ? `${port.key}|${port.type}|${port.label ?? ""}` : "";
}
