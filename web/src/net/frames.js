/** Reads the binary frames of the socket (big-endian). */

/** @import { Preview } from "../app_types.js" */

const PREVIEW = 1;
const TEXT = 3;
const PREVIEW_WITH_METADATA = 4;
const HEAD_BYTES = 8;

/** @typedef {{ kind: "preview", preview: Preview } | { kind: "text", nodeId: string, text: string }} Frame */

/**
 * @param {ArrayBuffer} buffer
 * @returns {Frame | undefined} undefined for kinds that are not known and for what is cut off
 */
export function readFrame(buffer) {
  if (buffer.byteLength < HEAD_BYTES) return undefined;
  const head = new DataView(buffer);
  const kind = head.getUint32(0);
  const second = head.getUint32(4);
  if (kind === PREVIEW) return { kind: "preview", preview: { image: picture(buffer, HEAD_BYTES, second === 2) } };
  if (HEAD_BYTES + second > buffer.byteLength) return undefined;
  const text = new TextDecoder().decode(new Uint8Array(buffer, HEAD_BYTES, second));
  if (kind === TEXT) return { kind: "text", nodeId: text, text: rest(buffer, HEAD_BYTES + second) };
  return kind === PREVIEW_WITH_METADATA ? withMetadata(buffer, HEAD_BYTES + second, text) : undefined;
}

/**
 * @param {ArrayBuffer} buffer
 * @param {number} start
 * @param {string} json
 * @returns {Frame | undefined}
 */
function withMetadata(buffer, start, json) {
  const about = parsed(json);
  if (about === undefined) return undefined;
  return {
    kind: "preview",
    preview: {
      image: picture(buffer, start, about["image_type"] === "image/png"),
      promptId: textOf(about["prompt_id"]),
      nodeId: textOf(about["node_id"]),
      displayNodeId: textOf(about["display_node_id"]),
    },
  };
}

/** @param {string} json @returns {{ [key: string]: unknown } | undefined} */
function parsed(json) {
  try {
    const value = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : undefined;
}

/** @param {ArrayBuffer} buffer @param {number} start @param {boolean} isPng */
function picture(buffer, start, isPng) {
  return new Blob([new Uint8Array(buffer, start)], { type: isPng ? "image/png" : "image/jpeg" });
}

/** @param {ArrayBuffer} buffer @param {number} start */
function rest(buffer, start) {
  return new TextDecoder().decode(new Uint8Array(buffer, start));
}
