import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { ROOT } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { typeOf } from "../../src/core/node_types.js";
import { promoteInput, removePort, renamePort } from "../../src/core/subgraph_ports.js";
import { convertToSubgraph, unpackSubgraph } from "../../src/core/subgraphs.js";
import { CASES, CATALOGUE, NOW, fixture, tries } from "./fixtures.js";

/** @import { Doc } from "../../src/core/document.js" */
/** @import { ApiPrompt, NodeRecord } from "../../src/core/types.d.ts" */

/** @param {string} name */
const open = (name) => readWorkflow(fixture(`${name}.canvas.json`), CATALOGUE).doc;
/** @param {Doc} doc */
const prompt = (doc) => toApi(doc, CATALOGUE, { now: NOW }).prompt;

/**
 * What a prompt computes, whatever its ids are: each node as text with its inputs inside it.
 *
 * @param {ApiPrompt} api
 */
function meaning(api) {
  /** @param {string} id @returns {unknown} */
  const expand = (id) => {
    const node = api[id];
    const inputs = Object.entries(node?.inputs ?? {}).map(([name, value]) =>
      [name, Array.isArray(value) ? [expand(String(value[0])), value[1]] : value]);
    return [node?.class_type, inputs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))];
  };
  return Object.keys(api).map((id) => JSON.stringify(expand(id))).sort();
}

describe("making a subgraph and unpacking it", () => {
  test("changes nothing of what is computed, whatever is selected", () => {
    const cases = CASES.filter((name) => !["unknown_types", "texts"].includes(name));
    fc.assert(fc.property(fc.constantFrom(...cases), fc.nat(), (name, mask) => {
      const doc = open(name);
      const before = meaning(prompt(doc));
      const nodes = [...doc.root.nodes.keys()].filter((_, index) => mask & (1 << index));
      let instance = "";
      edit(doc, "wrap", (tx) => (instance = convertToSubgraph(tx, ROOT, { nodes }, "s", CATALOGUE)));
      if (!isCircle(doc)) assert.deepEqual(meaning(prompt(doc)), before);
      edit(doc, "unwrap", (tx) => unpackSubgraph(tx, ROOT, instance));
      assert.deepEqual(meaning(prompt(doc)), before);
    }), tries(50));
  });

  test("puts one port for each source outside and each output used outside", () => {
    const doc = open("default_1");
    const nodes = [...doc.root.nodes.values()].filter((n) => n.type === "CLIPTextEncode").map((n) => n.id);
    let instance = "";
    edit(doc, "wrap", (tx) => (instance = convertToSubgraph(tx, ROOT, { nodes }, "texts", CATALOGUE)));
    const node = doc.root.nodes.get(instance);
    assert.deepEqual(node?.inputs.map((port) => port.type), ["CLIP"]);
    assert.deepEqual(node?.outputs.map((port) => port.key), ["CONDITIONING", "CONDITIONING_2"]);
  });

  test("keeps a dot on the wire outside", () => {
    const doc = open("default_1");
    const sampler = [...doc.root.nodes.values()].find((node) => node.type === "KSampler");
    edit(doc, "dot and wrap", (tx) => {
      const link = doc.root.linkInto(sampler?.id ?? "", "latent_image");
      tx.addReroute(ROOT, [link?.id ?? ""], { x: 1, y: 1 });
      const instance = convertToSubgraph(tx, ROOT, { nodes: [sampler?.id ?? ""] }, "s", CATALOGUE);
      assert.ok(doc.root.linkInto(instance, "latent_image")?.reroutes?.length);
    });
  });

  test("removes a definition with its last instance", () => {
    const doc = open("default_1");
    edit(doc, "wrap", (tx) => {
      const instance = convertToSubgraph(tx, ROOT, { nodes: doc.root.nodes.keys() }, "all", CATALOGUE);
      assert.equal(doc.graphIds().length, 2);
      tx.removeNodes(ROOT, [instance]);
    });
    assert.deepEqual(doc.graphIds(), [ROOT]);
  });
});

/** Whether an instance feeds itself: a selection with something outside between its nodes. @param {Doc} doc */
function isCircle(doc) {
  const reach = (/** @type {string} */ from, /** @type {Set<string>} */ seen) => {
    for (const link of doc.root.linksOf(from)) {
      if (link.from !== from || seen.has(link.to)) continue;
      seen.add(link.to);
      reach(link.to, seen);
    }
    return seen;
  };
  return [...doc.root.nodes.keys()].some((id) => reach(id, new Set()).has(id));
}

describe("ports of a subgraph", () => {
  /** A subgraph of the sampler, its instance, and the sampler inside. */
  function sampler() {
    const doc = open("default_1");
    const node = /** @type {NodeRecord} */ ([...doc.root.nodes.values()].find((one) => one.type === "KSampler"));
    let instance = "";
    edit(doc, "wrap", (tx) => (instance = convertToSubgraph(tx, ROOT, { nodes: [node.id] }, "s", CATALOGUE)));
    const definition = doc.root.nodes.get(instance)?.type ?? "";
    return { doc, instance, definition, inner: node.id };
  }

  /** @param {Doc} doc @param {string} id */
  const instanceType = (doc, id) =>
    typeOf(doc, ROOT, /** @type {NodeRecord} */ (doc.root.nodes.get(id)), CATALOGUE);

  test("a promoted widget shows the value inside until the instance has its own", () => {
    const { doc, instance, definition, inner } = sampler();
    edit(doc, "promote", (tx) => promoteInput(tx, definition, inner, "steps", CATALOGUE));
    const input = instanceType(doc, instance)?.inputs.find((one) => one.name === "steps");
    assert.deepEqual([input?.widget, input?.default], ["int", 20]);
    assert.equal(prompt(doc)[`${instance}:${inner}`]?.inputs.steps, 20);
    edit(doc, "set", (tx) => tx.setValue(ROOT, instance, "steps", 33));
    assert.equal(prompt(doc)[`${instance}:${inner}`]?.inputs.steps, 33);
    assert.equal(doc.graph(definition)?.nodes.get(inner)?.values.steps, 20);
  });

  test("all instances follow, and links into a removed port go", () => {
    const { doc, instance, definition } = sampler();
    edit(doc, "remove", (tx) => removePort(tx, definition, "inputs", "latent_image", CATALOGUE));
    assert.ok(!doc.root.nodes.get(instance)?.inputs.some((port) => port.key === "latent_image"));
    assert.equal(doc.root.linkInto(instance, "latent_image"), undefined);
  });

  test("a new name changes no link", () => {
    const { doc, instance, definition } = sampler();
    const before = prompt(doc);
    edit(doc, "rename", (tx) => renamePort(tx, definition, "inputs", "model", "网络", CATALOGUE));
    assert.equal(doc.root.nodes.get(instance)?.inputs.find((port) => port.key === "model")?.label, "网络");
    assert.deepEqual(prompt(doc), before);
  });

  test("unpacking hands the instance's values and controls to the nodes", () => {
    const { doc, instance, definition, inner } = sampler();
    edit(doc, "promote", (tx) => {
      promoteInput(tx, definition, inner, "seed", CATALOGUE);
      tx.setValue(ROOT, instance, "seed", 99);
      tx.setControl(ROOT, instance, "seed", "increment");
      unpackSubgraph(tx, ROOT, instance);
    });
    const node = [...doc.root.nodes.values()].find((one) => one.type === "KSampler");
    assert.deepEqual([node?.values.seed, node?.controls?.seed], [99, "increment"]);
  });
});
