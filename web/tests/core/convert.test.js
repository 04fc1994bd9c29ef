import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { currentValue } from "../../src/core/catalogue.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { writeWorkflow } from "../../src/core/convert/write_canvas.js";
import { typeOf } from "../../src/core/node_types.js";
import { CASES, CATALOGUE, fixture, NOW } from "./fixtures.js";

/** @import { Doc } from "../../src/core/document.js" */
/** @import { JsonObject } from "../../src/core/types.d.ts" */

/** @param {unknown} json */
const read = (json) => readWorkflow(json, CATALOGUE);
/** @param {Doc} doc */
const prompt = (doc) => toApi(doc, CATALOGUE, { now: NOW }).prompt;
/** @param {Doc} doc */
const written = (doc) => JSON.stringify(writeWorkflow(doc, CATALOGUE));
/** @param {{ code: string }[]} problems */
const codes = (problems) => problems.map((problem) => problem.code);

/**
 * @param {JsonObject[]} nodes
 * @param {unknown[]} [links]
 * @param {JsonObject} [root]
 * @returns {Record<string, unknown>}
 */
function canvas(nodes, links = [], root = {}) {
  return { version: 0.4, nodes, links, ...root };
}

describe("the cases shared with the engine", () => {
  for (const name of CASES) {
    test(`${name} becomes the prompt it stands for`, () => {
      assert.deepEqual(prompt(read(fixture(`${name}.canvas.json`)).doc), fixture(`${name}.api.json`));
    });

    test(`${name} is the same after it was written and read`, () => {
      const { doc } = read(fixture(`${name}.canvas.json`));
      const again = read(JSON.parse(written(doc))).doc;
      assert.equal(written(again), written(doc));
      assert.deepEqual(prompt(again), prompt(doc));
    });

    test(`${name} as a prompt is laid out and means the same`, () => {
      const { doc } = read(fixture(`${name}.api.json`));
      const api = fixture(`${name}.api.json`);
      for (const [id, node] of Object.entries(prompt(doc))) {
        const given = /** @type {{ class_type: string, inputs: JsonObject }} */ (api[id]);
        assert.equal(node.class_type, given.class_type);
        const expected = name === "texts" ? {} : given.inputs;
        for (const [input, value] of Object.entries(expected)) assert.deepEqual(node.inputs[input], value);
      }
      assert.deepEqual(new Set(Object.keys(prompt(doc))), new Set(linkedOrKnown(api)));
    });
  }

  for (const name of CASES.filter((name) => name !== "unknown_types")) {
    test(`${name} has no problems`, () => {
      const { doc, problems } = read(fixture(`${name}.canvas.json`));
      assert.deepEqual(problems, []);
      assert.deepEqual(toApi(doc, CATALOGUE, { now: NOW }).problems, []);
    });
  }
});

/** @param {JsonObject} api ids of the nodes that a prompt keeps */
function linkedOrKnown(api) {
  const text = JSON.stringify(Object.values(api).map((node) => /** @type {JsonObject} */ (node).inputs));
  return Object.entries(api).flatMap(([id, node]) => {
    const { class_type, inputs } = /** @type {{ class_type: string, inputs: JsonObject }} */ (node);
    const links = Object.values(inputs).some((value) => Array.isArray(value));
    return CATALOGUE.has(class_type) || links || text.includes(`["${id}",`) ? [id] : [];
  });
}

