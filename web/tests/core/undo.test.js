/** Random edits, then everything taken back and repeated: the file must be the same, byte by byte. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { copyText, pasteText } from "../../src/core/clipboard.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { writeWorkflow } from "../../src/core/convert/write_canvas.js";
import { ROOT } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { duplicate, insert } from "../../src/core/fragments.js";
import { History } from "../../src/core/history.js";
import { detach, insertOnLink, replaceNode, toggleMode } from "../../src/core/insertion.js";
import { createNode } from "../../src/core/nodes.js";
import { promoteInput, removePort } from "../../src/core/subgraph_ports.js";
import { convertToSubgraph, unpackSubgraph } from "../../src/core/subgraphs.js";
import { canConnect } from "../../src/core/type_rules.js";
import { CATALOGUE, fixture, tries } from "./fixtures.js";

/** @import { Doc } from "../../src/core/document.js" */
/** @import { Tx } from "../../src/core/edits.js" */
/** @import { GraphId, NodeType } from "../../src/core/types.d.ts" */

const TYPES = /** @type {NodeType[]} */ (
  ["CheckpointLoaderSimple", "CLIPTextEncode", "KSampler", "VAEDecode", "SaveImage", "Note"].map((name) => CATALOGUE.get(name))
);

/** Chooses among what is there, so that every step means something. @param {number} seed */
const chooser = (seed) => (/** @type {number} */ count) => (seed = (seed * 1103515245 + 12345) % 2147483648) % Math.max(1, count);

/**
 * @typedef {{ tx: Tx, graphId: GraphId, nodes: string[], pick: (count: number) => number }} Step
 * @type {{ [name: string]: (step: Step) => void }}
 */
const STEPS = {
  add: ({ tx, graphId, pick }) => tx.addNode(graphId, createNode(/** @type {NodeType} */ (TYPES[pick(TYPES.length)]), { x: pick(999), y: pick(999) })),
  remove: ({ tx, graphId, nodes, pick }) => tx.removeNodes(graphId, some(nodes, pick)),
  move: ({ tx, graphId, nodes, pick }) => tx.moveNodes(graphId, some(nodes, pick), { x: pick(50), y: -pick(50) }),
  connect({ tx, graphId, nodes, pick }) {
    const [from = "", to = ""] = [nodes[pick(nodes.length)], nodes[pick(nodes.length)]];
    const [outputs, inputs] = [tx.graph(graphId).nodes.get(from)?.outputs, tx.graph(graphId).nodes.get(to)?.inputs];
    for (const output of outputs ?? []) {
      for (const input of inputs ?? []) {
        if (!canConnect(tx.doc, graphId, from, output.key, to, input.key, CATALOGUE).ok) continue;
        tx.connect(graphId, { from, output: output.key, to, input: input.key });
        return;
      }
    }
  },
  disconnect({ tx, graphId, pick }) {
    const links = [...tx.graph(graphId).links.keys()];
    if (links.length) tx.disconnect(graphId, /** @type {string} */ (links[pick(links.length)]));
  },
  value: ({ tx, graphId, nodes, pick }) => one(nodes, pick, (id) => tx.setValue(graphId, id, "seed", pick(1000))),
  title: ({ tx, graphId, nodes, pick }) => one(nodes, pick, (id) => tx.updateNode(graphId, id, { title: `t${pick(9)}`, collapsed: true })),
  mode: ({ tx, graphId, nodes, pick }) => toggleMode(tx, graphId, some(nodes, pick), "bypass"),
  raise: ({ tx, graphId, nodes, pick }) => tx.raise(graphId, some(nodes, pick)),
  group({ tx, graphId, nodes, pick }) {
    tx.addGroup(graphId, { x: 0, y: 0, width: 9, height: 9, title: "g", nodes: some(nodes, pick), groups: [] });
  },
  ungroup: ({ tx, graphId, pick }) => tx.removeGroups(graphId, [...tx.graph(graphId).groups.keys()].slice(0, pick(2))),
  dot({ tx, graphId, pick }) {
    const links = [...tx.graph(graphId).links.keys()];
    if (links.length) tx.addReroute(graphId, [/** @type {string} */ (links[pick(links.length)])], { x: 1, y: 2 });
  },
  duplicate: ({ tx, graphId, nodes, pick }) => void duplicate(tx, graphId, { nodes: some(nodes, pick) }, { x: 30, y: 30 }),
  paste({ tx, graphId, nodes, pick }) {
    const part = pasteText(copyText(tx.doc, graphId, { nodes: some(nodes, pick) }, CATALOGUE), CATALOGUE);
    assert.ok(part);
    if (!inside(tx.doc, part, graphId)) insert(tx, graphId, part, { x: 5, y: 5 });
  },
  subgraph: ({ tx, graphId, nodes, pick }) => void convertToSubgraph(tx, graphId, { nodes: some(nodes, pick) }, "sub", CATALOGUE),
  unpack({ tx, graphId, nodes, pick }) {
    const instances = nodes.filter((id) => tx.doc.graph(tx.node(graphId, id).type));
    one(instances, pick, (id) => void unpackSubgraph(tx, graphId, id));
  },
  promote({ tx, graphId, nodes, pick }) {
    if (graphId === ROOT) return;
    one(nodes, pick, (id) => {
      const { inputs } = tx.node(graphId, id);
      if (inputs.length) promoteInput(tx, graphId, id, inputs[pick(inputs.length)]?.key ?? "", CATALOGUE);
    });
  },
  demote({ tx, graphId, pick }) {
    const { inputs } = tx.graph(graphId).record;
    if (inputs.length) removePort(tx, graphId, "inputs", inputs[pick(inputs.length)]?.key ?? "", CATALOGUE);
  },
  insert({ tx, graphId, nodes, pick }) {
    const links = [...tx.graph(graphId).links.keys()];
    if (links.length) one(nodes, pick, (id) => void insertOnLink(tx, graphId, id, links[pick(links.length)] ?? "", CATALOGUE));
  },
  detach: ({ tx, graphId, nodes, pick }) => one(nodes, pick, (id) => detach(tx, graphId, id)),
  replace({ tx, graphId, nodes, pick }) {
    const plain = nodes.filter((id) => !tx.doc.graph(tx.node(graphId, id).type));
    one(plain, pick, (id) => replaceNode(tx, graphId, id, /** @type {NodeType} */ (TYPES[pick(TYPES.length)])));
  },
};

