/** What the server refuses becomes problems with a place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { Doc } from "../../src/core/document.js";
import { createNode } from "../../src/core/nodes.js";
import { problemOfFailure, problemsOfPrompt } from "../../src/state/prompt_problems.js";
import { Tab } from "../../src/state/tab.js";

const MISSING = { type: "required_input_missing", message: "A required input is missing", details: "images", extra_info: { input_name: "images" } };

test("each problem of each node has its node and its input", () => {
  const found = problemsOfPrompt({ type: "prompt_outputs_failed_validation", message: "No output can run" }, {
    "57:3": { class_type: "SaveImage", errors: [MISSING, { type: "value_not_in_list", message: "m" }] },
  });
  assert.deepEqual(found.map(({ executionId, code, input }) => [executionId, code, input]), [
    ["57:3", "required_input_missing", "images"],
    ["57:3", "value_not_in_list", undefined],
  ]);
});

test("a refusal without nodes is a problem of its own, and none is none", () => {
  assert.equal(problemsOfPrompt({ type: "invalid_prompt", message: "m" }, {})[0]?.code, "invalid_prompt");
  assert.deepEqual(problemsOfPrompt(undefined, {}), []);
});

test("a failure without words is told by its kind", () => {
  const problem = problemOfFailure({ exception_type: "AssertionError", exception_message: "", traceback: [], node_id: null });
  assert.deepEqual([problem.message, problem.executionId, problem.detail], ["AssertionError", undefined, undefined]);
});

test("a failure of a viewer that only a run up to a node has is that node's", () => {
  const failed = { exception_type: "SaveError", exception_message: "the disk is full", node_id: "5:8~shown" };
  assert.equal(problemOfFailure(failed).executionId, "5:8");
});

const CATALOGUE = readObjectInfo({
  Source: { input: { required: { size: ["INT", {}] } }, output: ["IMAGE"], output_name: ["IMAGE"] },
  Show: { input: { required: { images: ["IMAGE", {}], name: ["STRING", {}] } }, output: [], output_node: true },
});

/** A source and two nodes that show pictures, both refused; the first also failed in a run. */
function refusedTab() {
  const tab = new Tab(Doc.empty(), { title: "one" });
  const ids = ["Source", "Show", "Show"].map((name) => {
    const type = CATALOGUE.get(name);
    assert.ok(type);
    let id = "";
    tab.edit("edit.addNode", (tx) => void (id = tx.addNode("root", createNode(type, { x: 0, y: 0 }))));
    return id;
  });
  const [source = "", first = "", second = ""] = ids;
  const refused = problemsOfPrompt(undefined, Object.fromEntries([first, second].map((id) => [id, { class_type: "Show", errors: [MISSING] }])));
  const failure = problemOfFailure({ exception_type: "ValueError", exception_message: "too large", traceback: [], node_id: source });
  tab.problems.set([...refused, failure]);
  for (const problem of tab.problems.get()) tab.run.update(problem.executionId ?? "", { state: "error", error: problem });
  const marked = () => ids.filter((id) => tab.run.get(id)?.state === "error");
  return { tab, source, first, second, marked };
}

test("a refusal goes when its node is connected, and only that one", () => {
  const { tab, source, first, second, marked } = refusedTab();
  tab.edit("edit.connect", (tx) => void tx.connect("root", { from: source, output: "IMAGE", to: first, input: "images" }));
  assert.deepEqual(tab.problems.get().map(({ executionId }) => executionId), [second, source]);
  assert.deepEqual(marked(), [source, second]);
});

test("a refusal goes when what feeds its node is edited", () => {
  const { tab, source, first, second } = refusedTab();
  const refused = tab.problems.get();
  tab.edit("edit.connect", (tx) => void tx.connect("root", { from: source, output: "IMAGE", to: first, input: "images" }));
  tab.problems.set(refused);
  tab.edit("edit.setValue", (tx) => tx.setValue("root", source, "size", 4));
  assert.deepEqual(tab.problems.get().map(({ executionId }) => executionId), [second, source]);
});

test("a refusal stays while its node is moved and named, and goes with undo", () => {
  const { tab, source, first, second, marked } = refusedTab();
  tab.edit("edit.move", (tx) => {
    tx.moveNodes("root", [first], { x: 10, y: 0 });
    tx.updateNode("root", first, { title: "The best one" });
  });
  assert.deepEqual(marked(), [source, first, second]);
  tab.undo();
  assert.deepEqual(marked(), [source]);
});

test("what failed in a run stays with every edit until the next run", () => {
  const { tab, source, marked } = refusedTab();
  tab.edit("edit.setValue", (tx) => tx.setValue("root", source, "size", 4));
  assert.deepEqual(tab.problems.get().filter(({ ofCheck }) => !ofCheck).map(({ executionId }) => executionId), [source]);
  assert.ok(marked().includes(source));
});

test("a refusal without a node goes with any edit that is checked", () => {
  const { tab, source } = refusedTab();
  tab.problems.set(problemsOfPrompt({ type: "prompt_no_outputs", message: "m" }, {}));
  tab.edit("edit.setValue", (tx) => tx.setValue("root", source, "size", 4));
  assert.deepEqual(tab.problems.get(), []);
});
