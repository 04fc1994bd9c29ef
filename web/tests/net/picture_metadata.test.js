import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { test } from "node:test";

import fc from "fast-check";

import { readPictureMetadata } from "../../src/net/picture_metadata.js";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** @param {string} kind @param {Buffer} body */
function chunk(kind, body) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, Buffer.from(kind), body, Buffer.alloc(4)]);
}

/** @param {Buffer[]} chunks */
const png = (...chunks) => Buffer.concat([SIGNATURE, ...chunks, chunk("IEND", Buffer.alloc(0))]);
/** @param {Uint8Array} bytes */
const read = (bytes) => readPictureMetadata(new Blob([new Uint8Array(bytes)]));

/**
 * An EXIF block with texts in the first directory and perhaps a comment.
 *
 * @param {[number, string][]} entries
 * @param {boolean} little
 */
function exif(entries, little) {
  const head = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  const u16 = (/** @type {number} */ value, /** @type {number} */ at) =>
    little ? head.writeUInt16LE(value, at) : head.writeUInt16BE(value, at);
  const u32 = (/** @type {number} */ value, /** @type {number} */ at) =>
    little ? head.writeUInt32LE(value, at) : head.writeUInt32BE(value, at);
  head.write(little ? "II" : "MM");
  u16(42, 2);
  u32(8, 4);
  u16(entries.length, 8);
  const bodies = entries.map(([, text]) => Buffer.from(`${text}\0`));
  let offset = head.length;
  for (const [index, [tag]] of entries.entries()) {
    const at = 10 + index * 12;
    const body = /** @type {Buffer} */ (bodies[index]);
    u16(tag, at);
    u16(2, at + 2);
    u32(body.length, at + 4);
    u32(offset, at + 8);
    offset += body.length;
  }
  return Buffer.concat([head, ...bodies]);
}

/** @param {Buffer} block */
function webp(block) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from("RIFF\0\0\0\0WEBPVP8 \x02\0\0\0ab"), Buffer.from("EXIF"), length, block]);
}

test("a PNG's plain, compressed and international texts are read", async () => {
  const plain = chunk("tEXt", Buffer.from('workflow\0{"a":"中"}'));
  const compressed = chunk("zTXt", Buffer.concat([Buffer.from("prompt\0\0"), deflateSync("{}")]));
  const international = chunk("iTXt", Buffer.concat([Buffer.from("note\0\x01\0zh\0\0"), deflateSync("字")]));
  const found = await read(png(chunk("IHDR", Buffer.alloc(13)), plain, compressed, international));
  assert.deepEqual(found, { workflow: '{"a":"中"}', prompt: "{}", note: "字" });
});

test("text in Latin-1 is read as such, and of equal keys the first wins", async () => {
  const first = chunk("tEXt", Buffer.from("parameters\0caf\xe9", "latin1"));
  assert.deepEqual(await read(png(first, chunk("tEXt", Buffer.from("parameters\0x")))), { parameters: "café" });
});

for (const little of [true, false]) {
  test(`a WebP's EXIF texts are read, ${little ? "little" : "big"} end first`, async () => {
    const block = exif([[0x010f, 'workflow:{"nodes":[]}'], [0x0110, 'prompt:{"1":2}']], little);
    assert.deepEqual(await read(webp(block)), { workflow: '{"nodes":[]}', prompt: '{"1":2}' });
  });
}

test("a camera's own entries are left alone", async () => {
  assert.deepEqual(await read(webp(exif([[0x010f, "Canon: EOS"]], true))), {});
});

test("a JPEG's EXIF texts are read", async () => {
  const block = Buffer.concat([Buffer.from("Exif\0\0"), exif([[0x010e, 'Workflow:{"nodes":[]}']], true)]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(block.length + 2);
  const file = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1]), length, block, Buffer.from([0xff, 0xda])]);
  assert.deepEqual(await read(file), { workflow: '{"nodes":[]}' });
});

test("the header of a .latent file is read", async () => {
  const header = Buffer.from(JSON.stringify({ __metadata__: { workflow: "{}" }, latent: {} }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  assert.deepEqual(await read(Buffer.concat([length, header])), { workflow: "{}" });
});

test("a text that would inflate beyond all measure is left out", async () => {
  const bomb = deflateSync(Buffer.alloc(80 << 20));
  const found = await read(png(chunk("zTXt", Buffer.concat([Buffer.from("workflow\0\0"), bomb]))));
  assert.deepEqual(found, {});
});

test("a file cut off in a text gives what stood before", async () => {
  const whole = png(chunk("tEXt", Buffer.from("a\0first")), chunk("tEXt", Buffer.from("b\0second")));
  assert.deepEqual(await read(whole.subarray(0, -20)), { a: "first" });
});

test("whatever bytes follow a known beginning, nothing is thrown", async () => {
  const starts = [SIGNATURE, webp(Buffer.alloc(0)), Buffer.from([0xff, 0xd8, 0xff, 0xe1]), Buffer.from("\x09\0\0\0\0\0\0\0{")];
  const files = starts.map((start) => fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([start, rest])));
  await fc.assert(fc.asyncProperty(fc.oneof(...files), async (file) => {
    for (const text of Object.values(await read(file))) assert.equal(typeof text, "string");
  }), { numRuns: 300 });
});