/** @param {readonly string[]} nodes @param {(count: number) => number} pick */
function some(nodes, pick) {
  return nodes.filter(() => pick(3) === 0);
}

/** @param {readonly string[]} nodes @param {(count: number) => number} pick @param {(id: string) => void} use */
function one(nodes, pick, use) {
  const id = nodes[pick(nodes.length)];
  if (id !== undefined) use(id);
}

/** Whether a graph would come to lie in itself. @param {Doc} doc @param {Doc} part @param {GraphId} graphId */
function inside(doc, part, graphId) {
  return graphId !== ROOT && part.graphIds().some((id) => id === graphId) && doc.graph(graphId) !== undefined;
}

const step = fc.record({ name: fc.constantFrom(...Object.keys(STEPS)), seed: fc.nat(), graph: fc.nat(3) });
const START = ["default_1", "subgraphs_nested", "muted_and_bypassed"];

/** @param {Doc} doc */
const bytes = (doc) => JSON.stringify(writeWorkflow(doc, CATALOGUE));

/** @param {Doc} doc @param {History} history @param {{ name: string, seed: number, graph: number }} step */
function perform(doc, history, { name, seed, graph }) {
  const ids = doc.graphIds();
  const graphId = /** @type {string} */ (ids[graph % ids.length]);
  const transaction = edit(doc, name, (tx) => {
    const nodes = [...tx.graph(graphId).nodes.keys()];
    STEPS[name]?.({ tx, graphId, nodes, pick: chooser(seed) });
  });
  history.push(transaction);
}

test("undoing all edits gives the file from before, repeating all the one from after", () => {
  fc.assert(fc.property(fc.constantFrom(...START), fc.array(step, { minLength: 1, maxLength: 25 }), (start, steps) => {
    const { doc } = readWorkflow(fixture(`${start}.canvas.json`), CATALOGUE);
    const history = new History(doc);
    const before = bytes(doc);
    for (const next of steps) perform(doc, history, next);
    const after = bytes(doc);
    while (history.canUndo) history.undo();
    assert.equal(bytes(doc), before);
    while (history.canRedo) history.redo();
    assert.equal(bytes(doc), after);
  }), tries(50));
});

test("whatever was edited, the file reads back the same, and no link hangs in the air", () => {
  fc.assert(fc.property(fc.constantFrom(...START), fc.array(step, { maxLength: 25 }), (start, steps) => {
    const { doc } = readWorkflow(fixture(`${start}.canvas.json`), CATALOGUE);
    const history = new History(doc);
    for (const next of steps) perform(doc, history, next);
    for (const id of doc.graphIds()) checkLinks(doc, id);
    const again = readWorkflow(JSON.parse(bytes(doc)), CATALOGUE);
    assert.deepEqual(again.problems.filter((problem) => problem.code !== "default_used"), []);
    assert.equal(bytes(again.doc), bytes(doc));
  }), tries(50));
});

/** @param {Doc} doc @param {GraphId} graphId */
function checkLinks(doc, graphId) {
  const graph = doc.graph(graphId);
  for (const link of graph?.links.values() ?? []) {
    const outputs = link.from === "@inputs" ? graph?.record.inputs : graph?.nodes.get(link.from)?.outputs;
    const inputs = link.to === "@outputs" ? graph?.record.outputs : graph?.nodes.get(link.to)?.inputs;
    assert.ok(outputs?.some((port) => port.key === link.output), `${graphId}: ${JSON.stringify(link)}`);
    assert.ok(inputs?.some((port) => port.key === link.input), `${graphId}: ${JSON.stringify(link)}`);
    assert.equal(graph?.linkInto(link.to, link.input)?.id, link.id);
    for (const dot of link.reroutes ?? []) assert.ok(graph?.reroutes.has(dot));
  }
}
