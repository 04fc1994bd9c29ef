/** The workflow that a picture or another file carries. */

/** @import { Json } from "../core/types.js" */

import { readParameters } from "../core/convert/read_parameters.js";
import { parseJson } from "../core/json.js";

/**
 * @param {File} file
 * @returns {Promise<{ workflow?: Json, found: string[], ignored?: string[] }>} what else was found, for a
 *   sentence; `ignored`: settings that the workflow lacks, which was made of another program's text
 */
export async function readEmbedded(file) {
  // Only needed when a file is opened, and large.
  const { readPictureMetadata } = await import("../net/picture_metadata.js");
  const texts = await readPictureMetadata(file);
  for (const key of ["workflow", "prompt"]) {
    const text = texts[key];
    if (text === undefined) continue;
    try {
      return { workflow: parseLenient(text), found: [] };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const read = readParameters(texts["parameters"] ?? "");
  return read ? { workflow: read.prompt, found: [], ignored: read.ignored } : { found: Object.keys(texts) };
}

/**
 * JSON as Python writes it: with NaN and infinity, which become null. A file without them is
 * never touched, so no text that speaks of NaN is either.
 * @param {string} text
 * @returns {Json}
 * @throws {SyntaxError}
 */
export function parseLenient(text) {
  try {
    return parseJson(text);
  } catch (error) {
    const strict = text.replaceAll(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g, (found) => (found.startsWith('"') ? found : "null"));
    if (strict === text) throw error;
    return parseJson(strict);
  }
}
