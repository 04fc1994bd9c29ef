/**
 * Turns a document into the prompt the engine runs, as the engine itself does with a saved file.
 *
 * @import { Doc } from "../document.js"
 * @import { ApiNode, ApiPrompt, Catalogue, InputType, Json, NodeRecord, Problem } from "../types.d.ts"
 * @import { Literal, Output } from "./resolve.js"
 * @import { Scope } from "./unfold.js"
 */

import { defaultValue, ownsWidget } from "../catalogue.js";
import { own } from "../json.js";
import { SEARCH_NAME } from "../nodes.js";
import { Problems } from "./problems.js";
import { WRAPPER } from "./read_api.js";
import { resolveLink } from "./resolve.js";
import { fillPlaceholders, resolveChoices } from "./text.js";
import { modeOf, unfold, walk } from "./unfold.js";
import { isVirtual } from "./virtual.js";

/**
 * @typedef {object} Options
 * @property {readonly string[]} [targets] Execution ids: only these and what they need; all else.
 * @property {() => number} [random] Makes the choices of `{a|b}` in prompts; numbers in [0, 1).
 * @property {Date} [now] Time for `%date:…%` in file names.
 */

/**
 * Return the prompt a workflow stands for.
 *
 * Unknown node types are kept, for the run to name them, unless nothing is linked to them.
 *
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @param {Options} [options]
 * @returns {{ prompt: ApiPrompt, problems: Problem[] }}
 */
export function toApi(doc, catalogue, { targets, random = Math.random, now = new Date() } = {}) {
  const problems = new Problems();
  const converter = new Converter(catalogue, problems, random, now);
  const root = unfold(doc, problems);
  const prompt = root ? converter.convert(root) : {};
  return { prompt: targets ? cutTo(prompt, targets) : prompt, problems: problems.list };
}

/**
 * @typedef {object} Running
 * @property {Scope} scope
 * @property {NodeRecord} node
 * @property {Map<string, Json>} values by input name: its own, or what is given to it
 * @property {Map<string, Output>} sources by input name
 */

/** One conversion: the nodes that run, their widget values, and the problems found. */
class Converter {
  /** @type {Map<string, Running>} */
  running = new Map();

  /**
   * @param {Catalogue} catalogue
   * @param {Problems} problems
   * @param {() => number} random
   * @param {Date} now
   */
  constructor(catalogue, problems, random, now) {
    this.catalogue = catalogue;
    this.problems = problems;
    this.random = random;
    this.now = now;
  }

