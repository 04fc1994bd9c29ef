/**
 * Turns legacy group nodes into subgraphs, each with a definition of its own.
 *
 * A group node's sockets are those of its inner nodes that no inner link uses, in the order of the
 * inner nodes; a name that is taken gets the inner node's title in front. Its widgets follow the
 * same order.
 *
 * @import { Catalogue, Json, JsonObject } from "../types.d.ts"
 * @import { Problems } from "./problems.js"
 * @import { RawGraph, RawLink, RawNode, RawOutput, RawWorkflow } from "./raw.d.ts"
 */

import { boundsOf } from "../geometry.js";
import { isObject } from "../json.js";
import { boundaryPlaces } from "../subgraphs.js";
import { listOf, objectOf, text, wholeNumber } from "./fields.js";
import { parseNode } from "./parse_node.js";
import { CURRENT_LAYOUT, widgetSlots } from "./widget_slots.js";

/** Inner nodes made in all: bodies may contain each other and multiply. */
const MOST_NODES = 100_000;

/**
 * Replace all group nodes of a file by instances of new subgraphs.
 *
 * @param {RawWorkflow} workflow changed in place
 * @param {Catalogue} catalogue
 * @param {Problems} problems
 */
export function expandGroupNodes(workflow, catalogue, problems) {
  const bodies = new Map(Object.entries(objectOf(objectOf(workflow.root.extra.extra).groupNodes)));
  if (bodies.size === 0) return;
  /** @type {{ node: RawNode, path: string[] }[]} */
  const waiting = [workflow.root, ...workflow.subgraphs.values()].flatMap((graph) =>
    graph.nodes.map((node) => ({ node, path: [] })),
  );
  let made = 0;
  for (const { node, path } of waiting) {
    const name = /^workflow[>/](.*)$/s.exec(node.type)?.[1];
    const body = name === undefined ? undefined : bodies.get(name);
    if (name === undefined || !isObject(body) || workflow.subgraphs.has(node.type)) continue;
    if (path.includes(name) || made > MOST_NODES) {
      problems.error("nested_in_itself", `group node "${name}" contains itself`);
      continue;
    }
    const definition = new Builder(node, name, body, catalogue, problems).build();
    made += definition.nodes.length;
    workflow.subgraphs.set(definition.id, definition);
    node.type = definition.id;
    for (const inner of definition.nodes) waiting.push({ node: inner, path: [...path, name] });
  }
}

/** Collects the links of one group node's body. */
class Builder {
  /** @type {Map<number, RawLink>} */
  links = new Map();
  /** Seed controls the group node holds, by inner node and input. @type {Map<string, Json>} */
  controls = new Map();

  /**
   * @param {RawNode} node
   * @param {string} name
   * @param {JsonObject} body
   * @param {Catalogue} catalogue
   * @param {Problems} problems
   */
  constructor(node, name, body, catalogue, problems) {
    this.node = node;
    this.name = name;
    this.catalogue = catalogue;
    this.problems = problems;
    this.config = objectOf(body.config);
    this.inner = listOf(body.nodes).map((entry, index) => innerNode(entry, index, problems));
    const ends = listOf(body.external).filter(Array.isArray);
    this.external = new Set(ends.map(([index, slot]) => `${indexOf(index)} ${indexOf(slot)}`));
    for (const link of listOf(body.links)) this.#connectInside(listOf(link));
  }

  /** @returns {RawGraph} */
  build() {
    this.#placeValues();
    const outputs = this.#connectOutputs();
    const inputs = [...this.#connectInputs(), ...this.#promoteWidgets()];
    const content = { nodes: this.inner, links: this.links, reroutes: [], groups: [] };
    const { inputsAt, outputsAt } = boundaryPlaces(boundsOf(this.inner) ?? { x: 0, y: 0, width: 0, height: 0 });
    const extra = { inputNode: { bounding: [inputsAt.x, inputsAt.y] }, outputNode: { bounding: [outputsAt.x, outputsAt.y] } };
    return { id: crypto.randomUUID(), name: this.name, ...content, inputs, outputs, extra };
  }

  /**
   * @param {string} from
   * @param {number} slot
   * @param {string} to
   * @param {number} toSlot
   */
  #addLink(from, slot, to, toSlot) {
    const id = this.links.size + 1;
    this.links.set(id, { id, from, slot, to, toSlot, type: "*" });
    return id;
  }

