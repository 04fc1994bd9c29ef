/** What goes wrong at the server is one sentence, in the artist's language where we know it. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { ServerApi } from "../../src/net/api.js";
import { ApiError } from "../../src/net/api_error.js";
import { claimClientId, DEFAULT_USER, isId, nameFor, newId } from "../../src/net/ids.js";
import { claim } from "../../src/net/locks.js";

/** @type {{ [key: string]: string }} */
const TEXTS = { "errors.absent": "Niemand da.", "errors.server.disk_full": "Voll.", "errors.status": "Fehler {status}" };
const I18N = /** @type {any} */ ({
  has: (/** @type {string} */ key) => key in TEXTS,
  t: (/** @type {string} */ key, /** @type {any} */ values) => (TEXTS[key] ?? key).replace("{status}", values?.status),
});

/** @param {() => Promise<Response>} send */
function api(send) {
  /** @type {[string, RequestInit | undefined][]} */
  const requests = [];
  const made = new ServerApi(I18N, (url, options) => {
    requests.push([String(url), options]);
    return send();
  });
  return { api: made, requests };
}

/** @param {number} status @param {unknown} [body] */
function answer(status, body) {
  return async () => new Response(body === undefined ? null : JSON.stringify(body), { status });
}

test("an absent server is told as such", async () => {
  const { api: server } = api(async () => {
    throw new TypeError("fetch failed");
  });
  await assert.rejects(server.json("/api/x"), (error) => error instanceof ApiError && error.isAbsent && error.message === "Niemand da.");
});

test("a known kind has our words, another the server's, and a bare status a number", async () => {
  const full = { error: { type: "disk_full", message: "The disk is full." } };
  await assert.rejects(api(answer(507, full)).api.json("/x"), { message: "Voll.", status: 507, kind: "disk_full" });
  const odd = { error: { type: "odd", message: "It is odd", details: "very" } };
  await assert.rejects(api(answer(400, odd)).api.json("/x"), { message: "It is odd: very" });
  await assert.rejects(api(answer(502)).api.json("/x"), { message: "Fehler 502", kind: "http_502" });
});

test("the problems of a rejected prompt come with the error", async () => {
  const errors = { 3: { errors: [{ type: "required_input_missing", message: "m" }], class_type: "A" } };
  const { api: server } = api(answer(400, { error: { type: "t", message: "m" }, node_errors: errors }));
  await assert.rejects(server.queuePrompt({ prompt: {}, client_id: "c" }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual(error.nodeErrors, errors);
    return true;
  });
});

test("a failure that is told as a bare sentence keeps it", async () => {
  await assert.rejects(api(answer(400, { error: "A user of that name exists already." })).api.json("/x"), { message: "A user of that name exists already.", kind: "http_400" });
});

test("each request says which user asks, whatever headers it has of its own", async () => {
  const { api: server, requests } = api(answer(200, {}));
  server.user = { id: "Ann_1", name: "Ann" };
  await server.json("/api/settings");
  await server.post("/api/settings", { a: 1 });
  await server.answer("/api/userdata/a", { method: "POST", headers: { "X-Own": "1" }, body: "x" });
  await server.uploadImage(new Blob(["x"]), "a.png");
  assert.deepEqual(requests.map(([, options]) => new Headers(options?.headers).get("Comfy-User")), ["Ann_1", "Ann_1", "Ann_1", "Ann_1"]);
  const [, posted, own] = requests.map(([, options]) => new Headers(options?.headers));
  assert.equal(posted?.get("Content-Type"), "application/json");
  assert.equal(own?.get("X-Own"), "1");
  assert.equal(requests[2]?.[1]?.body, "x");
});

test("the default user is who says nothing", async () => {
  const { api: server, requests } = api(answer(200, {}));
  assert.equal(server.user, DEFAULT_USER);
  const options = { method: "POST" };
  await server.fetch("/api/x", options);
  assert.equal(requests[0]?.[1], options);
});

