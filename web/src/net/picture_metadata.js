/**
 * Reads the workflow and other texts out of pictures, without decoding a pixel.
 *
 * Files come from strangers: every length is checked, and a text is a text, never parsed here.
 * Sources: PNG 3rd edition, section 11.3; RIFF container of WebP; JPEG (ITU-T T.81, annex B);
 * safetensors' header.
 */

import { decode, exifTexts, startsWith } from "./exif.js";

/** How much of a file is looked at; texts stand before the pixels wherever files are larger. */
const MOST_BYTES = 256 << 20;
/** All texts of a file together, in bytes; the largest workflows have a few MiB. */
const MOST_TEXT = 64 << 20;

/**
 * Return the texts embedded in a PNG, WebP, JPEG, .latent or .safetensors file.
 *
 * Of equal keys the first wins. A file of another kind has none; of a damaged one those before the
 * damage are returned.
 *
 * @param {Blob} file
 * @returns {Promise<{ [key: string]: string }>} such as "workflow", "prompt" and "parameters"
 */
export async function readPictureMetadata(file) {
  const bytes = new Uint8Array(await file.slice(0, MOST_BYTES).arrayBuffer());
  /** @type {Map<string, string>} */
  const found = new Map();
  for await (const [key, text] of textsOf(bytes)) if (!found.has(key)) found.set(key, text);
  return Object.fromEntries(found);
}

/** @param {Uint8Array} bytes */
async function* textsOf(bytes) {
  if (startsWith(bytes, "\x89PNG\r\n\x1a\n")) yield* pngTexts(bytes);
  else if (startsWith(bytes, "RIFF") && startsWith(bytes.subarray(8), "WEBP")) yield* webpTexts(bytes);
  else if (startsWith(bytes, "\xff\xd8")) yield* jpegTexts(bytes);
  else if (startsWith(bytes.subarray(8), "{")) yield* safetensorsTexts(bytes);
}

/**
 * @param {Uint8Array} bytes
 * @returns {AsyncGenerator<[string, string]>}
 */
async function* pngTexts(bytes) {
  const view = new DataView(bytes.buffer);
  let budget = MOST_TEXT;
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = decode(bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IEND" || body.length < length) return;
    const entry = await pngEntry(kind, body, budget);
    if (entry) yield entry;
    budget -= entry ? Math.max(length, entry[1].length) : 0;
    if (budget < 0) return;
    at += 12 + length;
  }
}

/**
 * @param {string} kind
 * @param {Uint8Array} body
 * @param {number} budget bytes
 * @returns {Promise<[string, string] | undefined>}
 */
async function pngEntry(kind, body, budget) {
  const [key, rest] = cut(body);
  if (!rest) return undefined;
  if (kind === "tEXt" || kind === "comf") return [key, decode(rest)];
  if (kind === "zTXt" && rest[0] === 0) return named(key, await inflate(rest.subarray(1), budget));
  if (kind !== "iTXt") return undefined;
  const [, afterLanguage] = cut(rest.subarray(2));
  const [, text] = afterLanguage ? cut(afterLanguage) : [];
  if (!text) return undefined;
  return named(key, rest[0] ? await inflate(text, budget) : text);
}

/**
 * @param {string} key
 * @param {Uint8Array | undefined} text
 * @returns {[string, string] | undefined}
 */
function named(key, text) {
  return text && [key, decode(text)];
}

/**
 * Cut at the first zero.
 *
 * @param {Uint8Array} body
 * @returns {[string, Uint8Array | undefined]}
 */
function cut(body) {
  const end = body.indexOf(0);
  return end < 0 ? ["", undefined] : [decode(body.subarray(0, end)), body.subarray(end + 1)];
}

/**
 * @param {Uint8Array} compressed
 * @param {number} budget bytes
 * @returns {Promise<Uint8Array | undefined>} undefined when it is damaged or too long
 */
async function inflate(compressed, budget) {
  const source = new Blob([new Uint8Array(compressed)]).stream();
  const reader = source.pipeThrough(new DecompressionStream("deflate")).getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > budget) {
        await reader.cancel();
        return undefined;
      }
      parts.push(part.value);
    }
  } catch (error) {
    if (error instanceof TypeError) return undefined; // how a stream names damaged data
    throw error;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** @param {Uint8Array} bytes */
function* webpTexts(bytes) {
  const view = new DataView(bytes.buffer);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (startsWith(bytes.subarray(at), "EXIF")) return yield* exifTexts(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
}

/** @param {Uint8Array} bytes */
function* jpegTexts(bytes) {
  const [application1, startOfScan] = [0xe1, 0xda];
  const view = new DataView(bytes.buffer);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    if (bytes[at + 1] === startOfScan) return;
    const length = view.getUint16(at + 2); // with its own two bytes
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (bytes[at + 1] === application1 && startsWith(body, "Exif")) yield* exifTexts(body);
    at += 2 + Math.max(2, length);
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {Generator<[string, string]>}
 */
function* safetensorsTexts(bytes) {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  if (length > MOST_TEXT || bytes.length < 8 + length) return;
  const header = parsed(decode(bytes.subarray(8, 8 + length)));
  const metadata = /** @type {{ __metadata__?: unknown } | null} */ (header)?.__metadata__;
  if (typeof metadata !== "object" || metadata === null) return;
  for (const [key, text] of Object.entries(metadata)) if (typeof text === "string") yield [key, text];
}

/**
 * @param {string} text
 * @returns {unknown}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
