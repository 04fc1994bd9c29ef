/** Where drafts are is known to all windows of a browser. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DraftPlaces } from "../../src/state/draft_places.js";

class MemoryStorage {
  /** @type {Map<string, string>} */
  values = new Map();
  writes = 0;

  /** @param {string} key */
  getItem(key) {
    return this.values.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.writes += 1;
    this.values.set(key, value);
  }
}

/** @param {MemoryStorage} storage */
function places(storage) {
  /** @type {string[]} */
  const told = [];
  return { told, places: new DraftPlaces(() => storage, "tessera.drafts", (error) => told.push(String(error))) };
}

test("two windows see the places of both, and a place that stays is not written again", () => {
  const storage = new MemoryStorage();
  const [one, other] = [places(storage).places, places(storage).places];
  one.set("a", "browser");
  other.set("b", "server");
  one.set("a", "browser");
  assert.deepEqual([...(other.all() ?? [])], [["a", "browser"], ["b", "server"]]);
  assert.equal(storage.writes, 2);
  one.delete("b");
  one.delete("c");
  assert.deepEqual([...(other.all() ?? [])], [["a", "browser"]]);
  assert.equal(storage.writes, 3);
});

for (const text of ["{", "null", "7", '{"a":"browser"}', '[["a"]]', '[["a","moon"]]', '[[1,"server"]]', '["ab"]']) {
  test(`what others left there is told, and is written anew with the next place: ${text}`, () => {
    const storage = new MemoryStorage();
    storage.setItem("tessera.drafts", text);
    const { told, places: own } = places(storage);
    assert.equal(own.all(), undefined);
    assert.equal(told.length, 1);
    own.delete("a");
    assert.equal(storage.values.get("tessera.drafts"), text, "no reason to touch it");
    assert.equal(own.set("a", "server"), true);
    assert.deepEqual([...(own.all() ?? [])], [["a", "server"]]);
  });
}

test("a full storage is told, and keeps the places it has", () => {
  const storage = new MemoryStorage();
  const { told, places: own } = places(storage);
  own.set("a", "browser");
  storage.setItem = () => {
    throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
  };
  assert.equal(own.set("b", "server"), false);
  own.delete("a");
  assert.deepEqual([...(own.all() ?? [])], [["a", "browser"]]);
  assert.match(told[0] ?? "", /quota/);
  assert.equal(told.length, 2);
});

test("a blocked storage is asked each time, and each time told", () => {
  /** @type {unknown[]} */
  const told = [];
  const own = new DraftPlaces(() => {
    throw new DOMException("Access is denied.", "SecurityError");
  }, "tessera.drafts", (error) => told.push(error));
  assert.equal(own.all(), undefined);
  assert.equal(own.set("a", "browser"), false);
  own.delete("a");
  assert.ok(told.length >= 3);
});
