/** The list of pictures grows as it is looked at. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Gallery } from "../../src/state/gallery.js";

/** @param {number} place @param {string[]} files */
function entry(place, files = [`${place}.png`]) {
  return { id: `job${place}`, place, label: null, finished_ms: 0, seconds: 1, files: files.map((filename) => ({ filename })) };
}

/** A server with numbered jobs that answers in pages of `size`. @param {number} count @param {number} size */
function server(count, size) {
  const state = { count, requests: /** @type {URLSearchParams[]} */ ([]) };
  const api = {
    json: async (/** @type {string} */ path) => {
      const query = new URLSearchParams(path.split("?")[1]);
      state.requests.push(query);
      const before = Number(query.get("before") ?? state.count + 1);
      const entries = Array.from({ length: Math.min(size, before - 1) }, (_, at) => entry(before - 1 - at));
      const last = before - entries.length;
      return { entries, next: last > 1 ? last : null };
    },
  };
  return { state, gallery: new Gallery(/** @type {any} */ (api)) };
}

/** @param {Gallery} gallery */
function names(gallery) {
  return gallery.pictures.get().map(({ file }) => file.filename);
}

test("short pages are asked for again until there is enough to look at", async () => {
  const { gallery, state } = server(500, 50);
  await gallery.search("");
  assert.equal(gallery.pictures.get().length, 200);
  assert.equal(state.requests.length, 4);
  assert.equal(gallery.state.get(), "more");
  await gallery.more();
  await gallery.more();
  assert.equal(gallery.pictures.get().length, 500);
  assert.equal(gallery.state.get(), "end");
  assert.equal(new Set(names(gallery)).size, 500);
});

test("new pictures come in front and keep the others as they are", async () => {
  const { gallery, state } = server(3, 50);
  await gallery.search("");
  const known = gallery.pictures.get();
  state.count = 5;
  await gallery.refresh();
  assert.deepEqual(names(gallery), ["5.png", "4.png", "3.png", "2.png", "1.png"]);
  assert.equal(gallery.pictures.get()[2], known[0]);
});

test("an answer to an older search is dropped", async () => {
  /** @type {((page: object) => void)[]} */
  const waiting = [];
  const gallery = new Gallery(/** @type {any} */ ({ json: () => new Promise((resolve) => waiting.push(resolve)) }));
  const first = gallery.search("a");
  const second = gallery.search("b");
  waiting[1]?.({ entries: [entry(2)], next: null });
  waiting[0]?.({ entries: [entry(1)], next: null });
  await Promise.all([first, second]);
  assert.deepEqual(names(gallery), ["2.png"]);
});

test("only pictures are shown, and a failed page can be asked for again", async () => {
  const { gallery } = server(1, 1);
  let fails = true;
  gallery.api = /** @type {any} */ ({
    json: async () => {
      if (fails) throw new Error("away");
      return { entries: [entry(1, ["a.png", "b.mp3", "c.WEBP"])], next: null };
    },
  });
  await assert.rejects(gallery.search(""), /away/);
  assert.equal(gallery.state.get(), "more");
  fails = false;
  await gallery.more();
  assert.deepEqual(names(gallery), ["a.png", "c.WEBP"]);
});

test("a file that a later run showed again stands there once, until that run is forgotten", async () => {
  const entries = [entry(3, ["a.png"]), entry(2, ["b.png"]), entry(1, ["a.png"])];
  const gallery = new Gallery(/** @type {any} */ ({ json: async () => ({ entries, next: null }) }));
  await gallery.search("");
  assert.deepEqual(names(gallery), ["a.png", "b.png"]);
  assert.equal(gallery.pictures.get()[0]?.jobId, "job3");
  gallery.forget("job3");
  assert.deepEqual(names(gallery), ["b.png", "a.png"]);
});
