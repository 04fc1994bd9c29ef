import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

import { readObjectInfo } from "../../src/core/catalogue.js";
import { rank } from "../../src/core/search.js";
import { firstChoices } from "../../src/ui/first_choices.js";
import { withFirst } from "../../src/ui/node_search.js";

const TYPES = [
  "MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "CONTROL_NET", "NOISE", "GUIDER", "SAMPLER", "SIGMAS",
];

/** Names of all node types that come with the editor: its own, and those with Chinese texts. */
async function knownTypes() {
  const folder = new URL("../../locales/zh/nodes/", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(files.map(async (name) => JSON.parse(await readFile(new URL(name, folder), "utf8"))));
  return new Set([...readObjectInfo({}).keys(), ...texts.flatMap((one) => Object.keys(one.nodeDefs ?? one))]);
}

test("what is offered first exists, for either end of a wire of every common type", async () => {
  const known = await knownTypes();
  const all = new Set(firstChoices([]));
  for (const type of TYPES) {
    for (const from of /** @type {const} */ (["output", "input"])) {
      const choices = firstChoices([{ type, from }]);
      assert.ok(choices.length > 0, `${type} from ${from}`);
      for (const name of choices) all.add(name);
    }
  }
  assert.deepEqual([...all].filter((name) => !known.has(name)), []);
});

test("own habits come before what most people add, and that before the rest", () => {
  const info = (/** @type {string} */ name) => ({ input: { required: {} }, output: ["IMAGE"], python_module: "nodes", category: "", display_name: name });
  const catalogue = readObjectInfo(Object.fromEntries(["Ab", "SaveImage", "PreviewImage", "MyOwn"].map((name) => [name, info(name)])));
  const entries = [...catalogue.values()].map((type) => ({ type, key: type.name, title: type.title }));
  const usage = { MyOwn: 2 };
  const order = withFirst(rank("", entries, usage), ["PreviewImage", "SaveImage"], usage);
  assert.deepEqual(order.slice(0, 4).map(({ key }) => key), ["MyOwn", "PreviewImage", "SaveImage", "Ab"]);
});
