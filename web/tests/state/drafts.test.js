/** A draft holds exactly what was edited, whatever fails in between. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { Doc } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { ApiError } from "../../src/net/api_error.js";
import { DraftWriter } from "../../src/state/draft_writer.js";
import { Journal } from "../../src/state/journal.js";
import { restored, snapshot } from "../../src/state/snapshot.js";
import { Tab } from "../../src/state/tab.js";

/** @import { Change } from "../../src/core/types.js" */

const NODE = {
  type: "A", x: 0, y: 0, width: 100, height: 50, mode: /** @type {const} */ ("normal"),
  inputs: [], outputs: [], values: {}, properties: {},
};

/** @param {Doc} doc */
function bytes(doc) {
  return JSON.stringify(snapshot(doc).map((change) => JSON.stringify(change)).sort());
}

/** A database that keeps drafts in memory, and fails when told to. */
class MemoryDb {
  /** @type {{ base: readonly Change[], edits: (readonly Change[])[] } | undefined} */
  draft;
  fails = false;

  #check() {
    if (this.fails) throw new DOMException("The disk is full.", "QuotaExceededError");
  }

  /** @param {unknown} _head @param {readonly Change[]} base */
  async begin(_head, base) {
    this.#check();
    this.draft = { base: structuredClone(base), edits: [] };
  }

  /** @param {unknown} _head @param {readonly Change[]} changes */
  async append(_head, changes) {
    this.#check();
    this.draft?.edits.push(structuredClone(changes));
  }

  async putHead() {
    this.#check();
  }
}

/** A server with a journal, which is absent when told to be. */
class MemoryServer {
  /** @type {{ document: readonly Change[], edits: (readonly Change[])[] } | undefined} */
  journal;
  version = 0;
  absent = false;
  /** @type {string[]} */
  requests = [];

  /** @param {string} path @param {RequestInit} options */
  async json(path, { method = "GET", body } = {}) {
    this.#note(`${method} ${path}`);
    this.journal = { document: JSON.parse(String(body)).document, edits: [] };
    this.version += 1;
    return { version: this.version };
  }

  /** @param {string} path @param {RequestInit} options */
  async fetch(path, { method = "GET" }) {
    this.#note(`${method} ${path}`);
    this.journal = undefined;
  }

  /** @param {string} path @param {any} body */
  async post(path, body) {
    this.#note(`POST ${path}`);
    const [version, number] = path.split("/").slice(-2).map(Number);
    if (version !== this.version || number !== this.journal?.edits.length) {
      throw new ApiError("gap", { status: 409, kind: "journal_gap" });
    }
    this.journal?.edits.push(structuredClone(body.edit));
  }

  /** @param {string} request */
  #note(request) {
    if (this.absent) throw new ApiError("The server does not answer.");
    this.requests.push(request);
  }
}

function setUp() {
  const tab = new Tab(Doc.empty(), { id: "t", title: "t" });
  const db = new MemoryDb();
  const server = new MemoryServer();
  /** @type {string[]} */
  const failures = [];
  /** @type {boolean[]} */
  const kept = [];
  const journal = new Journal(/** @type {any} */ (server), "t");
  const writer = new DraftWriter(tab, {
    db: /** @type {any} */ (db), journal,
    onKept: (isHere) => kept.push(isHere),
    onError: (place) => failures.push(place),
  });
  return { tab, db, server, writer, failures, kept };
}

/** @param {Tab} tab @param {number} [x] */
function add(tab, x = 0) {
  tab.edit("edit.addNode", (tx) => void tx.addNode("root", { ...NODE, x }));
}

/** @param {Tab} tab @param {MemoryDb} db @param {MemoryServer} server */
function assertKept(tab, db, server) {
  assert.equal(bytes(restored(db.draft?.base ?? [], db.draft?.edits ?? []).doc), bytes(tab.doc));
  assert.equal(bytes(restored(server.journal?.document ?? [], server.journal?.edits ?? []).doc), bytes(tab.doc));
}

