/** Files nobody vouches for: whatever they hold, they are read without an exception. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { pasteText } from "../../src/core/clipboard.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { writeWorkflow } from "../../src/core/convert/write_canvas.js";
import { find } from "../../src/core/find.js";
import { layoutNode } from "../../src/core/node_layout.js";
import { typeOf } from "../../src/core/node_types.js";
import { CASES, CATALOGUE, fixture, tries } from "./fixtures.js";

/** @import { Json, JsonObject } from "../../src/core/types.d.ts" */

/** Everything that is done with an opened file. @param {unknown} json */
function use(json) {
  const { doc, problems } = readWorkflow(json, CATALOGUE);
  for (const problem of problems) assert.ok(problem.code && problem.message);
  for (const id of doc.graphIds()) {
    for (const node of doc.graph(id)?.nodes.values() ?? []) {
      const layout = layoutNode(node, typeOf(doc, id, node, CATALOGUE));
      assert.ok(Number.isFinite(layout.height) && Number.isFinite(node.x));
    }
  }
  find(doc, "a");
  toApi(doc, CATALOGUE);
  const written = JSON.stringify(writeWorkflow(doc, CATALOGUE));
  const again = readWorkflow(JSON.parse(written), CATALOGUE).doc;
  assert.equal(JSON.stringify(writeWorkflow(again, CATALOGUE)), written);
}

/** The places in a JSON value. @param {Json} value @param {(string | number)[]} [path] @returns {(string | number)[][]} */
function places(value, path = []) {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

/** @param {Json} value @param {readonly (string | number)[]} path @param {Json} replacement @returns {Json} */
function replaced(value, [key, ...rest], replacement) {
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.map((inner, i) => (String(i) === String(key) ? replaced(inner, rest, replacement) : inner));
  const object = /** @type {JsonObject} */ (value);
  return { ...object, [key]: replaced(object[key] ?? null, rest, replacement) };
}

const FILES = CASES.map((name) => fixture(`${name}.canvas.json`));
const PLACES = FILES.map((file) => places(file));
const ODD = fc.oneof(
  fc.constantFrom(null, true, -1, 0, 1, 2, 1.5, 1e308, -10, -20, "", "1", "*", "@inputs", "root", "__proto__", "<b>x</b>", [], {}, [[]]),
  /** @type {fc.Arbitrary<Json>} */ (fc.jsonValue({ maxDepth: 3 })),
);

test("files with odd values anywhere", () => {
  const wounds = fc.array(fc.tuple(fc.nat(), ODD), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(fc.nat(FILES.length - 1), wounds, (index, changes) => {
    let file = /** @type {Json} */ (FILES[index] ?? null);
    for (const [place, value] of changes) {
      const paths = PLACES[index] ?? [];
      const path = paths[place % paths.length] ?? [];
      try {
        file = replaced(file, path, value);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // an earlier change removed the place
      }
    }
    use(file);
  }), tries(200));
});

test("files of the right frame and any content", () => {
  const entry = fc.record({ id: ODD, type: fc.oneof(fc.constantFrom("KSampler", "Reroute", "a", "workflow>a"), ODD), inputs: ODD, outputs: ODD, widgets_values: ODD, properties: ODD, pos: ODD, size: ODD, flags: ODD, mode: ODD }, { requiredKeys: [] });
  const graph = { nodes: fc.array(fc.oneof(entry, ODD)), links: fc.oneof(fc.array(fc.oneof(fc.array(ODD), ODD)), ODD), groups: ODD, reroutes: ODD, extra: ODD, state: ODD };
  const subgraph = fc.record({ ...graph, id: fc.constantFrom("a", "b", "root"), inputs: ODD, outputs: ODD }, { requiredKeys: [] });
  const file = fc.record({ ...graph, definitions: fc.record({ subgraphs: fc.array(fc.oneof(subgraph, ODD)) }) });
  fc.assert(fc.property(file, use), tries(120));
});

test("prompts of any content", () => {
  const node = fc.record({ class_type: fc.oneof(fc.constant("KSampler"), ODD), inputs: ODD, _meta: ODD }, { requiredKeys: ["class_type"] });
  fc.assert(fc.property(fc.dictionary(fc.oneof(fc.constantFrom("1", "@inputs", "1:2"), fc.string()), node), use), tries(80));
});

test("node types of any content", () => {
  const spec = fc.oneof(fc.tuple(ODD, fc.dictionary(fc.string(), ODD)), ODD);
  const type = fc.record({ input: fc.oneof(fc.record({ required: fc.dictionary(fc.string(), spec) }), ODD), input_order: ODD, output: ODD, output_name: ODD });
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.oneof(type, ODD)), (json) => {
    for (const found of readObjectInfo(json).values()) assert.equal(typeof found.title, "string");
  }), tries(80));
});

test("texts on the clipboard", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => `{"tessera_selection":1${text}`)), (text) => {
    const found = pasteText(text, CATALOGUE);
    assert.ok(found === undefined || found.root);
  }), tries(100));
});

test("a workflow of 20 MB is read, made a prompt and written in proportion to its size", () => {
  const file = (/** @type {number} */ count) => ({
    nodes: Array.from({ length: count }, (_, id) => ({
      id, type: "CLIPTextEncode", pos: [id, 0], widgets_values: ["x".repeat(800)],
      inputs: [{ name: "clip", type: "CLIP", link: id || null }], outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [id + 1] }],
    })),
    links: Array.from({ length: count }, (_, id) => [id, id - 1, 0, id, 0, "CLIP"]).slice(1),
    groups: Array.from({ length: 50 }, (_, id) => ({ id, title: "g", bounding: [id * 100, 0, 100, 100] })),
  });
  const seconds = (/** @type {unknown} */ json) => {
    const start = process.cpuUsage();
    const { doc } = readWorkflow(json, CATALOGUE);
    toApi(doc, CATALOGUE);
    const written = JSON.stringify(writeWorkflow(doc, CATALOGUE));
    return { seconds: process.cpuUsage(start).user / 1e6, size: written.length };
  };
  seconds(file(2_000)); // warm up
  const [small, large] = [seconds(file(2_000)), seconds(file(18_000))];
  assert.ok(large.size > 20e6, `${large.size} bytes`);
  assert.ok(large.seconds < 30 * Math.max(small.seconds, 0.05), `${small.seconds} s, then ${large.seconds} s for nine times as much`);
});
