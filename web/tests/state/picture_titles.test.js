/** What a workflow that is opened from a picture is called. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { openWorkflowOf } from "../../src/ui/picture_actions.js";

const FILE = { filename: "p39_00003_.png", subfolder: "", type: "output" };

/** @param {string} label of the job */
async function titleFor(label) {
  /** @type {string[]} */
  const titles = [];
  const history = { job: { prompt: [0, "job", { 1: {} }, { extra_pnginfo: { workflow: { nodes: [] } } }] } };
  const app = /** @type {any} */ ({ api: { json: async () => history } });
  const files = /** @type {any} */ ({ openWorkflow: (/** @type {unknown} */ _, /** @type {string} */ title) => void titles.push(title) });
  await openWorkflowOf(app, files, /** @type {any} */ ({ file: FILE, jobId: "job", label }));
  return titles;
}

test("it has the name its run had, or else the picture's, without what files end in", async () => {
  assert.deepEqual(await titleFor("Portraits"), ["Portraits"]);
  assert.deepEqual(await titleFor(""), ["p39_00003_"]);
});
