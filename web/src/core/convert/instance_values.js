/**
 * Reads what subgraph instances hold for widgets inside, and makes every such widget a port.
 *
 * Files tell promoted widgets in two ways: by a port that leads to a widget, and by
 * `properties.proxyWidgets`, pairs of inner node and widget. Here the second becomes the first.
 *
 * @import { Catalogue, InputType, Json, JsonObject } from "../types.d.ts"
 * @import { Problems } from "./problems.js"
 * @import { RawGraph, RawNode, RawWorkflow } from "./raw.d.ts"
 */

import { isControlled, ownsWidget } from "../catalogue.js";
import { isObject, parseJson } from "../json.js";
import { PRIMITIVE } from "../node_types.js";
import { listOf, objectOf } from "./fields.js";
import { NAMES_KEY, storedNames } from "./widget_slots.js";

const CONTROL = "control_after_generate";
/** Stands for the instance's own port in a pair. */
const OWN_PORT = "-1";

/**
 * Fill in `given` and `controls` of all instances, deepest first.
 *
 * @param {RawWorkflow} workflow changed in place
 * @param {Catalogue} catalogue
 * @param {Problems} problems
 */
export function readInstanceValues(workflow, catalogue, problems) {
  const promoter = new Promoter(workflow, catalogue, problems);
  for (const graph of workflow.subgraphs.values()) promoter.readGraph(graph);
  promoter.readGraph(workflow.root);
}

/**
 * List the ports of a definition that lead to a widget, by number.
 *
 * @param {RawGraph} definition
 * @param {(node: RawNode) => ReadonlySet<string>} widgetsOf names of the inputs that are widgets
 * @returns {number[]}
 */
export function promotedPorts(definition, widgetsOf) {
  const promoted = new Set();
  for (const node of definition.nodes) {
    const widgets = widgetsOf(node);
    for (const input of node.inputs) {
      const link = input.link === null ? undefined : definition.links.get(input.link);
      const isWidget = input.widget !== undefined || widgets.has(input.name);
      if (link?.from === "@inputs" && isWidget) promoted.add(link.slot);
    }
  }
  return [...promoted].sort((a, b) => a - b);
}

class Promoter {
  /** @type {Set<string>} */
  #read = new Set();
  /** @type {Map<string, Map<string, string>>} by definition: port of each pair */
  #ports = new Map();

  /**
   * @param {RawWorkflow} workflow
   * @param {Catalogue} catalogue
   * @param {Problems} problems
   */
  constructor(workflow, catalogue, problems) {
    this.workflow = workflow;
    this.catalogue = catalogue;
    this.problems = problems;
    /** Ports that led to widgets in the file, before pairs become ports as well. */
    this.promoted = new Map(
      [...workflow.subgraphs].map(([id, graph]) => [id, promotedPorts(graph, (n) => this.#widgets(n))]),
    );
  }

  /** @param {RawGraph} graph */
  readGraph(graph) {
    if (this.#read.has(graph.id)) return;
    this.#read.add(graph.id);
    for (const node of graph.nodes) {
      const definition = this.workflow.subgraphs.get(node.type);
      if (!definition) continue;
      this.readGraph(definition);
      this.#readInstance(node, definition, graph.id);
    }
  }

  /** @param {RawNode} node */
  #widgets(node) {
    const declared = this.workflow.subgraphs.has(node.type) ? [] : this.#declared(node);
    return new Set(declared.filter(ownsWidget).map((input) => input.name));
  }

  /**
   * @param {RawNode} node
   * @returns {readonly InputType[]}
   */
  #declared(node) {
    return this.catalogue.get(node.type)?.inputs ?? [];
  }

  /**
   * @param {RawNode} node
   * @param {RawGraph} definition
   * @param {string} graphId
   */
  #readInstance(node, definition, graphId) {
    const proxies = proxyPairs(node.properties);
    const ports = (this.promoted.get(definition.id) ?? []).map((i) => definition.inputs[i]?.name);
    const targets = proxies.map((pair) => this.#portOf(definition, pair));
    const { stored } = node;
    const names = storedNames(node.properties, stored);
    node.given ??= new Map();
    node.controls = new Map([...(node.controls ?? []), ...Object.entries(objectOf(objectOf(node.properties[NAMES_KEY]).controls))]);
    const { proxyWidgets: _, ...properties } = node.properties;
    node.properties = properties;
    node.stored = undefined;
    if (isObject(stored)) for (const name of ports) take(node.given, name, stored[name ?? ""]);
    if (!Array.isArray(stored)) return;
    if (names) for (const [i, name] of names.entries()) take(node.given, name, stored[i]);
    else if (proxies.length && proxies.length === stored.length) {
      for (const [i, target] of targets.entries()) {
        take(target.control ? node.controls : node.given, target.port, stored[i] ?? undefined);
      }
    } else if (ports.length === stored.length) {
      for (const [i, name] of ports.entries()) take(node.given, name, stored[i]);
    } else if (stored.length) this.#reportUnplaced(node, stored, graphId);
  }

  /**
   * @param {RawNode} node
   * @param {Json[]} stored
   * @param {string} graphId
   */
  #reportUnplaced(node, stored, graphId) {
    const message = `its ${stored.length} widget values fit no widget inside; those inside are used`;
    const place = graphId === "root" ? { executionId: node.id } : {};
    this.problems.warn("unplaced_values", `node ${node.id}: ${message}`, place);
  }

  /**
   * Return the port of a pair, made when there is none; no port when the widget does not exist or
   * is fed by another link.
   *
   * @param {RawGraph} definition
   * @param {readonly [string, string]} pair
   * @returns {{ port: string | undefined, control?: boolean }}
   */
  #portOf(definition, [inner, widget]) {
    if (inner === OWN_PORT) {
      const isPort = definition.inputs.some((port) => port.name === widget);
      return { port: isPort ? widget : undefined };
    }
    const ports = this.#portsOf(definition.id);
    const node = definition.nodes.find((candidate) => candidate.id === inner);
    if (node && widget === CONTROL) {
      const seed = this.#declared(node).find(isControlled)?.name;
      return { port: ports.get(`${inner} ${seed}`), control: true };
    }
    const key = `${inner} ${widget}`;
    const known = ports.get(key);
    if (known !== undefined || !node) return { port: known };
    const port = this.#promote(definition, node, widget);
    if (port !== undefined) ports.set(key, port);
    return { port };
  }

