import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { adoptTypes } from "../../src/core/adopt.js";
import { readObjectInfo } from "../../src/core/catalogue.js";
import { copyText, pasteText } from "../../src/core/clipboard.js";
import { readWorkflow } from "../../src/core/convert/read_canvas.js";
import { toApi } from "../../src/core/convert/to_api.js";
import { Doc, ROOT } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { find } from "../../src/core/find.js";
import { duplicate, insert } from "../../src/core/fragments.js";
import { overlaps } from "../../src/core/geometry.js";
import { bypassGaps, insertOnLink } from "../../src/core/insertion.js";
import { layoutNode } from "../../src/core/node_layout.js";
import { createNode } from "../../src/core/nodes.js";
import { rank } from "../../src/core/search.js";
import { controlledInputs, nextValue } from "../../src/core/seeds.js";
import { SpatialGrid } from "../../src/core/spatial_grid.js";
import { nodeRect } from "../../src/core/subgraphs.js";
import { canConnect, compatible, converterFor } from "../../src/core/type_rules.js";
import { CATALOGUE, NOW, fixture, tries } from "./fixtures.js";

/** @import { InputType, NodeType, Rect } from "../../src/core/types.d.ts" */

/** @param {string} name */
const type = (name) => /** @type {NodeType} */ (CATALOGUE.get(name));
/** @param {string} name */
const open = (name) => readWorkflow(fixture(`${name}.canvas.json`), CATALOGUE).doc;

/** The default nodes of a picture, linked, side by side. */
function chain() {
  const doc = Doc.empty();
  const ids = /** @type {string[]} */ ([]);
  edit(doc, "setup", (tx) => {
    for (const [index, name] of ["EmptyLatentImage", "KSampler", "VAEDecode", "PreviewImage"].entries()) {
      ids.push(tx.addNode(ROOT, createNode(type(name), { x: index * 300, y: 0 })));
    }
  });
  const [latent = "", sampler = "", decode = "", preview = ""] = ids;
  return { doc, latent, sampler, decode, preview };
}

describe("ranking", () => {
  const entries = ["KSampler", "KSampler (Advanced)", "Save Image", "Load Image", "Image Blur", "Sampler Custom", "Mask to Image", "VAE 解码"]
    .map((title) => ({ key: title, title, names: title === "VAE 解码" ? ["VAEDecode"] : [] }));
  /** @type {[string, Record<string, number>, string[]][]} */
  const table = [
    ["ksampler", {}, ["KSampler", "KSampler (Advanced)"]],
    ["sampler", {}, ["Sampler Custom", "KSampler", "KSampler (Advanced)"]],
    ["image", {}, ["Image Blur", "Load Image", "Save Image", "Mask to Image"]],
    ["image", { "Mask to Image": 3 }, ["Image Blur", "Mask to Image", "Load Image", "Save Image"]],
    ["image load", {}, ["Load Image"]],
    ["si", {}, ["Save Image"]],
    ["解码", {}, ["VAE 解码"]],
    ["ＶＡＥ", {}, ["VAE 解码"]],
    ["vaedec", {}, ["VAE 解码"]],
    ["zzz", {}, []],
  ];
  for (const [query, usage, expected] of table) {
    test(`"${query}" with usage ${JSON.stringify(usage)}`, () => {
      assert.deepEqual(rank(query, entries, usage).map((entry) => entry.title), expected);
    });
  }

  test("without spaces every place begins a word; habits decide, then what is common", () => {
    const titles = ["采样器选择", "K 采样器", "高级采样", "采样"].map((title, index) => ({ key: title, title, ...(index === 1 ? { order: 0 } : {}) }));
    const titled = (/** @type {string} */ query, usage = {}) => rank(query, titles, usage).map(({ title }) => title);
    assert.deepEqual(titled("采样"), ["采样", "K 采样器", "高级采样", "采样器选择"]);
    assert.deepEqual(titled("采样器", { 采样器选择: 1 }), ["采样器选择", "K 采样器"]);
    assert.deepEqual(titled("k采样"), ["K 采样器"]);
    assert.deepEqual(titled("采选"), ["采样器选择"], "its letters in their order");
  });

  test("what is common comes before shorter names that match as well, never before better matches", () => {
    const some = [{ key: "a", title: "Load Image", order: 1 }, { key: "b", title: "To Image" }, { key: "c", title: "Image Blur" }];
    assert.deepEqual(rank("image", some).map(({ key }) => key), ["c", "a", "b"]);
  });

  test("an empty query lists all, what is used first", () => {
    assert.equal(rank(" ", entries, { "Load Image": 2 })[0]?.title, "Load Image");
    assert.equal(rank("", entries).length, entries.length);
  });
});

