/** The seed shown is the seed used. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Doc } from "../../src/core/document.js";
import { convertToSubgraph, unpackSubgraph } from "../../src/core/subgraphs.js";
import { rollSeeds } from "../../src/state/seeds.js";
import { Tab } from "../../src/state/tab.js";

/** @import { InputType, NodeRecord, SeedControl } from "../../src/core/types.js" */

const SEED = /** @type {InputType} */ ({ name: "seed", type: "INT", widget: "int", required: true, index: 0, options: { min: 0, max: 100 } });
const CATALOGUE = /** @type {any} */ (new Map([["Sampler", { name: "Sampler", inputs: [SEED] }]]));

/** @param {SeedControl} control */
function tabWith(control) {
  const tab = new Tab(Doc.empty(), { title: "t" });
  tab.edit("edit.addNode", (tx) => void tx.addNode("root", {
    id: "1", type: "Sampler", x: 0, y: 0, width: 1, height: 1, mode: "normal", inputs: [], outputs: [],
    values: { seed: 42 }, controls: { seed: control }, properties: {},
  }));
  return tab;
}

/** @param {Tab} tab */
function seedOf(tab) {
  return tab.doc.root.nodes.get("1")?.values["seed"];
}

test("the first run uses the seed of the file, each further one rolls before it", () => {
  const tab = tabWith("randomize");
  rollSeeds(tab, CATALOGUE, () => 0.5);
  assert.equal(seedOf(tab), 42);
  rollSeeds(tab, CATALOGUE, () => 0.5);
  assert.equal(seedOf(tab), 50);
  assert.equal(tab.usedSeeds.get("root 1 seed"), 50);
});

test("a seed typed by hand is used as it is", () => {
  const tab = tabWith("increment");
  rollSeeds(tab, CATALOGUE);
  tab.edit("edit.setValue", (tx) => tx.setValue("root", "1", "seed", 7));
  rollSeeds(tab, CATALOGUE);
  assert.equal(seedOf(tab), 7);
  rollSeeds(tab, CATALOGUE);
  assert.equal(seedOf(tab), 8);
});

test("a fixed seed stays, and a roll can be undone", () => {
  const fixed = tabWith("fixed");
  for (let run = 0; run < 3; run += 1) rollSeeds(fixed, CATALOGUE);
  assert.equal(seedOf(fixed), 42);
  const rolled = tabWith("decrement");
  rollSeeds(rolled, CATALOGUE);
  rollSeeds(rolled, CATALOGUE);
  assert.equal(seedOf(rolled), 41);
  rolled.undo();
  assert.equal(seedOf(rolled), 42);
});

test("a used seed is known again in a subgraph that is made of its node, and when that is unpacked", () => {
  const tab = tabWith("increment");
  rollSeeds(tab, CATALOGUE);
  let instance = "";
  tab.edit("edit.subgraph", (tx) => {
    instance = convertToSubgraph(tx, "root", { nodes: new Set(["1"]), groups: new Set() }, "s", CATALOGUE);
  });
  rollSeeds(tab, CATALOGUE);
  const inside = tab.doc.graph(tab.doc.root.nodes.get(instance)?.type ?? "")?.nodes.get("1");
  assert.equal(inside?.values["seed"], 43);
  tab.edit("edit.unpack", (tx) => void unpackSubgraph(tx, "root", instance));
  rollSeeds(tab, CATALOGUE);
  assert.deepEqual([...tab.doc.root.nodes.values()].map(({ values }) => values["seed"]), [44]);
});

test("a new node's seed is used as it is, whatever other nodes used", () => {
  const tab = tabWith("increment");
  rollSeeds(tab, CATALOGUE);
  tab.edit("edit.addNode", (tx) => {
    const { id: _, z: _z, ...copied } = /** @type {NodeRecord} */ (tab.doc.root.nodes.get("1"));
    tx.addNode("root", copied);
  });
  rollSeeds(tab, CATALOGUE);
  assert.deepEqual([...tab.doc.root.nodes.values()].map(({ values }) => values["seed"]), [43, 42]);
});
