import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../src/core/store.js";
import { ERROR_LIMIT, Guard } from "../../src/extensions/guard.js";
import { ExtensionHost, packOf } from "../../src/extensions/host.js";
// The host imports this when first needed, within the time of the first script: a busy machine may read it for longer.
import "../../src/extensions/pack_api.js";

/** @typedef {import("../../src/extensions/types.js").TesseraApi} TesseraApi */

/** @param {{ [url: string]: () => any }} scripts @param {any} [parts] */
function hostOf(scripts, parts = {}) {
  /** @type {string[]} */
  const toasts = [];
  const type = { name: "Mine", module: "custom_nodes.good", title: "Mine", inputs: [], outputs: [] };
  const app = /** @type {any} */ ({
    api: { extensions: async () => Object.keys(scripts) },
    ui: { toast: (/** @type {string} */ _kind, /** @type {string} */ text) => toasts.push(text), panels: { register: () => () => {} } },
    i18n: { t: (/** @type {string} */ key, /** @type {any} */ values) => `${key} ${JSON.stringify(values ?? {})}`, language: createStore("en") },
    catalogue: createStore(new Map([["Mine", type], ["Other", { ...type, name: "Other", module: "nodes" }]])),
    tabs: { active: createStore(null) },
    commands: { register: () => () => {} },
    widgets: { register: () => () => {}, kinds: () => new Set() },
    socket: { on: () => () => {} },
    ...parts,
  });
  const host = new ExtensionHost(app, {
    patience_ms: 40,
    installComfy: async () => undefined,
    importModule: async (url) => scripts[url]?.(),
  });
  return { host, app, toasts };
}

/** @param {() => Promise<void>} run */
async function withQuietConsole(run) {
  const { error } = console;
  console.error = () => {};
  try {
    await run();
  } finally {
    console.error = error;
  }
}

test("a script is activated with the interface of its pack", async () => {
  /** @type {TesseraApi | undefined} */
  let api;
  const { host } = hostOf({ "/extensions/good/a.js": () => ({ activate: (/** @type {TesseraApi} */ given) => { api = given; } }) });
  await host.load();
  assert.equal(api?.pack, "good");
  assert.equal(api?.version, 1);
  assert.ok(Object.isFrozen(api));
  assert.equal(host.loaded.get()[0]?.error, undefined);
});

test("scripts that throw, hang or are too new do not keep others from loading", async () => {
  await withQuietConsole(async () => {
    let isReady = false;
    const { host, toasts } = hostOf({
      "/extensions/throws/a.js": () => { throw new Error("broken on purpose"); },
      "/extensions/hangs/a.js": () => new Promise((resolve) => { setTimeout(resolve, 200); }),
      "/extensions/newer/a.js": () => ({ apiVersion: 9, activate: () => assert.fail("must not be called") }),
      "/extensions/good/a.js": () => ({ activate: () => { isReady = true; } }),
    });
    await host.load();
    assert.ok(isReady);
    const errors = new Map(host.loaded.get().map(({ name, error }) => [name, error]));
    assert.match(errors.get("throws") ?? "", /broken on purpose/);
    assert.match(errors.get("hangs") ?? "", /0\.04 s/);
    assert.match(errors.get("newer") ?? "", /too_new/);
    assert.equal(errors.get("good"), undefined);
    assert.equal(toasts.length, 3);
  });
});

test("changed built-in objects are put back and named", async () => {
  const map = Array.prototype.map;
  const { host, toasts } = hostOf({
    "/extensions/bad/a.js": () => ({
      activate: () => {
        Array.prototype.map = /** @type {any} */ (() => "hijacked");
        Reflect.set(Object.prototype, "planted", 1);
      },
    }),
  });
  await host.load();
  assert.equal(Array.prototype.map, map);
  assert.equal(Reflect.has({}, "planted"), false);
  assert.match(toasts.join("\n"), /Array\.prototype\.map/);
});

test("a script that keeps failing is stopped, and all it registered goes away", async () => {
  await withQuietConsole(async () => {
    const { host, app } = hostOf({
      "/extensions/good/a.js": () => ({
        activate: (/** @type {TesseraApi} */ api) => api.badges.add("Mine", () => { throw new Error("no"); }),
      }),
    });
    await host.load();
    const record = { id: "1", type: "Mine", values: {} };
    const tab = { graphId: () => "root" };
    for (let count = 0; count < ERROR_LIMIT; count += 1) {
      assert.deepEqual(host.badges.of(/** @type {any} */ (tab), /** @type {any} */ (record)), []);
    }
    assert.ok(host.guard("good").signal.aborted);
    assert.equal(host.badges.badges.get("Mine")?.size, 0);
    assert.ok(app);
  });
});

test("a pack gets no badge on node types of others", async () => {
  await withQuietConsole(async () => {
    const { host } = hostOf({
      "/extensions/good/a.js": () => ({ activate: (/** @type {TesseraApi} */ api) => api.badges.add("Other", () => "x") }),
    });
    await host.load();
    assert.match(host.loaded.get()[0]?.error ?? "", /"Other" is no node type of good/);
  });
});

test("a pack calls routes of this server only", async () => {
  /** @type {TesseraApi | undefined} */
  let api;
  const { host } = hostOf({ "/extensions/good/a.js": () => ({ activate: (/** @type {TesseraApi} */ given) => { api = given; } }) });
  await host.load();
  for (const path of ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "data:,x"]) {
    assert.throws(() => api?.fetch(path), /no route of this server/);
  }
});

test("addresses tell the pack", () => {
  assert.equal(packOf("/extensions/my%20pack/js/a.js"), "my pack");
  assert.equal(packOf("/extensions/core/a.js"), undefined);
  assert.equal(packOf("/somewhere/else.js"), undefined);
});

test("a guard counts time and hears rejected promises", async () => {
  /** @type {string[]} */
  const told = [];
  const guard = new Guard("p", (what) => told.push(what));
  assert.equal(guard.run("adding", (/** @type {number} */ a) => a + 1, 2), 3);
  guard.run("later", async () => { throw new Error("late"); });
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.deepEqual(told, ["later"]);
  assert.equal(guard.errors, 1);
});
