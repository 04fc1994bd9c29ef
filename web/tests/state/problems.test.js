/** What the server refuses becomes problems with a place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { problemOfFailure, problemsOfPrompt } from "../../src/state/prompt_problems.js";

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