test("whether several users are kept apart is told by their list", async () => {
  assert.equal(await api(answer(200, { storage: "server", migrated: true })).api.users(), undefined);
  const users = { default: "default", Ann_1: "Ann" };
  assert.deepEqual(await api(answer(200, { storage: "server", users })).api.users(), users);
});

test("what belongs to one user has a name of its own; the default user's is the plain one", () => {
  assert.equal(nameFor("tessera.drafts", DEFAULT_USER), "tessera.drafts");
  assert.equal(nameFor("tessera.drafts", { id: "Ann_1", name: "Ann" }), "tessera.drafts.Ann_1");
});

test("names become one segment of an address, whatever is in them", async () => {
  const { api: server, requests } = api(async () => new Response('"workflows/a b/ü?.json"'));
  await server.writeUserFile("workflows/a b/ü?.json", "{}", { overwrite: false });
  assert.equal(requests[0]?.[0], "/api/userdata/workflows%2Fa%20b%2F%C3%BC%3F.json?overwrite=false");
  assert.equal(server.viewUrl({ filename: "a&b.png", subfolder: "x y" }), "/api/view?filename=a%26b.png&subfolder=x+y&type=output");
});

test("a folder that is not there yet has no files; any other failure is one", async () => {
  assert.deepEqual(await api(answer(404, { error: { type: "not_found", message: "m" } })).api.listUserFiles("workflows"), []);
  await assert.rejects(api(answer(403, { error: { type: "forbidden", message: "m" } })).api.listUserFiles("x"), ApiError);
});

test("an empty answer to a post is undefined", async () => {
  assert.equal(await api(answer(200)).api.post("/api/queue", { clear: true }), undefined);
});

/** Locks of a browser with several tabs. */
class FakeLocks {
  held = new Set();

  /** @param {string} name @param {unknown} _options @param {(lock: object | null) => unknown} callback */
  async request(name, _options, callback) {
    const isFree = !this.held.has(name);
    this.held.add(name);
    return callback(isFree ? {} : null);
  }
}

/** @param {{ [key: string]: string }} values */
function storage(values) {
  return () => ({
    getItem: (/** @type {string} */ key) => values[key] ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => {
      values[key] = value;
    },
  });
}

test("a reloaded tab is who it was, a duplicated one is somebody else", async () => {
  const locks = /** @type {any} */ (new FakeLocks());
  const stored = {};
  const first = await claimClientId(storage(stored), locks);
  const duplicate = await claimClientId(storage({ ...stored }), locks);
  assert.notEqual(first, duplicate);
  locks.held.clear();
  assert.equal(await claimClientId(storage(stored), locks), first);
});

test("without locks each load is somebody new", async () => {
  const stored = {};
  const first = await claimClientId(storage(stored), undefined);
  assert.notEqual(await claimClientId(storage(stored), undefined), first);
});

test("a blocked, full or spoilt storage makes a tab somebody new, and ends nothing", async () => {
  const warn = mock.method(console, "warn", () => {});
  const locks = () => /** @type {any} */ (new FakeLocks());
  const blocked = () => {
    throw new DOMException("Access is denied.", "SecurityError");
  };
  assert.ok(isId(await claimClientId(blocked, locks())));
  const full = () => ({ getItem: () => null, setItem: blocked });
  assert.ok(isId(await claimClientId(full, locks())));
  assert.equal(warn.mock.callCount(), 2);
  warn.mock.restore();
  const spoilt = { "tessera.client": "x".repeat(9000) };
  const id = await claimClientId(storage(spoilt), locks());
  assert.ok(isId(id));
  assert.equal(spoilt["tessera.client"], id);
});

test("where locks are blocked all names are free, as on pages without them", async () => {
  const locks = /** @type {any} */ ({ request: async () => Promise.reject(new DOMException("Access is denied.", "SecurityError")) });
  assert.ok(await claim(locks, "a"));
  const broken = /** @type {any} */ ({ request: async () => Promise.reject(new TypeError("no")) });
  await assert.rejects(claim(broken, "a"), TypeError);
});

test("ids are UUIDs of version 4", () => {
  const ids = new Set(Array.from({ length: 50 }, newId));
  assert.equal(ids.size, 50);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