  /** @param {Json[]} link */
  #connectInside([origin, slot, target, targetSlot]) {
    const [from, output] = [wholeNumber(origin), wholeNumber(slot)];
    const [to, place] = [wholeNumber(target), wholeNumber(targetSlot)];
    // An end outside of the list was outside of the group when it was made.
    if (from === undefined || to === undefined || !this.inner[from] || output === undefined) return;
    const input = this.inner[to]?.inputs[place ?? -1];
    if (input) this.#linkInput(to, input.name, this.#addLink(`${from}`, output, `${to}`, place ?? 0));
  }

  /**
   * @param {number} index
   * @param {string} name
   * @param {number} link
   */
  #linkInput(index, name, link) {
    const inputs = this.inner[index]?.inputs ?? [];
    const found = inputs.filter((input) => input.name === name);
    for (const input of found) input.link = link;
    if (found.length === 0) inputs.push({ name, type: "*", link, widget: name });
  }

  /** @returns {RawOutput[]} */
  #connectOutputs() {
    const used = new Set([...this.links.values()].map((link) => `${link.from} ${link.slot}`));
    /** @type {RawOutput[]} */
    const ports = [];
    for (const [index, node] of this.inner.entries()) {
      for (const [slot, { name, type }] of node.outputs.entries()) {
        const end = `${index} ${slot}`;
        const hidden = used.has(end) && !this.external.has(end);
        if (hidden || !this.#isVisible(index, "output", `${slot}`)) continue;
        this.#addLink(`${index}`, slot, "@outputs", ports.length);
        ports.push({ name, type });
      }
    }
    return ports;
  }

  /** @returns {RawOutput[]} */
  #connectInputs() {
    const free = this.inner.flatMap((node, index) =>
      this.#freeInputs(node).map((name) => ({ index, name })),
    );
    for (const [port, socket] of this.node.inputs.entries()) {
      const place = free.findIndex(({ index, name }) => this.#shows(socket.name, index, name));
      const [found] = place < 0 ? [] : free.splice(place, 1);
      if (!found) continue;
      this.#linkInput(found.index, found.name, this.#addLink("@inputs", port, `${found.index}`, 0));
    }
    return this.node.inputs.map(({ name, type }) => ({ name, type }));
  }

  /**
   * Make the group's widgets ports, named as the group names them; their seed controls are the
   * instance's now.
   *
   * @returns {RawOutput[]}
   */
  #promoteWidgets() {
    const taken = new Set(this.node.inputs.map((input) => input.name));
    /** @type {RawOutput[]} */
    const ports = [];
    for (const { node, index, slot } of [...this.#widgetPlaces()]) {
      const declared = this.catalogue.get(node.type)?.inputs.find((candidate) => candidate.name === slot.name);
      if (slot.kind !== "value" || !declared?.widget) continue;
      const port = { name: this.#portName(index, slot.name, taken), type: declared.type };
      taken.add(port.name);
      const link = this.#addLink("@inputs", this.node.inputs.length + ports.push(port) - 1, `${index}`, 0);
      let input = node.inputs.find((candidate) => candidate.name === slot.name);
      if (!input) node.inputs.push((input = { name: slot.name, type: declared.type, link }));
      Object.assign(input, { link, widget: slot.name });
      const control = this.#controlOf(index, slot.name);
      if (control !== undefined) (this.node.controls ??= new Map()).set(port.name, control);
    }
    return ports;
  }

  /** @param {number} index @param {string} name @param {ReadonlySet<string>} taken */
  #portName(index, name, taken) {
    const node = this.inner[index];
    const wanted = text(this.#setting(index, "input", name).name) || name;
    let free = taken.has(wanted) ? `${node?.title || node?.type} ${name}` : wanted;
    for (let count = 2; taken.has(free); count += 1) free = `${wanted} ${count}`;
    return free;
  }

  /** @param {number} index @param {string} name */
  #controlOf(index, name) {
    const held = this.controls.get(`${index} ${name}`);
    const node = this.inner[index];
    if (held !== undefined || !node) return held;
    const at = this.#slotsOf(node).findIndex((slot) => slot.kind === "control" && slot.name === name);
    return at < 0 ? undefined : listOf(node.stored)[at];
  }

  /**
   * List an inner node's inputs that no inner link feeds, sockets before widgets.
   *
   * @param {RawNode} node
   */
  #freeInputs(node) {
    const present = new Set(node.inputs.map((input) => input.name));
    const declared = this.catalogue.get(node.type)?.inputs ?? [];
    const unlinked = node.inputs.filter((input) => input.link === null);
    const others = declared.filter((input) => !present.has(input.name));
    return [...unlinked, ...others].map((input) => input.name);
  }

  /**
   * Tell whether the group's input `outer` is input `name` of an inner node.
   *
   * @param {string} outer
   * @param {number} index
   * @param {string} name
   */
  #shows(outer, index, name) {
    const node = this.inner[index];
    const prefixed = outer.startsWith(`${node?.title || node?.type} `) && outer.endsWith(` ${name}`);
    return prefixed || outer === name || outer === this.#setting(index, "input", name).name;
  }

  /**
   * @param {number} index
   * @param {"input" | "output"} kind
   * @param {string} name
   */
  #setting(index, kind, name) {
    return objectOf(objectOf(objectOf(this.config[index])[kind])[name]);
  }

  /**
   * @param {number} index
   * @param {"input" | "output"} kind
   * @param {string} name
   */
  #isVisible(index, kind, name) {
    return this.#setting(index, kind, name).visible !== false;
  }

  /** Hand the values the group node holds to the inner nodes. */
  #placeValues() {
    const { stored } = this.node;
    this.node.stored = undefined;
    if (!Array.isArray(stored)) return;
    const places = [...this.#widgetPlaces()];
    if (places.length !== stored.length) {
      const message = `its ${stored.length} widget values fit no widget inside; those inside are used`;
      return this.problems.warn("unplaced_values", message, { executionId: this.node.id });
    }
    for (const [place, { node, index, slot }] of places.entries()) {
      const value = stored[place] ?? null;
      if (slot.kind === "control") this.controls.set(`${index} ${slot.name}`, value);
      if (slot.kind !== "value" || value === null) continue;
      node.given ??= new Map();
      node.given.set(slot.name, value);
    }
  }

  *#widgetPlaces() {
    for (const [index, node] of this.inner.entries()) {
      const linked = new Set(node.inputs.filter((i) => i.link !== null).map((i) => i.name));
      for (const slot of this.#slotsOf(node)) {
        if (!linked.has(slot.name) && this.#isVisible(index, "input", slot.name)) yield { node, index, slot };
      }
    }
  }

  /** @param {RawNode} node */
  #slotsOf(node) {
    const sockets = new Set(node.inputs.filter((input) => !input.widget).map((input) => input.name));
    return widgetSlots(this.catalogue.get(node.type)?.inputs ?? [], sockets, CURRENT_LAYOUT);
  }
}

/**
 * @param {Json} entry
 * @param {number} index
 * @param {Problems} problems
 * @returns {RawNode}
 */
function innerNode(entry, index, problems) {
  // Places count, so one without a type stays, as a type nobody knows.
  const fields = { ...objectOf(entry), type: text(objectOf(entry).type) ?? "", id: index };
  const node = /** @type {RawNode} */ (parseNode(fields, problems));
  for (const input of node.inputs) input.link = null; // they lie outside of the body
  return node;
}

/**
 * Return a node's place in the body; some files hold the whole node instead of it.
 *
 * @param {Json | undefined} entry
 */
function indexOf(entry) {
  return wholeNumber(isObject(entry) ? entry.index : entry);
}
