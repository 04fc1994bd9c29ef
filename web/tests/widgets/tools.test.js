import assert from "node:assert/strict";
import { test } from "node:test";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { Doc } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { createNode } from "../../src/core/nodes.js";
import { canConnect } from "../../src/core/type_rules.js";
import { exampleGraph } from "../../src/ui/example_graph.js";
import { loaderOf } from "../../src/ui/model_loaders.js";
import { libraryRows, libraryTree } from "../../src/ui/node_library_tree.js";
import { splitPorts, fits } from "../../src/ui/node_search.js";
import { commonValue, parameterGroups } from "../../src/ui/parameter_groups.js";
import { matchShortcuts, shortcuts } from "../../src/ui/shortcuts.js";
import { fileReference, fileValue, matchChoices } from "../../src/widgets/choices.js";
import { readColor, writeColor } from "../../src/widgets/color.js";
import { readWordList } from "../../src/widgets/prompt_sources.js";

/** @typedef {import("../../src/core/types.js").NodeType} NodeType */

const CATALOGUE = readObjectInfo({
  CheckpointLoaderSimple: { input: { required: { ckpt_name: [["a.safetensors"], {}] } }, output: ["MODEL", "CLIP", "VAE"], category: "loaders" },
  CLIPTextEncode: { input: { required: { text: ["STRING", { multiline: true }], clip: ["CLIP", {}] } }, output: ["CONDITIONING"], category: "conditioning" },
  EmptyLatentImage: { input: { required: { width: ["INT", { default: 512 }] } }, output: ["LATENT"], category: "latent" },
  KSampler: {
    input: { required: { model: ["MODEL", {}], seed: ["INT", {}], positive: ["CONDITIONING", {}], negative: ["CONDITIONING", {}], latent_image: ["LATENT", {}] } },
    output: ["LATENT"], category: "sampling",
  },
  VAEDecode: { input: { required: { samples: ["LATENT", {}], vae: ["VAE", {}] } }, output: ["IMAGE"], category: "latent" },
  PreviewImage: { input: { required: { images: ["IMAGE", {}] } }, output: [], output_node: true, category: "image" },
  OldSampler: { input: { required: {} }, output: ["LATENT"], category: "sampling/old", deprecated: true },
  LoraLoader: { input: { required: { model: ["MODEL", {}], clip: ["CLIP", {}], lora_name: [["x.safetensors"], {}] } }, output: ["MODEL", "CLIP"], category: "loaders" },
  Loop: { input: { required: { thing: ["THING", {}] } }, output: ["THING"], category: "loop" },
});

/** @param {string} name @returns {NodeType} */
function typeNamed(name) {
  return /** @type {NodeType} */ (CATALOGUE.get(name));
}

/** @param {string} name */
function exampleOf(name) {
  const { nodes, links } = exampleGraph(typeNamed(name), CATALOGUE);
  const names = links.map(({ from, to, input }) => `${nodes[from]?.type.name} > ${nodes[to]?.type.name}.${input}`);
  return { nodes, links, types: nodes.map(({ type }) => type.name), names };
}

