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

test("two windows see the places of both, and a place that stays is not written again", () => {
  const storage = new MemoryStorage();
  const [one, other] = [new DraftPlaces(storage), new DraftPlaces(storage)];
  one.set("a", "browser");
  other.set("b", "server");
  one.set("a", "browser");
  assert.deepEqual([...other.all()], [["a", "browser"], ["b", "server"]]);
  assert.equal(storage.writes, 2);
  one.delete("b");
  one.delete("c");
  assert.deepEqual([...other.all()], [["a", "browser"]]);
  assert.equal(storage.writes, 3);
});