describe("type rules", () => {
  /** @type {[string, string, boolean][]} */
  const table = [
    ["IMAGE", "IMAGE", true], ["IMAGE", "LATENT", false], ["*", "LATENT", true], ["IMAGE", "", true],
    ["image", "IMAGE", true], ["IMAGE,MASK", "MASK", true], ["IMAGE, MASK", "LATENT,mask", true], ["INT", "FLOAT", false],
  ];
  for (const [one, other, expected] of table) {
    test(`${one} ${expected ? "fits" : "does not fit"} ${other}`, () => {
      assert.equal(compatible(one, other), expected);
      assert.equal(compatible(other, one), expected);
    });
  }

  test("a refusal says what meets and what converts", () => {
    const { doc, latent, preview } = chain();
    assert.deepEqual(canConnect(doc, ROOT, latent, "LATENT", preview, "images", CATALOGUE), {
      ok: false, code: "type_mismatch", values: { needs: "IMAGE", got: "LATENT" }, suggestion: "VAEDecode",
    });
  });

  test("a type that needs what it gives changes it, and is no converter", () => {
    const controlNet = {
      input: { required: { positive: ["CONDITIONING"], image: ["IMAGE"] } }, output: ["CONDITIONING"], name: "Guide", display_name: "Guide",
    };
    assert.equal(converterFor("IMAGE", "CONDITIONING", readObjectInfo({ Guide: controlNet })), undefined);
    const vision = { input: { required: { image: ["IMAGE"] } }, output: ["CONDITIONING"], name: "See", display_name: "See" };
    assert.equal(converterFor("IMAGE", "CONDITIONING", readObjectInfo({ Guide: controlNet, See: vision }))?.name, "See");
  });

  test("no node feeds itself, at once or over others", () => {
    const { doc, sampler } = chain();
    assert.deepEqual(canConnect(doc, ROOT, sampler, "LATENT", sampler, "latent_image", CATALOGUE), { ok: false, code: "same_node", values: {} });
    edit(doc, "two", (tx) => {
      const second = tx.addNode(ROOT, createNode(type("KSampler"), { x: 0, y: 0 }));
      tx.connect(ROOT, { from: sampler, output: "LATENT", to: second, input: "latent_image" });
      assert.deepEqual(canConnect(doc, ROOT, second, "LATENT", sampler, "latent_image", CATALOGUE), { ok: false, code: "cycle", values: {} });
    });
  });

  test("a port that is not there is no target", () => {
    const { doc, latent } = chain();
    assert.equal(canConnect(doc, ROOT, latent, "LATENT", "99", "x", CATALOGUE).ok, false);
  });
});

describe("the spatial grid", () => {
  const coordinate = fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.integer({ min: -1e7, max: 1e7 }));
  const rect = fc.record({ x: coordinate, y: coordinate, width: fc.nat(2_000_000), height: fc.nat(3000) });

  test("finds exactly what overlaps, after any moves and removals", () => {
    const step = fc.tuple(fc.nat(9).map(String), fc.option(rect, { nil: undefined }));
    fc.assert(fc.property(fc.array(step), rect, (steps, area) => {
      const grid = new SpatialGrid();
      /** @type {Map<string, Rect>} */
      const model = new Map();
      for (const [id, place] of steps) {
        if (place) grid.set(id, place);
        else assert.equal(grid.delete(id), model.has(id));
        if (place) model.set(id, place);
        else model.delete(id);
      }
      assert.equal(grid.size, model.size);
      const expected = [...model].filter(([, other]) => overlaps(other, area)).map(([id]) => id);
      assert.deepEqual([...grid.query(area)].sort(), expected.sort());
    }), tries(200));
  });

  test("refuses places that are no numbers", () => {
    assert.throws(() => new SpatialGrid().set("a", { x: NaN, y: 0, width: 1, height: 1 }), RangeError);
  });
});

test("every port has an anchor on its side of the node, collapsed or not", () => {
  for (const name of CATALOGUE.keys()) {
    const record = { ...createNode(type(name), { x: 3, y: 4 }), id: "1", z: 1 };
    for (const collapsed of [false, true]) {
      const { anchor, width, height, rows, minHeight } = layoutNode(record, type(name), { collapsed });
      for (const port of record.inputs) assert.equal(anchor(port.key, "in")?.x, 0, `${name} ${port.key}`);
      for (const port of record.outputs) assert.equal(anchor(port.key, "out")?.x, width, `${name} ${port.key}`);
      assert.ok(height >= minHeight && rows.every((row) => row.y + row.height <= height));
    }
  }
});