describe("what a file holds survives", () => {
  test("unknown keys at every level", () => {
    const file = canvas(
      [{ id: 1, type: "VAEDecode", shape: 2, properties: { pack: [1] }, flags: { odd: true },
         inputs: [{ name: "samples", type: "LATENT", link: null, dir: 3 }] }],
      [],
      { revision: 7, models: [{ name: "m" }], extra: { ds: { scale: 2 } },
        groups: [{ title: "g", bounding: [0, 0, 9, 9], font_size: 24 }] },
    );
    const out = writeWorkflow(read(file).doc, CATALOGUE);
    const [node] = /** @type {JsonObject[]} */ (out.nodes);
    const [group] = /** @type {JsonObject[]} */ (out.groups);
    assert.equal(node?.shape, 2);
    assert.deepEqual(node?.flags, { odd: true });
    assert.deepEqual(/** @type {JsonObject} */ (node?.properties).pack, [1]);
    assert.equal(/** @type {JsonObject[]} */ (node?.inputs)[0]?.dir, 3);
    assert.equal(group?.font_size, 24);
    assert.deepEqual([out.revision, out.models], [7, [{ name: "m" }]]);
    assert.deepEqual(out.extra, { ds: { scale: 2 } });
  });

  test("all a node of an unknown type holds, and its links", () => {
    const file = canvas(
      [
        { id: 1, type: "Gone", widgets_values: [1, "b", null], outputs: [{ name: "x", type: "IMAGE", links: [1] }] },
        { id: 2, type: "Gone2", inputs: [{ name: "y", type: "IMAGE", link: 1 }], widgets_values: { a: 1 } },
      ],
      [[1, 1, 0, 2, 0, "IMAGE"]],
    );
    const out = writeWorkflow(read(file).doc, CATALOGUE);
    const [one, two] = /** @type {JsonObject[]} */ (out.nodes);
    assert.deepEqual(one?.widgets_values, [1, "b", null]);
    assert.deepEqual(two?.widgets_values, { a: 1 });
    assert.deepEqual(out.links, [[1, 1, 0, 2, 0, "IMAGE"]]);
  });

  test("values no input was found for, through two more saves", () => {
    const file = canvas([{ id: 1, type: "EmptyLatentImage", widgets_values: [64, 64, 2, "new", 5] }]);
    const once = read(file);
    assert.deepEqual(codes(once.problems), ["unplaced_values"]);
    const twice = read(writeWorkflow(once.doc, CATALOGUE));
    const [node] = /** @type {JsonObject[]} */ (writeWorkflow(twice.doc, CATALOGUE).nodes);
    assert.deepEqual(node?.widgets_values, [64, 64, 2, "new", 5]);
  });

  for (const values of [[7, "fixed"], ["a", null, ""], ["a", "sometimes", "b"]]) {
    test(`what a primitive holds beside its value: ${JSON.stringify(values)}`, () => {
      const file = canvas([{ id: 1, type: "PrimitiveNode", widgets_values: values }]);
      const [node] = /** @type {JsonObject[]} */ (writeWorkflow(read(file).doc, CATALOGUE).nodes);
      assert.deepEqual(node?.widgets_values, values);
    });
  }

  test("a chain of dots two links share", () => {
    const file = canvas(
      [
        { id: 1, type: "CheckpointLoaderSimple", widgets_values: ["other.safetensors"],
          outputs: [{ name: "MODEL", type: "MODEL", links: [1, 2] }] },
        { id: 2, type: "KSampler", inputs: [{ name: "model", type: "MODEL", link: 1 }] },
        { id: 3, type: "KSampler", inputs: [{ name: "model", type: "MODEL", link: 2 }] },
      ],
      [[1, 1, 0, 2, 0, "MODEL"], [2, 1, 0, 3, 0, "MODEL"]],
      { extra: {
        reroutes: [
          { id: 4, pos: [1, 2], linkIds: [1, 2] },
          { id: 5, parentId: 4, pos: [3, 4], linkIds: [2] },
        ],
        linkExtensions: [{ id: 1, parentId: 4 }, { id: 2, parentId: 5 }],
      } },
    );
    const { doc } = read(file);
    assert.deepEqual(doc.root.links.get("1")?.reroutes, ["4"]);
    assert.deepEqual(doc.root.links.get("2")?.reroutes, ["4", "5"]);
    const out = /** @type {JsonObject} */ (writeWorkflow(doc, CATALOGUE).extra);
    assert.deepEqual(out, file.extra);
  });

  test("names that are those of inherited properties", () => {
    const json = JSON.parse(
      '{"nodes":[{"id":1,"type":"Odd","widgets_values":{"__proto__":{"x":1},"constructor":2}}],"links":[]}',
    );
    const [node] = /** @type {JsonObject[]} */ (writeWorkflow(read(json).doc, CATALOGUE).nodes);
    assert.equal(JSON.stringify(node?.widgets_values), '{"__proto__":{"x":1},"constructor":2}');
    assert.equal(/** @type {{ x?: number }} */ ({}).x, undefined);
  });
});

describe("malformed files are read as far as they go", () => {
  test("two nodes of one id are both kept, links mean the first", () => {
    const { doc, problems } = read(canvas(
      [
        { id: 1, type: "Reroute", inputs: [], outputs: [{ name: "", type: "*", links: [1] }] },
        { id: 1, type: "Note", widgets_values: ["kept"] },
        { id: 2, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 1 }] },
      ],
      [[1, 1, 0, 2, 0, "IMAGE"]],
    ));
    assert.ok(codes(problems).includes("duplicate_id"));
    assert.equal(doc.root.nodes.get("3")?.values.text, "kept");
    assert.equal(doc.root.linkInto("2", "images")?.from, "1");
  });

  test("links in a circle are read, and named when the prompt is made", () => {
    const reroute = (/** @type {number} */ id, /** @type {number} */ link) => ({
      id, type: "Reroute", inputs: [{ name: "", type: "*", link }], outputs: [{ name: "", type: "*" }],
    });
    const { doc } = read(canvas(
      [reroute(1, 2), reroute(2, 1), { id: 3, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 3 }] }],
      [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"], [3, 1, 0, 3, 0, "*"]],
    ));
    const { prompt: found, problems } = toApi(doc, CATALOGUE);
    assert.deepEqual(found["3"]?.inputs, {});
    assert.deepEqual(codes(problems), ["circle"]);
    assert.equal(read(JSON.parse(written(doc))).doc.root.links.size, 3);
  });

  test("a link that leads nowhere is named", () => {
    const { doc, problems } = read(canvas([
      { id: 2, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 9 }] },
    ]));
    assert.deepEqual(codes(problems), ["missing_link"]);
    assert.equal(doc.root.links.size, 0);
  });

  test("a subgraph inside itself is named, not unfolded", () => {
    const inner = { id: 1, type: "aaaa", inputs: [], outputs: [] };
    const { doc } = read(canvas([{ ...inner, id: 5 }], [], {
      definitions: { subgraphs: [{ id: "aaaa", name: "loop", nodes: [inner], links: [] }] },
    }));
    const { prompt: found, problems } = toApi(doc, CATALOGUE);
    assert.deepEqual(found, {});
    assert.ok(codes(problems).includes("nested_in_itself"));
  });

  test("definitions that multiply without end stop", () => {
    const subgraphs = Array.from({ length: 40 }, (_, level) => ({
      id: `level${level}`, name: "x", links: [],
      nodes: [1, 2].map((id) => ({ id, type: `level${level + 1}` })),
    }));
    const { doc } = read(canvas([{ id: 1, type: "level0" }], [], { definitions: { subgraphs } }));
    const { prompt: found, problems } = toApi(doc, CATALOGUE);
    assert.deepEqual([found, codes(problems)], [{}, ["too_many_nodes"]]);
  });

  for (const [what, json, code] of /** @type {[string, unknown, string][]} */ ([
    ["a list", [], "no_workflow"],
    ["a text", "{}", "no_workflow"],
    ["null", null, "no_workflow"],
    ["an object of other things", { a: 1 }, "no_workflow"],
    ["values nested too deep", JSON.parse(`{"nodes":${"[".repeat(5000)}${"]".repeat(5000)}}`), "too_deep"],
  ])) {
    test(`${what} is refused with one error`, () => {
      const { doc, problems } = read(json);
      assert.deepEqual(problems.map((p) => [p.severity, p.code]), [["error", code]]);
      assert.equal(doc.root.nodes.size, 0);
    });
  }
});

