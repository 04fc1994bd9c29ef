/**
 * @import { Catalogue, NodeType, Problem } from "../types.d.ts"
 * @import { RawNode, RawWorkflow } from "./raw.d.ts"
 */

import { ownsWidget, portKeys, SUBGRAPH_MODULE } from "../catalogue.js";
import { Doc } from "../document.js";
import { isObject, shorten } from "../json.js";
import { buildGraph } from "./build_graph.js";
import { expandGroupNodes } from "./group_nodes.js";
import { promotedPorts, readInstanceValues } from "./instance_values.js";
import { parseWorkflow } from "./parse.js";
import { Problems } from "./problems.js";
import { isApiPrompt, readApi } from "./read_api.js";

/** Deeper files are made to break programs; the engine refuses them as well. */
const MAX_DEPTH = 128;

/**
 * Read a workflow of any of its formats: what the canvas saves (schema 0.4 and 1), or an API
 * prompt, which is laid out.
 *
 * Whatever the file holds, nothing is thrown: what is malformed is a problem, and the rest is
 * read. An error among the problems means that there is nothing to open.
 *
 * @param {unknown} json the decoded file
 * @param {Catalogue} catalogue
 * @returns {{ doc: Doc, problems: Problem[] }}
 */
export function readWorkflow(json, catalogue) {
  const problems = new Problems();
  const doc = Doc.empty();
  if (!isObject(json)) {
    problems.error("no_workflow", `a workflow is an object, but this is ${shorten(json)}`);
  } else if (isTooDeep(json)) {
    problems.error("too_deep", `its values are nested more than ${MAX_DEPTH} levels deep`);
  } else if (isApiPrompt(json)) readApi(doc, json, catalogue, problems);
  else if (!Array.isArray(json.nodes)) {
    problems.error("no_workflow", 'it has no list "nodes", so it is no workflow');
  } else {
    const raw = parseWorkflow(json, problems);
    expandGroupNodes(raw, catalogue, problems);
    readInstanceValues(raw, catalogue, problems);
    fill(doc, raw, catalogue, problems);
  }
  return { doc, problems: problems.list };
}

/**
 * @param {Doc} doc
 * @param {RawWorkflow} raw
 * @param {Catalogue} catalogue
 * @param {Problems} problems
 */
function fill(doc, raw, catalogue, problems) {
  const instances = instanceTypes(raw, catalogue);
  const typeOf = (/** @type {RawNode} */ node) => instances.get(node.type) ?? catalogue.get(node.type);
  const graphs = [raw.root, ...raw.subgraphs.values()];
  doc.apply(graphs.flatMap((graph) => buildGraph(graph, typeOf, catalogue, problems)));
  const meta = { version: raw.version, definitions: raw.definitions ?? null };
  for (const [id, after] of Object.entries(meta)) {
    if (after !== null) doc.apply([{ kind: "meta", graph: "root", id, before: null, after }]);
  }
}

/**
 * Return the types of subgraph instances: ports, of which some stand for a widget inside.
 *
 * @param {RawWorkflow} raw
 * @param {Catalogue} catalogue
 * @returns {Map<string, NodeType>}
 */
function instanceTypes(raw, catalogue) {
  const widgets = (/** @type {RawNode} */ node) => {
    const declared = raw.subgraphs.has(node.type) ? [] : (catalogue.get(node.type)?.inputs ?? []);
    return new Set(declared.filter(ownsWidget).map((input) => input.name));
  };
  return new Map([...raw.subgraphs].map(([id, graph]) => {
    const promoted = new Set(promotedPorts(graph, widgets));
    const keys = portKeys(graph.inputs.map((port) => port.name));
    const inputs = graph.inputs.map(({ name, type }, index) => {
      const widget = promoted.has(index) ? /** @type {const} */ ("custom") : undefined;
      return { name: keys[index] ?? name, type, required: true, index, widget, options: {} };
    });
    const outKeys = portKeys(graph.outputs.map((port) => port.name));
    const outputs = graph.outputs.map(({ name, type }, index) =>
      ({ name, key: outKeys[index] ?? name, type, isList: false }));
    const flags = { isOutput: false, deprecated: false, experimental: false, aliases: [] };
    const texts = { name: id, title: graph.name, category: "", description: "", module: SUBGRAPH_MODULE };
    return [id, { ...texts, inputs, outputs, ...flags }];
  }));
}

/** @param {unknown} json */
function isTooDeep(json) {
  let level = [json];
  for (let depth = 0; level.length; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    const deeper = [];
    for (const value of level) {
      for (const inner of Object.values(/** @type {object} */ (value))) {
        if (typeof inner === "object" && inner !== null) deeper.push(inner);
      }
    }
    level = deeper;
  }
  return false;
}