describe("a node put on a wire", () => {
  test("takes it over and moves what follows out of its way", () => {
    const { doc, latent, sampler } = chain();
    edit(doc, "insert", (tx) => {
      const link = tx.connect(ROOT, { from: latent, output: "LATENT", to: sampler, input: "latent_image" });
      const upscale = tx.addNode(ROOT, createNode(type("LatentUpscale"), { x: 250, y: 0 }));
      assert.ok(insertOnLink(tx, ROOT, upscale, link, CATALOGUE));
      assert.equal(doc.root.linkInto(sampler, "latent_image")?.from, upscale);
      assert.equal(doc.root.linkInto(upscale, "samples")?.from, latent);
      const rect = nodeRect(doc, ROOT, tx.node(ROOT, upscale), CATALOGUE);
      assert.ok(tx.node(ROOT, sampler).x >= rect.x + rect.width);
    });
  });

  test("is refused where its types do not fit", () => {
    const { doc, latent, sampler, preview } = chain();
    edit(doc, "insert", (tx) => {
      const link = tx.connect(ROOT, { from: latent, output: "LATENT", to: sampler, input: "latent_image" });
      assert.equal(insertOnLink(tx, ROOT, preview, link, CATALOGUE), false);
      assert.equal(doc.root.linkInto(sampler, "latent_image")?.from, latent);
    });
  });

  test("leaves gaps while bypassed where no input has the type", () => {
    const { doc, decode, preview } = chain();
    edit(doc, "link", (tx) => void tx.connect(ROOT, { from: decode, output: "IMAGE", to: preview, input: "images" }));
    assert.deepEqual(bypassGaps(doc, ROOT, decode), ["IMAGE"]);
  });

  test("leaves no gap where a wire of the type comes in, and one where it does not", () => {
    const { doc, latent, sampler, decode } = chain();
    edit(doc, "link", (tx) => void tx.connect(ROOT, { from: sampler, output: "LATENT", to: decode, input: "samples" }));
    assert.deepEqual(bypassGaps(doc, ROOT, sampler), ["LATENT"]);
    edit(doc, "link", (tx) => void tx.connect(ROOT, { from: latent, output: "LATENT", to: sampler, input: "latent_image" }));
    assert.deepEqual(bypassGaps(doc, ROOT, sampler), []);
  });
});

test("text is found in titles, types, values and notes, also inside subgraphs", () => {
  const doc = open("subgraphs_nested");
  const inner = find(doc, "KSampler")[0];
  assert.equal(inner?.where, "title");
  const deep = doc.graphIds().slice(1).flatMap((id) => [...(doc.graph(id)?.nodes.values() ?? [])]);
  const encode = deep.find((node) => node.type === "CLIPTextEncode");
  edit(doc, "text", (tx) => {
    const graph = doc.graphIds().find((id) => doc.graph(id)?.nodes.get(encode?.id ?? "") === encode) ?? "";
    tx.setValue(graph, encode?.id ?? "", "text", "一只 Quick fox");
  });
  const [hit] = find(doc, "quick");
  assert.deepEqual([hit?.where, hit?.input, hit?.node], ["value", "text", encode?.id]);
  assert.ok(hit && hit.path.length > 0);
  assert.equal(find(doc, "一只").length, 1);
  assert.deepEqual(find(doc, "  "), []);
});

test("what is copied runs the same after it was pasted into an empty workflow", () => {
  for (const name of ["default_1", "subgraphs_nested"]) {
    const doc = open(name);
    const text = copyText(doc, ROOT, { nodes: doc.root.nodes.keys(), groups: doc.root.groups.keys() }, CATALOGUE);
    const part = pasteText(text, CATALOGUE);
    assert.ok(part);
    const target = Doc.empty();
    edit(target, "paste", (tx) => void insert(tx, ROOT, part, { x: 10, y: 10 }));
    const classes = (/** @type {Doc} */ one) => Object.values(toApi(one, CATALOGUE, { now: NOW }).prompt).map((node) => node.class_type).sort();
    assert.deepEqual(classes(target), classes(doc));
    assert.equal(target.root.links.size, doc.root.links.size);
    assert.equal(target.root.groups.size, doc.root.groups.size);
  }
  assert.equal(pasteText("hello", CATALOGUE), undefined);
});

