/** What a browser must load before the canvas can be used: the entry and all it imports statically. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = new URL("../../", import.meta.url);
const IMPORT = /^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"(\.[^"]+)"/gm;
/** Bytes as they are sent. Panels and libraries are loaded when they are opened. */
const MOST_BYTES = 325_000;
const MOST_MODULES = 225;
const LATER = /vendor\/(?:marked|dompurify)|ui\/(?:\w+_panel|viewer|model_browser|node_library|node_help|recovery|missing_dialog)\.js|extensions\/comfy|picture_metadata/;

/** @returns {Map<string, string>} text by path below web/ */
function modules() {
  /** @type {Map<string, string>} */
  const found = new Map([["src/app.js", ""]]);
  for (const path of found.keys()) {
    const file = new URL(path, WEB);
    assert.ok(existsSync(file), `${path} is imported and does not exist`);
    const text = readFileSync(file, "utf8");
    found.set(path, text);
    for (const [, name = ""] of text.matchAll(IMPORT)) {
      const next = fileURLToPath(new URL(name, file)).slice(fileURLToPath(WEB).length);
      if (!found.has(next)) found.set(next, "");
    }
  }
  return found;
}

test("no more is loaded before the canvas is usable than was measured", () => {
  const found = modules();
  const bytes = [...found.values()].reduce((sum, text) => sum + gzipSync(text, { level: 6 }).length, 0);
  assert.ok(found.size > 100, `the search for imports finds no more than ${found.size} modules`);
  assert.ok(found.size <= MOST_MODULES, `${found.size} modules are loaded at the start`);
  assert.ok(bytes <= MOST_BYTES, `${bytes} compressed bytes of modules are loaded at the start`);
});

test("panels, the viewer and libraries for texts wait until they are opened", () => {
  assert.deepEqual([...modules().keys()].filter((path) => LATER.test(path)), []);
});
