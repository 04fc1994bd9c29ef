/**
 * Reads the texts of an EXIF block: a TIFF file in small, in either byte order.
 * Source: CIPA DC-008 (Exif 2.32), sections 4.5 and 4.6.
 */

const ASCII = 2;
const UNDEFINED = 7;
const EXIF_POINTER = 0x8769;
const USER_COMMENT = 0x9286;
/** Tags of the first directory in which programs store `key:{json}`. */
const FIRST_TEXT = 0x0100;
const LAST_TEXT = 0x0110;

/**
 * Return the texts stored as `key:{json}`, and a user comment as "parameters".
 *
 * @param {Uint8Array} block begins with "II" or "MM", or with "Exif" and two zeros before
 * @returns {[string, string][]} the prompt's own tag first; empty for a damaged block
 */
export function exifTexts(block) {
  const tiff = startsWith(block, "Exif\0\0") ? block.subarray(6) : block;
  if (!startsWith(tiff, "II") && !startsWith(tiff, "MM")) return [];
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = startsWith(tiff, "II");
  const entries = tiff.length >= 8 ? directory(view, view.getUint32(4, little), little) : [];
  /** @type {[string, string][]} */
  const texts = [];
  for (const { tag, type, bytes } of entries.sort((a, b) => b.tag - a.tag)) {
    if (tag < FIRST_TEXT || tag > LAST_TEXT || type !== ASCII) continue;
    const text = decode(bytes).replace(/\0+$/, "");
    const colon = text.indexOf(":");
    if (colon > 0 && text.slice(colon + 1).trimStart().startsWith("{")) {
      texts.push([text.slice(0, colon).toLowerCase(), text.slice(colon + 1)]);
    }
  }
  const pointer = entries.find(({ tag }) => tag === EXIF_POINTER);
  const inner = pointer ? directory(view, pointer.value, little) : [];
  const comment = inner.find(({ tag, type }) => tag === USER_COMMENT && type === UNDEFINED);
  if (comment) texts.push(["parameters", commentText(comment.bytes, little)]);
  return texts;
}

/**
 * @param {DataView} view
 * @param {number} offset
 * @param {boolean} little
 */
function directory(view, offset, little) {
  if (offset + 2 > view.byteLength) return [];
  const count = Math.min(view.getUint16(offset, little), Math.floor((view.byteLength - offset - 2) / 12));
  return Array.from({ length: count }, (_, index) => {
    const at = offset + 2 + index * 12;
    const [tag, type] = [view.getUint16(at, little), view.getUint16(at + 2, little)];
    const [size, value] = [view.getUint32(at + 4, little), view.getUint32(at + 8, little)];
    const start = size <= 4 ? at + 8 : value;
    const fits = (type === ASCII || type === UNDEFINED) && start + size <= view.byteLength;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + (fits ? start : 0), fits ? size : 0);
    return { tag, type, value, bytes };
  });
}

/**
 * @param {Uint8Array} bytes eight letters that name the encoding, then the text
 * @param {boolean} little
 */
function commentText(bytes, little) {
  const body = bytes.subarray(8);
  const isUtf16 = startsWith(bytes, "UNICODE");
  return isUtf16 ? new TextDecoder(little ? "utf-16le" : "utf-16be").decode(body) : decode(body);
}

/**
 * Read UTF-8, which many programs write, else the Latin-1 that PNG and EXIF prescribe.
 *
 * @param {Uint8Array} bytes
 */
export function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return new TextDecoder("latin1").decode(bytes);
    throw error;
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {string} text of ASCII letters
 */
export function startsWith(bytes, text) {
  return [...text].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}
