/** The socket comes back by itself, with the same id, and one listener harms no other. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { ServerSocket } from "../../src/net/socket.js";

class FakeSocket extends EventTarget {
  /** @type {string[]} */
  sent = [];
  binaryType = "";

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  close() {
    this.dispatchEvent(new Event("close"));
  }

  /** @param {unknown} data */
  receive(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
}

/** @type {FakeSocket[]} */
let opened;
/** @type {ServerSocket} */
let socket;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {any} */ (globalThis).location = { protocol: "http:", host: "127.0.0.1:1" };
  opened = [];
  socket = new ServerSocket("me & you", (url) => {
    const made = new FakeSocket(url);
    opened.push(made);
    return /** @type {any} */ (made);
  });
  socket.start();
});

afterEach(() => {
  socket.stop();
  mock.timers.reset();
  delete /** @type {any} */ (globalThis).location;
});

function last() {
  return /** @type {FakeSocket} */ (opened.at(-1));
}

test("it names itself and says first what it can take", () => {
  assert.equal(last().url, "ws://127.0.0.1:1/ws?clientId=me%20%26%20you");
  last().dispatchEvent(new Event("open"));
  const { type, data } = JSON.parse(last().sent[0] ?? "");
  assert.equal(type, "feature_flags");
  assert.equal(data.supports_preview_metadata, true);
  assert.equal(socket.state.get(), "open");
});

test("after a loss it tries again, each time later, and at once when it works", () => {
  last().dispatchEvent(new Event("open"));
  for (let tries = 1; tries <= 3; tries += 1) {
    last().close();
    assert.equal(socket.state.get(), "lost");
    mock.timers.tick(100);
    assert.equal(opened.length, tries);
    mock.timers.tick(6000);
    assert.equal(opened.length, tries + 1);
  }
  last().dispatchEvent(new Event("open"));
  assert.equal(socket.state.get(), "open");
  last().close();
  mock.timers.tick(700);
  assert.equal(opened.length, 5);
});

test("waiting can be cut short", () => {
  last().close();
  socket.retryNow();
  assert.equal(opened.length, 2);
  mock.timers.tick(10_000);
  assert.equal(opened.length, 2);
});

test("a message reaches its listeners even when one of them throws", () => {
  /** @type {unknown[]} */
  const heard = [];
  /** @type {unknown[]} */
  const reported = [];
  /** @type {any} */ (globalThis).reportError = (/** @type {unknown} */ error) => reported.push(error);
  socket.on("status", () => {
    throw new Error("a pack's mistake");
  });
  const stop = socket.on("status", (data) => heard.push(data));
  last().receive('{"type":"status","data":{"n":1}}');
  stop();
  last().receive('{"type":"status","data":{"n":2}}');
  assert.deepEqual(heard, [{ n: 1 }]);
  assert.equal(reported.length, 2);
  delete /** @type {any} */ (globalThis).reportError;
});

test("a listener leaves when its signal aborts", () => {
  const leaving = new AbortController();
  let heard = 0;
  socket.on("x", () => {
    heard += 1;
  }, leaving.signal);
  last().receive('{"type":"x","data":null}');
  leaving.abort();
  last().receive('{"type":"x","data":null}');
  assert.equal(heard, 1);
});