  /** @param {string} id */
  #portsOf(id) {
    const ports = this.#ports.get(id) ?? new Map();
    this.#ports.set(id, ports);
    return ports;
  }

  /**
   * @param {RawGraph} definition
   * @param {RawNode} node
   * @param {string} widget
   * @returns {string | undefined}
   */
  #promote(definition, node, widget) {
    const name = this.#inputBehind(node, widget);
    if (name === undefined) return undefined;
    const type = this.#declared(node).find((input) => input.name === name)?.type;
    let input = node.inputs.find((candidate) => candidate.name === name);
    if (!input) node.inputs.push((input = { name, type: type ?? "*", link: null, widget: name }));
    const old = input.link === null ? undefined : definition.links.get(input.link);
    if (old) return old.from === "@inputs" ? definition.inputs[old.slot]?.name : undefined;
    const port = { name: freeName(widget, definition), type: type ?? input.type };
    const slot = definition.inputs.push(port) - 1;
    const id = [...definition.links.keys()].reduce((most, key) => Math.max(most, key), 0) + 1;
    const toSlot = node.inputs.indexOf(input);
    definition.links.set(id, { id, from: "@inputs", slot, to: node.id, toSlot, type: port.type });
    input.link = id;
    input.widget ??= name;
    return port.name;
  }

  /**
   * Return the input of an inner node a pair names; an instance's own pairs are ports by now.
   *
   * @param {RawNode} node
   * @param {string} widget
   */
  #inputBehind(node, widget) {
    const nested = this.workflow.subgraphs.get(node.type);
    if (nested) {
      if (nested.inputs.some((port) => port.name === widget)) return widget;
      const made = [...this.#portsOf(nested.id)].find(([key]) => key.endsWith(` ${widget}`));
      return made?.[1];
    }
    if (node.type === PRIMITIVE) return widget === "value" ? widget : undefined;
    const type = this.catalogue.get(node.type);
    return !type || type.inputs.some((input) => input.name === widget) ? widget : undefined;
  }
}

/**
 * Return `properties.proxyWidgets`: (inner node id, widget name), a list or its JSON text.
 *
 * @param {JsonObject} properties
 * @returns {[string, string][]}
 */
function proxyPairs({ proxyWidgets }) {
  const pairs = typeof proxyWidgets === "string" ? parsedText(proxyWidgets) : proxyWidgets;
  return listOf(pairs)
    .filter((pair) => Array.isArray(pair) && pair.length >= 2)
    .map((pair) => [String(listOf(pair)[0]), String(listOf(pair)[1])]);
}

/**
 * @param {string} text
 * @returns {Json}
 */
function parsedText(text) {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * @param {Map<string, Json>} values
 * @param {string | null | undefined} name
 * @param {Json | undefined} value
 */
function take(values, name, value) {
  if (name !== undefined && name !== null && value !== undefined) values.set(name, value);
}

/**
 * @param {string} wanted
 * @param {RawGraph} definition
 */
function freeName(wanted, definition) {
  const taken = new Set(definition.inputs.map((port) => port.name));
  let name = wanted;
  for (let count = 2; taken.has(name); count += 1) name = `${wanted}_${count}`;
  return name;
}
