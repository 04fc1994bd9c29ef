/** Opening files of the server's folder. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../src/core/store.js";
import { Files } from "../../src/state/files.js";
import { TabList } from "../../src/state/tabs.js";

const TEXT = '{"nodes": [], "links": [], "version": 0.4}';

/** @param {string[]} asked what is asked of the server */
function filesOf(asked) {
  const i18n = { t: (/** @type {string} */ key) => key };
  const catalogue = createStore(new Map());
  const api = {
    fetch: async (/** @type {string} */ address) => {
      asked.push(address);
      return new Response(TEXT);
    },
  };
  const tabs = new TabList(/** @type {any} */ ({ catalogue, i18n, mayClose: async () => true }));
  const app = /** @type {any} */ ({ api, i18n, catalogue, tabs, view: { fit() {} } });
  const files = new Files(app, { tabs, onOpened() {} });
  files.held.take = async () => ({ release() {} });
  return { tabs, files };
}

test("a file that is asked for twice at once is opened once, and shown when it is asked for again", async () => {
  /** @type {string[]} */
  const asked = [];
  const { tabs, files } = filesOf(asked);
  await Promise.all([files.openPath("a/b.json"), files.openPath("a/b.json")]);
  await files.openPath("a/b.json");
  assert.equal(asked.length, 1);
  assert.deepEqual(tabs.list.get().map((tab) => tab.file.get()), ["a/b.json"]);
});

test("a file that could not be read is asked for anew", async () => {
  const { tabs, files } = filesOf([]);
  const { api } = files.app;
  const answers = [() => Promise.reject(new Error("gone")), () => Promise.resolve(new Response(TEXT))];
  files.app = { ...files.app, api: /** @type {any} */ ({ ...api, fetch: () => answers.shift()?.() }) };
  await assert.rejects(files.openPath("b.json"), /gone/);
  await files.openPath("b.json");
  assert.deepEqual(tabs.list.get().map((tab) => tab.title.get()), ["b"]);
});
