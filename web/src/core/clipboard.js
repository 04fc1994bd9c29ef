/**
 * The clipboard holds a selection as the text of a workflow file, so it can be pasted into another
 * tab, window or program, or be sent to somebody.
 *
 * @import { Selection } from "./fragments.js"
 * @import { Catalogue, GraphId } from "./types.d.ts"
 */

import { readWorkflow } from "./convert/read_canvas.js";
import { writeWorkflow } from "./convert/write_canvas.js";
import { Doc } from "./document.js";
import { extract } from "./fragments.js";
import { isObject, jsonText, parseJson } from "./json.js";

/** Key of the file that tells a selection from a whole workflow. */
const MARK = "tessera_selection";

/**
 * Return the selected nodes and groups, the links between them and their subgraphs as text.
 *
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {Selection} selection
 * @param {Catalogue} catalogue
 * @returns {string}
 */
export function copyText(doc, graphId, selection, catalogue) {
  return jsonText({ [MARK]: 1, ...writeWorkflow(extract(doc, graphId, selection), catalogue) });
}

/**
 * Return what a copied text holds, to be put in with `insert`; undefined for any other text.
 *
 * @param {string} text
 * @param {Catalogue} catalogue
 * @returns {Doc | undefined}
 */
export function pasteText(text, catalogue) {
  if (!text.startsWith(`{"${MARK}":`)) return undefined;
  const json = parsed(text);
  if (!isObject(json)) return undefined;
  const { [MARK]: _, ...workflow } = json;
  const { doc, problems } = readWorkflow(workflow, catalogue);
  return problems.some((problem) => problem.severity === "error") ? undefined : doc;
}

/**
 * @param {string} text
 * @returns {unknown}
 */
function parsed(text) {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
