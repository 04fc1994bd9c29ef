import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { plainText } from "../../src/controls/markdown.js";
import { onMap } from "../../src/render/minimap.js";
import { groupSeconds, runInside } from "../../src/render/run_sums.js";
import { durationText, runText } from "../../src/render/run_text.js";
import { TYPE_TOKENS, typeStyle } from "../../src/render/type_style.js";

const COMMON = ["MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "CONTROL_NET"];
const i18n = { t: (/** @type {string} */ key) => key };

test("common types differ in colour and shape together", () => {
  const styles = COMMON.map((type) => JSON.stringify(typeStyle(type)));
  assert.equal(new Set(styles).size, COMMON.length);
});

test("a type nobody listed looks the same every time and names a colour of the theme", () => {
  const first = typeStyle("MY_PACK_THING");
  assert.deepEqual(typeStyle("MY_PACK_THING"), first);
  assert.ok(TYPE_TOKENS.includes(first.token));
});

test("a choice of types has the colour of the first and the shape of a choice", () => {
  assert.deepEqual(typeStyle("IMAGE,MASK"), { token: typeStyle("IMAGE").token, shape: "ring" });
  assert.deepEqual(typeStyle(""), typeStyle("*"));
});

test("the theme defines the colour of every type, dark and light", async () => {
  const css = await readFile(new URL("../../styles/theme.css", import.meta.url), "utf8");
  for (const token of TYPE_TOKENS) {
    assert.ok(css.split(`${token}:`).length >= 3, `${token} is not in both themes`);
  }
});

test("durations are short and rounded once", () => {
  assert.equal(durationText(0), "0 ms");
  assert.equal(durationText(0.0124), "12 ms");
  assert.equal(durationText(0.9999), "1.0 s");
  assert.equal(durationText(12.34), "12.3 s");
  assert.equal(durationText(59.96), "1:00");
  assert.equal(durationText(125), "2:05");
});

test("a badge says how far, how long, or why not", () => {
  assert.equal(runText(undefined, i18n).text, "");
  assert.equal(runText({ state: "running", value: 3, max: 20 }, i18n).text, "3/20");
  assert.equal(runText({ state: "done", seconds: 2 }, i18n).text, "2.0 s");
  assert.deepEqual(runText({ state: "cached", reason: "same inputs" }, i18n), { text: "canvas.run.cached", tip: "same inputs" });
  const error = { severity: /** @type {const} */ ("error"), code: "x", message: "disk full" };
  assert.deepEqual(runText({ state: "error", error }, i18n), { text: "!", tip: "disk full" });
});

/** @param {{ [id: string]: import("../../src/app_types.js").NodeRun }} runs */
function runState(runs) {
  const map = new Map(Object.entries(runs));
  return { entries: () => map.entries(), get: (/** @type {string} */ id) => map.get(id) };
}

test("a subgraph shows how many of its nodes are ready, their time, and their failure", () => {
  assert.equal(runInside(runState({ 7: { state: "done" } }), "57"), undefined);
  const halfway = runState({ "57:1": { state: "done", seconds: 2 }, "57:2:3": { state: "waiting" }, 571: { state: "error" } });
  assert.deepEqual(runInside(halfway, "57"), { state: "running", value: 1, max: 2, seconds: 2 });
  const error = { severity: /** @type {const} */ ("error"), code: "x", message: "disk full" };
  const failed = runInside(runState({ "57:1": { state: "done" }, "57:2": { state: "error", error } }), "57");
  assert.deepEqual([failed?.state, failed?.error], ["error", error]);
  assert.equal(runInside(runState({ "57:1": { state: "cached" } }), "57")?.state, "cached");
  const outputs = { images: [{ filename: "a.png", subfolder: "", type: /** @type {const} */ ("temp") }] };
  assert.equal(runInside(runState({ "57:1": { state: "done" }, 57: { state: "done", outputs } }), "57")?.outputs, outputs);
});

test("a group's time is that of its nodes", () => {
  const group = { id: "1", title: "", x: 0, y: 0, width: 1, height: 1, nodes: ["1", "2", "3"], groups: [] };
  const runs = runState({ "57:1": { state: "done", seconds: 1.5 }, "57:2": { state: "cached" } });
  assert.equal(groupSeconds(runs, group, (id) => `57:${id}`), 1.5);
});

for (const [markdown, plain] of [
  ["Use `fp8` or ``a`b``.", "Use fp8 or a`b."],
  ["**Bold**, *italic* and [a page](https://example.org/x_y).", "Bold, italic and a page."],
  ["2 * 3 * 4, a*b*c, `x * y * z`, [0, 1]", "2 * 3 * 4, a*b*c, x * y * z, [0, 1]"],
  ["## Title\n- one\n- ckpt_name and __init__", "Title\n- one\n- ckpt_name and __init__"],
  ["强度：`0` 表示**关闭**", "强度：0 表示关闭"],
  ["a ` alone, an * alone, ** two", "a ` alone, an * alone, ** two"],
]) {
  test(`a tooltip of the browser shows words, no marks: ${JSON.stringify(markdown)}`, () => {
    assert.equal(plainText(markdown ?? ""), plain);
  });
}

test("the frame of the view stays on the map, and can be seen wherever the view is", () => {
  assert.deepEqual(onMap(10.4, 50, 200), [10, 50]);
  assert.deepEqual(onMap(-30, 500, 200), [0, 200]);
  assert.deepEqual(onMap(-30, 50, 200), [0, 20]);
  assert.deepEqual(onMap(180, 50, 200), [180, 20]);
  assert.deepEqual(onMap(900, 50, 200), [196, 4]);
  assert.deepEqual(onMap(-900, 50, 200), [0, 4]);
  assert.deepEqual(onMap(50, 0.1, 200), [50, 4]);
});