test("both places hold every edit, as patches after the first", async () => {
  const { tab, db, server, writer } = setUp();
  add(tab);
  await writer.flush();
  add(tab, 10);
  await writer.flush();
  tab.undo();
  await writer.flush();
  assertKept(tab, db, server);
  assert.deepEqual(server.requests, [
    "PUT /api/tessera/journal/t",
    "POST /api/tessera/journal/t/1/0",
    "POST /api/tessera/journal/t/1/1",
  ]);
  assert.equal(JSON.stringify(server.journal?.edits[0]).match(/"kind":"node"/g)?.length, 1);
  writer.stop();
});

test("an untouched document costs the server nothing", async () => {
  const { server, writer } = setUp();
  await writer.flush();
  assert.deepEqual(server.requests, []);
  writer.stop();
});

test("a full browser and an absent server each lose nothing once they work again", async () => {
  const { tab, db, server, writer, failures, kept } = setUp();
  add(tab);
  await writer.flush();
  db.fails = true;
  server.absent = true;
  add(tab, 10);
  await writer.flush();
  assert.deepEqual(failures.toSorted(), ["browser", "server"]);
  db.fails = false;
  server.absent = false;
  add(tab, 20);
  await writer.flush();
  assertKept(tab, db, server);
  assert.deepEqual(kept, [true, false, true], "whether the browser has all of it is told each time");
  writer.stop();
});

test("what a file has the server's journal forgets, and it begins anew with the next edit", async () => {
  const { tab, db, server, writer } = setUp();
  add(tab);
  await writer.flush();
  tab.dirty.set(false);
  await writer.flush();
  assert.equal(server.journal, undefined);
  await writer.flush();
  add(tab, 10);
  await writer.flush();
  assertKept(tab, db, server);
  assert.deepEqual(server.requests, [
    "PUT /api/tessera/journal/t",
    "DELETE /api/tessera/journal/t",
    "PUT /api/tessera/journal/t",
  ]);
  writer.stop();
});

test("a server that lost its journal gets the whole document", async () => {
  const { tab, db, server, writer } = setUp();
  add(tab);
  await writer.flush();
  server.version = 7;
  server.journal = undefined;
  add(tab, 10);
  await writer.flush();
  assertKept(tab, db, server);
  writer.stop();
});

test("any edits, undone and flushed at any moment, come back as they were", async () => {
  const step = fc.constantFrom("add", "remove", "move", "undo", "redo", "flush", "break", "mend");
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const { tab, db, server, writer } = setUp();
    for (const name of steps) {
      const [first] = tab.doc.root.nodes.keys();
      if (name === "add") add(tab, tab.doc.root.nodes.size);
      else if (name === "remove" && first) tab.edit("edit.remove", (tx) => tx.removeNodes("root", [first]));
      else if (name === "move" && first) tab.edit("edit.move", (tx) => tx.updateNode("root", first, { x: 99 }), { mergeKey: "m" });
      else if (name === "undo") tab.undo();
      else if (name === "redo") tab.redo();
      else if (name === "flush") await writer.flush();
      else if (name === "break" || name === "mend") db.fails = server.absent = name === "break";
    }
    db.fails = server.absent = false;
    add(tab, 1);
    await writer.flush();
    assertKept(tab, db, server);
    writer.stop();
  }), { numRuns: 60 });
});

test("an edit that does not fit ends the reading, not the recovery", () => {
  const doc = Doc.empty();
  edit(doc, "edit.addNode", (tx) => void tx.addNode("root", NODE));
  const node = /** @type {any} */ (doc.root.nodes.get("1"));
  const good = { kind: /** @type {const} */ ("node"), graph: "root", id: "1", before: node, after: { ...node, x: 5 } };
  const bad = { ...good, before: { ...node, x: 77 } };
  const error = console.error;
  console.error = () => {};
  const back = restored(snapshot(doc), [[good], [bad], [good]]);
  console.error = error;
  assert.equal(back.complete, false);
  assert.equal(back.doc.root.nodes.get("1")?.x, 5);
});