test("a duplicate is in the group of its original, that of a group in a group of its own", () => {
  const doc = open("default_1");
  const [one, other] = doc.root.nodes.keys();
  assert.ok(one && other);
  edit(doc, "x", (tx) => {
    const group = (/** @type {Partial<import("../../src/core/types.d.ts").GroupRecord>} */ members) =>
      tx.addGroup(ROOT, { title: "g", x: 0, y: 0, width: 9, height: 9, nodes: [], groups: [], ...members });
    const inner = group({ nodes: [one] });
    const outer = group({ nodes: [other], groups: [inner] });
    const members = (/** @type {string} */ id) => {
      const { nodes = [], groups = [] } = tx.graph(ROOT).groups.get(id) ?? {};
      return { nodes, groups };
    };
    const { nodes } = duplicate(tx, ROOT, { nodes: [one] }, { x: 30, y: 30 });
    assert.deepEqual(members(inner), { nodes: [one, nodes.get(one)], groups: [] });
    tx.removeNodes(ROOT, [nodes.get(one) ?? ""]);
    const made = duplicate(tx, ROOT, { nodes: [other], groups: [inner] }, { x: 30, y: 30 });
    const copy = made.groups.get(inner) ?? "";
    assert.deepEqual(members(inner), { nodes: [one], groups: [] });
    assert.deepEqual(members(copy), { nodes: [made.nodes.get(one)], groups: [] });
    assert.deepEqual(members(outer), { nodes: [other, made.nodes.get(other)], groups: [inner, copy] });
  });
});

test("a definition that differs is pasted as one of its own, an equal one is shared", () => {
  const doc = open("subgraphs_nested");
  const instance = [...doc.root.nodes.values()].find((node) => doc.graph(node.type));
  const part = pasteText(copyText(doc, ROOT, { nodes: [instance?.id ?? ""] }, CATALOGUE), CATALOGUE);
  assert.ok(part && instance);
  const before = doc.graphIds().length;
  edit(doc, "change", (tx) => tx.updateGraph(instance.type, { name: "other" }));
  edit(doc, "paste", (tx) => void insert(tx, ROOT, part, { x: 0, y: 0 }));
  assert.ok(doc.graphIds().length > before);
});

describe("seeds", () => {
  const seed = /** @type {InputType} */ (type("KSampler").inputs.find((input) => input.name === "seed"));
  const menu = /** @type {InputType} */ ({ name: "m", type: "COMBO", required: true, index: 0, options: {}, choices: ["a", "b"] });
  /** @type {[InputType, import("../../src/core/types.d.ts").Json, import("../../src/core/types.d.ts").SeedControl, unknown][]} */
  const table = [
    [seed, 5, "fixed", 5], [seed, 5, "increment", 6], [seed, 0, "decrement", 0], [seed, 5, "decrement", 4],
    [menu, "a", "increment", "b"], [menu, "b", "increment", "b"], [menu, "b", "increment-wrap", "a"], [menu, "a", "decrement", "a"],
  ];
  for (const [input, value, control, expected] of table) {
    test(`${JSON.stringify(value)} of a ${input.type} with ${control}`, () => {
      assert.equal(nextValue(input, value, control, Math.random), expected);
    });
  }

  test("rolled ones are whole, in range and exact in files", () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (share) => {
      const value = nextValue(seed, 1, "randomize", () => share);
      assert.ok(Number.isSafeInteger(value) && Number(value) >= 0);
    }), tries(100));
  });

  test("those a link feeds and those of muted nodes are not rolled", () => {
    const { doc, sampler } = chain();
    assert.deepEqual(controlledInputs(doc, CATALOGUE).map((one) => one.nodeId), [sampler]);
    edit(doc, "mute", (tx) => tx.updateNode(ROOT, sampler, { mode: "mute" }));
    assert.deepEqual(controlledInputs(doc, CATALOGUE), []);
  });
});

test("a placeholder takes its ports and values when its type is installed, in one step to undo", () => {
  const without = new Map([...CATALOGUE].filter(([name]) => name !== "KSampler"));
  const json = fixture("default_1.canvas.json");
  const { doc } = readWorkflow(json, without);
  edit(doc, "adopt", (tx) => assert.equal(adoptTypes(tx, without, CATALOGUE), 1));
  assert.deepEqual(toApi(doc, CATALOGUE, { now: NOW }).prompt, fixture("default_1.api.json"));
});
