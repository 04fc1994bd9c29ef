/** Binary frames of the socket, as the server builds them and as nobody should. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { readFrame } from "../../src/net/frames.js";

/** @param {number} kind @param {number} second @param {...(string | Uint8Array)} parts */
function frame(kind, second, ...parts) {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, kind);
  head.setUint32(4, second);
  const bodies = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
  const whole = Buffer.concat([new Uint8Array(head.buffer), ...bodies]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length);
}

const PICTURE = new Uint8Array([1, 2, 3]);

test("a plain preview is a picture without a place", async () => {
  const read = readFrame(frame(1, 2, PICTURE));
  assert.equal(read?.kind, "preview");
  assert.ok(read?.kind === "preview");
  assert.equal(read.preview.image.type, "image/png");
  assert.deepEqual(new Uint8Array(await read.preview.image.arrayBuffer()), PICTURE);
  assert.equal(read.preview.nodeId, undefined);
});

test("a preview with metadata says which node of which job it is of", async () => {
  const about = JSON.stringify({ node_id: "3", prompt_id: "p", display_node_id: "57:3", image_type: "image/jpeg" });
  const read = readFrame(frame(4, about.length, about, PICTURE));
  assert.ok(read?.kind === "preview");
  assert.deepEqual({ ...read.preview, image: undefined }, { image: undefined, promptId: "p", nodeId: "3", displayNodeId: "57:3" });
  assert.equal(read.preview.image.type, "image/jpeg");
  assert.deepEqual(new Uint8Array(await read.preview.image.arrayBuffer()), PICTURE);
});

test("a text frame belongs to its node", () => {
  const id = Buffer.byteLength("节点");
  assert.deepEqual(readFrame(frame(3, id, "节点", "第 3 步")), { kind: "text", nodeId: "节点", text: "第 3 步" });
});

test("what is cut off, unknown or no JSON is nothing", () => {
  assert.equal(readFrame(new ArrayBuffer(7)), undefined);
  assert.equal(readFrame(frame(9, 0, PICTURE)), undefined);
  assert.equal(readFrame(frame(4, 100, "{}")), undefined);
  assert.equal(readFrame(frame(4, 2, "{x", PICTURE)), undefined);
  assert.equal(readFrame(frame(4, 4, "null", PICTURE)), undefined);
});

test("no bytes make it throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    const copy = new Uint8Array(bytes);
    readFrame(copy.buffer);
  }));
});
