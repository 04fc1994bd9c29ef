import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { findStale, adoptTypes } from "../../src/core/adopt.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { writeWorkflow } from "../../src/core/convert/write_canvas.js";
import { ROOT } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { History } from "../../src/core/history.js";
import { findReplaced, readReplacements, replaceOldNodes, stepsFor, withVersions } from "../../src/core/migrations.js";
import { createNode } from "../../src/core/nodes.js";
import { CATALOGUE, fixture } from "./fixtures.js";

/** @import { NodeType } from "../../src/core/types.d.ts" */

const REPLACEMENTS = readReplacements(fixture("replaced/node_replacements.json"));
const TYPES = withVersions(CATALOGUE, REPLACEMENTS);

/** @param {unknown} json @param {typeof REPLACEMENTS} [replacements] */
function opened(json, replacements = REPLACEMENTS) {
  const { doc } = readWorkflow(json, TYPES);
  const replaced = findReplaced(doc, TYPES, replacements);
  const history = new History(doc);
  history.push(edit(doc, "replace", (tx) => replaceOldNodes(tx, replaced, TYPES)));
  return { doc, replaced, history };
}

describe("nodes of older types", () => {
  test("become those of today, as the engine's do", () => {
    const { doc, replaced } = opened(fixture("replaced/canvas.json"));
    assert.deepEqual(toApi(doc, TYPES).prompt, fixture("replaced/api.json"));
    assert.deepEqual(replaced.map(({ graphId, id }) => (graphId === ROOT ? id : `inner ${id}`)), ["1", "5", "6", "inner 1"]);
  });

  test("are as they were after one undo", () => {
    const before = JSON.stringify(writeWorkflow(readWorkflow(fixture("replaced/canvas.json"), TYPES).doc, TYPES));
    const { doc, history } = opened(fixture("replaced/canvas.json"));
    assert.notEqual(JSON.stringify(writeWorkflow(doc, TYPES)), before);
    history.undo();
    assert.equal(JSON.stringify(writeWorkflow(doc, TYPES)), before);
  });

  test("are saved with the version of their form and replaced no further", () => {
    const { doc } = opened(fixture("replaced/canvas.json"));
    const again = readWorkflow(JSON.parse(JSON.stringify(writeWorkflow(doc, TYPES))), TYPES).doc;
    assert.equal(again.root.nodes.get("6")?.version, 3);
    assert.equal(again.root.nodes.get("7")?.version, undefined);
    assert.deepEqual(findReplaced(again, TYPES, REPLACEMENTS), []);
    assert.deepEqual(toApi(again, TYPES).prompt, fixture("replaced/api.json"));
  });

  test("in an API prompt are replaced as well", () => {
    const prompt = { 1: { class_type: "OldLoader", inputs: { file: "other.safetensors" } },
      2: { class_type: "CLIPTextEncode", inputs: { text: "x", clip: ["1", 1] } } };
    const node = toApi(opened(prompt).doc, TYPES).prompt["1"];
    assert.equal(node?.class_type, "CheckpointLoaderSimple");
    assert.deepEqual(node?.inputs, { ckpt_name: "other.safetensors" });
  });

  test("keep what the new type does not know", () => {
    const steps = readReplacements({ Old: [{ new_node_id: "EmptyLatentImage" }] });
    const node = { id: 1, type: "Old", properties: { tessera: { widgets: ["width", "tint"] } }, widgets_values: [64, "red"] };
    const { doc } = opened({ version: 0.4, nodes: [node], links: [] }, steps);
    assert.deepEqual(doc.root.nodes.get("1")?.values, { width: 64, tint: "red", height: 512, batch_size: 1 });
  });

  test("stay as they are where the steps lead in a circle or to nothing known", () => {
    const steps = readReplacements({ A: [{ new_node_id: "B" }], B: [{ new_node_id: "A" }], C: [{ new_node_id: "D" }], E: [{}, 3], F: null });
    for (const type of ["A", "B", "C", "E", "F", "constructor"]) assert.deepEqual(stepsFor({ type }, () => false, steps), []);
  });

  test("new nodes have the version of today", () => {
    const type = /** @type {NodeType} */ (TYPES.get("KSampler"));
    assert.equal(createNode(type, { x: 0, y: 0 }).version, 3);
  });
});

test("a type that changed while a workflow is open gives its nodes the new ports, others are left", () => {
  const old = /** @type {NodeType} */ (CATALOGUE.get("KSampler"));
  const [first] = old.inputs;
  const inputs = [...old.inputs, { .../** @type {NonNullable<typeof first>} */ (first), name: "vae", type: "VAE", index: old.inputs.length }];
  const after = new Map(CATALOGUE).set("KSampler", { ...old, inputs });
  const json = fixture("default_1.canvas.json");
  const { doc } = readWorkflow(json, CATALOGUE);
  assert.deepEqual(findStale(doc, CATALOGUE, new Map(CATALOGUE)), []);
  const [stale] = findStale(doc, CATALOGUE, after);
  const prompt = toApi(doc, CATALOGUE).prompt;
  edit(doc, "adopt", (tx) => assert.equal(adoptTypes(tx, CATALOGUE, after), 1));
  const node = doc.root.nodes.get(String(stale?.id));
  assert.ok(node?.inputs.some(({ key }) => key === "vae"));
  assert.deepEqual(toApi(doc, after).prompt, prompt);
});

test("new files in a menu make no edit", () => {
  const old = /** @type {NodeType} */ (CATALOGUE.get("CheckpointLoaderSimple"));
  const inputs = old.inputs.map((input) => ({ ...input, choices: ["new.safetensors"], options: { ...input.options, tooltip: "x" } }));
  const after = new Map(CATALOGUE).set(old.name, { ...old, inputs });
  const { doc } = readWorkflow(fixture("default_1.canvas.json"), CATALOGUE);
  assert.deepEqual(findStale(doc, CATALOGUE, after), []);
});
