/** Settings are kept by the server, and none is lost when it is away. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { SettingsStore } from "../../src/state/settings.js";

/** @param {{ stored?: object, fails?: boolean }} [server] */
function setUp(server = {}) {
  /** @type {object[]} */
  const sent = [];
  /** @type {unknown[]} */
  const errors = [];
  const api = /** @type {any} */ ({
    json: async () => server.stored ?? {},
    post: async (/** @type {string} */ _path, /** @type {object} */ values) => {
      if (server.fails) throw new Error("away");
      sent.push(values);
    },
  });
  const settings = new SettingsStore(api, (error) => errors.push(error));
  settings.define({ id: "Tessera.A", type: "number", default: 1, title: "a" });
  return { settings, sent, errors, server };
}

test("a listener hears the value there is, and each other one", async () => {
  const { settings } = setUp({ stored: { "Tessera.A": 5, "Comfy.B": 1 } });
  /** @type {number[]} */
  const heard = [];
  settings.subscribe("Tessera.A", (value) => heard.push(value));
  await settings.load();
  settings.set("Tessera.A", 5);
  settings.set("Tessera.A", 6);
  assert.deepEqual(heard, [1, 5, 6]);
  await settings.save();
});

test("what could not be saved goes out with the next change", async () => {
  const { settings, sent, errors, server } = setUp({ fails: true });
  settings.set("Tessera.A", 2);
  await settings.save();
  assert.equal(errors.length, 1);
  server.fails = false;
  settings.set("Tessera.C", true);
  await settings.save();
  assert.deepEqual(sent, [{ "Tessera.A": 2, "Tessera.C": true }]);
});

test("a setting changed while the stored ones came stays", async () => {
  const { settings } = setUp({ stored: { "Tessera.A": 5 } });
  settings.set("Tessera.A", 9);
  await settings.load();
  assert.equal(settings.get("Tessera.A"), 9);
  await settings.save();
});

test("settings of another user take the place of those read before, but not of what was set here", async () => {
  const { settings, server } = setUp({ stored: { "Tessera.A": 5, "Tessera.B": "x", "Tessera.C": 1 } });
  await settings.load();
  /** @type {number[]} */
  const heard = [];
  settings.subscribe("Tessera.A", (value) => heard.push(value));
  settings.set("Tessera.C", 2);
  server.stored = { "Tessera.B": "y" };
  await settings.load();
  assert.deepEqual(heard, [5, 1], "what the other user never chose has its default");
  assert.equal(settings.get("Tessera.B"), "y");
  assert.equal(settings.get("Tessera.C"), 2);
  await settings.save();
});

test("an id is defined once", () => {
  const { settings } = setUp();
  assert.throws(() => settings.define({ id: "Tessera.A", type: "number", default: 2, title: "a" }), /defined already/);
});