test("the example of a sampler makes all it needs and shows what it gives", () => {
  const { types, names } = exampleOf("KSampler");
  assert.deepEqual([...types].sort(), ["CLIPTextEncode", "CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "PreviewImage", "VAEDecode"]);
  assert.equal(names.length, 9);
  assert.ok(names.includes("CheckpointLoaderSimple > VAEDecode.vae"));
});

for (const name of ["KSampler", "VAEDecode", "CLIPTextEncode", "LoraLoader", "PreviewImage", "Loop"]) {
  test(`the example of ${name} can be wired as it says, from left to right`, () => {
    const { nodes, links } = exampleOf(name);
    const doc = Doc.empty();
    edit(doc, "test", (tx) => {
      const ids = nodes.map(({ type }) => tx.addNode("root", createNode(type, { x: 0, y: 0 })));
      for (const { from, output, to, input } of links) {
        const [source = "", target = ""] = [ids[from], ids[to]];
        assert.deepEqual(canConnect(doc, "root", source, output, target, input, CATALOGUE), { ok: true });
        tx.connect("root", { from: source, output, to: target, input });
        assert.ok((nodes[from]?.column ?? 0) < (nodes[to]?.column ?? 0));
      }
    });
    assert.ok(nodes.length <= 30);
  });
}

const WORDS = { title: (/** @type {NodeType} */ type) => type.title, category: (/** @type {string} */ part) => part, language: "en" };

test("the library shows categories with counts, then what is open, without old types", () => {
  const tree = libraryTree(CATALOGUE.values(), WORDS);
  const closed = libraryRows(tree, new Set());
  assert.ok(closed.every((row) => row.kind === "category"));
  assert.ok(!closed.some((row) => row.kind === "category" && row.path.startsWith("sampling/")));
  const open = libraryRows(tree, new Set(["loaders"]));
  const at = open.findIndex((row) => row.kind === "category" && row.path === "loaders");
  assert.deepEqual(open.slice(at, at + 3).map((row) => (row.kind === "type" ? row.type.name : row.count)), [2, "CheckpointLoaderSimple", "LoraLoader"]);
});

test("port words are taken out of a search", () => {
  const { words, filters } = splitPorts("load in:latent fast OUT:image");
  assert.deepEqual(words.split(/\s+/), ["load", "fast"]);
  assert.deepEqual(filters, [{ from: "output", type: "LATENT" }, { from: "input", type: "IMAGE" }]);
});

test("types fit a link by a port of its type, or one that takes anything unless that does not count", () => {
  const filter = { type: "LATENT", from: /** @type {const} */ ("output") };
  assert.ok(fits(typeNamed("VAEDecode"), filter));
  assert.ok(!fits(typeNamed("PreviewImage"), filter));
  const anything = readObjectInfo({ Any: { input: { required: { value: ["*", {}] } }, output: [] } }).get("Any");
  assert.ok(anything && fits(anything, filter) && !fits(anything, filter, { anything: false }));
});

test("a model folder has its usual loader, and none where no type picks from it", () => {
  assert.deepEqual([loaderOf("loras", CATALOGUE)?.type.name, loaderOf("loras", CATALOGUE)?.input], ["LoraLoader", "lora_name"]);
  assert.equal(loaderOf("gligen", CATALOGUE), undefined);
});

test("selected nodes are grouped by type, with what their values have in common", () => {
  const doc = Doc.empty();
  edit(doc, "test", (tx) => {
    const ids = [1, 2].map(() => tx.addNode("root", createNode(typeNamed("EmptyLatentImage"), { x: 0, y: 0 })));
    tx.addNode("root", createNode(typeNamed("KSampler"), { x: 0, y: 0 }));
    tx.setValue("root", ids[1] ?? "", "width", 768);
  });
  const groups = parameterGroups(doc.root.nodes.values(), (node) => CATALOGUE.get(node.type));
  assert.deepEqual(groups.map(({ type, nodes }) => [type.name, nodes.length]), [["EmptyLatentImage", 2], ["KSampler", 1]]);
  const ids = groups[0]?.nodes ?? [];
  const width = groups[0]?.inputs.find(({ name }) => name === "width");
  assert.ok(width);
  assert.deepEqual(commonValue(doc.root, ids, width), { value: 512, isMixed: true, linked: 0 });
  assert.deepEqual(commonValue(doc.root, ids.slice(1), width), { value: 768, isMixed: false, linked: 0 });
  const added = { ...width, name: "depth", default: 8 };
  assert.deepEqual(commonValue(doc.root, ids, added), { value: 8, isMixed: false, linked: 0 }, "what no node holds runs as its default");
});

/** @type {{ [id: string]: string[] }} */
const KEYS = { "graph.undo": ["Mod+Z"], "panel.find": ["Mod+F"], "edit.delete": ["Delete"], "mask.delete": ["Delete"] };
const COMMANDS = Object.keys(KEYS).map((id) => ({ id, title: id, run() {} }));

test("only own choices of keys clash", () => {
  const usual = shortcuts(COMMANDS, (id) => KEYS[id] ?? [], {}, ({ id }) => id);
  assert.deepEqual(usual.flatMap(({ conflicts }) => conflicts), []);
  const rebound = { "panel.find": ["Mod+Z"] };
  const changed = shortcuts(COMMANDS, (id) => rebound[/** @type {"panel.find"} */ (id)] ?? KEYS[id] ?? [], rebound, ({ id }) => id);
  assert.deepEqual(changed.map(({ conflicts }) => conflicts), [["panel.find"], ["graph.undo"], [], []]);
  assert.deepEqual(matchShortcuts(changed, "mod+z find", (keys) => keys).map(({ command }) => command.id), ["panel.find"]);
});

test("picture values name files, with folders and places", () => {
  assert.deepEqual(fileReference("a/b/猫.png [output]"), { filename: "猫.png", subfolder: "a/b", type: "output" });
  assert.deepEqual(fileReference("x.png"), { filename: "x.png", subfolder: "", type: "input" });
  for (const value of ["x.png", "a/b/x.png", "a/x.png [temp]"]) {
    const { filename, subfolder = "", type = "" } = fileReference(value);
    assert.equal(fileValue({ name: filename, subfolder, type }), value);
  }
});

test("choices hold every word; names that begin with the first come first", () => {
  const choices = ["sd/xl-base", "base-v2", "other"].map((label) => ({ label }));
  assert.deepEqual(matchChoices(choices, "base").map(({ label }) => label), ["base-v2", "sd/xl-base"]);
  assert.deepEqual(matchChoices(choices, "ＸＬ base").map(({ label }) => label), ["sd/xl-base"]);
});

test("colours are read as people write them", () => {
  assert.equal(readColor(" #FfF "), "#ffffff");
  assert.equal(readColor("１e90ff"), "#1e90ff");
  assert.equal(readColor("blue"), undefined);
  assert.equal(writeColor(0x00ff00), "#00ff00");
  assert.equal(writeColor(-1), "");
});

test("word lists are read with their other names, and names with parentheses carry no weight", () => {
  const list = readWordList('long_hair,0,900,"长发,longhair"\n# note\nsmile_(artist),1,5,\n\nrain');
  assert.deepEqual(list.map(({ text, aliases }) => [text, aliases]), [["long hair", ["长发", "longhair"]], ["smile \\(artist\\)", []], ["rain", []]]);
});