test("a group node shows its widgets in order, named as it names them, and keeps their seed controls", () => {
  const sockets = ["model", "positive", "negative", "latent_image"].map((name) => ({ name, type: "*", link: null }));
  const body = {
    nodes: [
      { type: "EmptyLatentImage", pos: [0, 40], size: [300, 106], outputs: [{ name: "LATENT", type: "LATENT" }], widgets_values: [64, 64, 1] },
      { type: "KSampler", inputs: sockets, pos: [400, 0], size: [300, 260], widgets_values: [1, "fixed", 6, 4.5, "euler", "normal", 1] },
      { type: "KSampler", inputs: sockets, title: "Again", pos: [800, 0], size: [300, 260], widgets_values: [2, "increment", 7, 5, "euler", "normal", 1] },
    ],
    links: [[0, 0, 1, 3, 1, "LATENT"]],
    config: { 0: { input: { width: { name: "W" }, batch_size: { visible: false } } } },
  };
  const stored = [32, 48, 9, "randomize", 6, 4.5, "euler", "normal", 1, 8, "decrement", 20, 3, "euler", "normal", 0.5];
  const group = { id: 4, type: "workflow>Pair", pos: [0, 0], inputs: [{ name: "model", type: "MODEL", link: null }], widgets_values: stored };
  const { doc, problems } = read({ nodes: [group], links: [], extra: { groupNodes: { Pair: body } }, version: 0.4 });
  assert.deepEqual(problems, []);
  const node = doc.root.nodes.get("4");
  assert.ok(node);
  const inputs = typeOf(doc, "root", node, CATALOGUE)?.inputs.filter(({ widget }) => widget) ?? [];
  assert.deepEqual(inputs.map((input) => [input.name, currentValue(node.values, input)]), [
    ["W", 32], ["height", 48],
    ["seed", 9], ["steps", 6], ["cfg", 4.5], ["sampler_name", "euler"], ["scheduler", "normal"], ["denoise", 1],
    ["Again seed", 8], ["Again steps", 20], ["Again cfg", 3], ["Again sampler_name", "euler"], ["Again scheduler", "normal"], ["Again denoise", 0.5],
  ]);
  assert.deepEqual(node.controls, { seed: "randomize", "Again seed": "decrement" });
  assert.deepEqual(node.inputs.map(({ name, widget }) => [name, widget]).slice(0, 2), [["model", undefined], ["W", "W"]]);
  const { inputsAt, outputsAt } = doc.graph(node.type)?.record ?? {};
  assert.ok(inputsAt && inputsAt.x < 0 && outputsAt && outputsAt.x > 1100, "the ends stand beside what is inside");
  assert.deepEqual(prompt(read(writeWorkflow(doc, CATALOGUE)).doc), prompt(doc), "saved, it means the same");
  assert.equal(prompt(doc)["4:0"]?.inputs["width"], 32);
});

test("only what the targets need is sent when there are targets", () => {
  const { doc } = read(fixture("default_1.canvas.json"));
  const all = prompt(doc);
  const [sampler] = Object.entries(all).find(([, node]) => node.class_type === "KSampler") ?? [""];
  const { prompt: cut } = toApi(doc, CATALOGUE, { targets: [sampler] });
  assert.ok(sampler in cut);
  assert.ok(Object.values(cut).every((node) => node.class_type !== "VAEDecode"));
  assert.ok(Object.values(cut).some((node) => node.class_type === "CheckpointLoaderSimple"));
});