  /**
   * @param {Scope} root
   * @returns {ApiPrompt}
   */
  convert(root) {
    for (const scope of walk(root)) {
      for (const node of scope.graph.nodes.values()) {
        const runs = !isVirtual(node.type, this.catalogue) && !modeOf(scope, node);
        if (runs && !scope.inner.has(node.id)) this.#add(scope, node);
      }
    }
    this.#give();
    return Object.fromEntries([...this.running].map(([id, running]) => [id, this.#node(running)]));
  }

  /**
   * @param {Scope} scope
   * @param {NodeRecord} node
   */
  #add(scope, node) {
    const executionId = scope.prefix + node.id;
    if (this.running.has(executionId)) {
      const message = "another node has the same id; only one runs";
      return this.problems.warn("duplicate_id", message, { executionId });
    }
    const type = this.catalogue.get(node.type);
    if (!type) {
      // Labels, switches and the like: packs' own canvas nodes, of which no engine knows.
      const isLinked = !scope.graph.linksOf(node.id)[Symbol.iterator]().next().done;
      const rest = isLinked ? "" : "; without links it is left out";
      const message = `its type "${node.type}" is not installed${rest}`;
      this.problems[isLinked ? "error" : "warn"](isLinked ? "unknown_type" : "left_out", message, { executionId });
      if (!isLinked) return undefined;
    }
    const values = new Map(Object.entries(node.values));
    for (const input of type?.inputs ?? []) {
      if (values.has(input.name) || !ownsWidget(input)) continue;
      values.set(input.name, defaultValue(input) ?? null);
    }
    this.running.set(executionId, { scope, node, values, sources: new Map() });
    return undefined;
  }

  /**
   * Give inputs the values of primitives and promoted widgets: placeholders in names of files mean
   * these. Texts with placeholders of their own come last, for all they name is known then.
   */
  #give() {
    /** @type {[Running, string, string][]} */
    const texts = [];
    for (const [executionId, running] of this.running) {
      for (const [name, source] of this.#sources(executionId, running)) {
        if (source.kind === "output") running.sources.set(name, source);
        else if (source.substitute && typeof source.value === "string") texts.push([running, name, source.value]);
        else running.values.set(name, source.value);
      }
    }
    for (const [{ scope, values }, name, text] of texts) values.set(name, this.#fill(scope, text));
  }

  /**
   * @param {string} executionId
   * @param {Running} running
   * @returns {Generator<[name: string, Output | Literal]>}
   */
  *#sources(executionId, { scope, node }) {
    for (const { key, name, type: wanted } of node.inputs) {
      const link = scope.graph.linkInto(node.id, key);
      if (!link) continue;
      const report = (/** @type {string} */ code, /** @type {string} */ message) =>
        this.problems.warn(code, `input "${name}": ${message}`, { executionId, input: name });
      const source = resolveLink(scope, link, wanted, this.catalogue, report);
      if (source) yield [name, source];
    }
  }

  /**
   * @param {Running} running
   * @returns {ApiNode}
   */
  #node({ scope, node, values, sources }) {
    const type = this.catalogue.get(node.type);
    const declared = new Map(type?.inputs.map((input) => [input.name, input]));
    /** @type {Map<string, Json>} */
    const inputs = new Map();
    for (const [name, value] of values) {
      inputs.set(name, wrapped(this.#runHooks(scope, declared.get(name), value)));
    }
    for (const [name, { id, slot }] of sources) {
      if (this.running.has(id)) inputs.set(name, [id, slot]);
      else inputs.delete(name); // a link from a node that does not run
    }
    const title = node.title || type?.title || node.type;
    return { class_type: node.type, inputs: Object.fromEntries(inputs), _meta: { title } };
  }

  /**
   * Return a widget's value as it is sent.
   *
   * @param {Scope} scope
   * @param {InputType | undefined} input
   * @param {Json} value
   */
  #runHooks(scope, input, value) {
    if (typeof value !== "string" || !input) return value;
    if (input.options.dynamicPrompts) return resolveChoices(value, this.random);
    if (input.name === "filename_prefix" && input.type === "STRING") return this.#fill(scope, value);
    return value;
  }

  /**
   * @param {Scope} scope
   * @param {string} text
   */
  #fill(scope, text) {
    return fillPlaceholders(text, (node, widget) => this.#find(scope, node, widget), this.now);
  }

  /**
   * Return a widget's value as text: node by search name, then title; own scope first.
   *
   * @param {Scope} scope
   * @param {string} name
   * @param {string} widget
   */
  #find(scope, name, widget) {
    const all = [...this.running.values()];
    const near = [...all.filter((at) => at.scope === scope), ...all.filter((at) => at.scope !== scope)];
    const bySearchName = near.filter(({ node }) => own(node.properties, SEARCH_NAME) === name);
    const byTitle = near.filter(({ node }) => node.title === name);
    const found = [...bySearchName, ...byTitle].find(({ values }) => values.has(widget));
    return found && String(found.values.get(widget));
  }
}

/** @param {Json} value a list stands for a link unless it is wrapped */
function wrapped(value) {
  return Array.isArray(value) ? { [WRAPPER]: value } : value;
}

/**
 * Return the nodes of a prompt that targets name; instances stand for all nodes in them.
 *
 * @param {ApiPrompt} prompt
 * @param {readonly string[]} targets
 * @returns {string[]}
 */
export function targetsIn(prompt, targets) {
  return Object.keys(prompt).filter((id) => targets.some((target) => id === target || id.startsWith(`${target}:`)));
}

/**
 * Return the part of a prompt some nodes need.
 *
 * @param {ApiPrompt} prompt
 * @param {readonly string[]} targets
 * @returns {ApiPrompt}
 */
export function cutTo(prompt, targets) {
  const needed = new Set(targetsIn(prompt, targets));
  for (const id of needed) {
    for (const value of Object.values(prompt[id]?.inputs ?? {})) {
      const source = Array.isArray(value) ? String(value[0]) : undefined;
      if (source !== undefined && Object.hasOwn(prompt, source)) needed.add(source);
    }
  }
  return Object.fromEntries(Object.entries(prompt).filter(([id]) => needed.has(id)));
}
