import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { PRESETS } from "../../src/interaction/navigation.js";
import { gestures, matchGestures } from "../../src/ui/gestures.js";
import { shortcuts } from "../../src/ui/shortcuts.js";

const KEYS = { mod: "Ctrl", alt: "Alt" };

/** @param {string} language */
async function texts(language) {
  const url = new URL(`../../locales/${language}/panels.json`, import.meta.url);
  return /** @type {{ [key: string]: string }} */ (JSON.parse(await readFile(url, "utf8")));
}

for (const language of ["en", "zh"]) {
  test(`every gesture of every preset is explained (${language})`, async () => {
    const known = await texts(language);
    const asked = new Set();
    for (const preset of PRESETS) {
      gestures(preset, (key) => {
        asked.add(key);
        return key;
      }, KEYS);
    }
    assert.deepEqual([...asked].filter((key) => !known[key]), []);
    const written = Object.keys(known).filter((key) => /^panels\.gestures\.(?!title$)/.test(key));
    assert.deepEqual(written.filter((key) => !asked.has(key)), [], "a text nobody shows");
  });
}

test("gestures are found by what they do and how, and presets differ", async () => {
  const known = await texts("en");
  const t = (/** @type {string} */ key) => known[key] ?? "";
  assert.deepEqual(matchGestures(gestures("standard", t, KEYS), "wheel view").map(({ title }) => title), ["Move the view"]);
  assert.notEqual(gestures("standard", t, KEYS)[0]?.how, gestures("comfy", t, KEYS)[0]?.how);
});

test("keys of the browser are shown as they are, and clash with own choices", () => {
  const commands = [
    { id: "edit.copy", title: "Copy", nativeKeys: ["Mod+C"], run() {} },
    { id: "node.mute", title: "Mute", keys: ["Mod+M"], run() {} },
  ];
  const rebound = { "node.mute": ["Mod+C"] };
  const [copy, mute] = shortcuts(commands, (id) => rebound[/** @type {"node.mute"} */ (id)] ?? [], rebound, ({ title }) => title);
  assert.deepEqual(copy?.keys, ["Mod+C"]);
  assert.deepEqual(mute?.conflicts, ["Copy"]);
});
