/** Which problems of a refused run an edit makes void: nobody knows whether they are still there. */

/** @import { Doc } from "../core/document.js" */
/** @import { Change, NodeRecord, Problem } from "../core/types.js" */

/** Fields of a node that no check looks at. @type {ReadonlySet<string>} */
const LOOKS = new Set(["title", "x", "y", "width", "height", "z", "collapsed", "pinned", "color", "bgcolor"]);

/**
 * The problems of the check before a run whose node, or what feeds it, these changes touch.
 * @param {Doc} doc as it is after the changes
 * @param {readonly Problem[]} problems
 * @param {readonly Change[]} changes
 * @returns {Problem[]}
 */
export function voidProblems(doc, problems, changes) {
  const checked = problems.filter(({ ofCheck }) => ofCheck);
  if (checked.length === 0) return [];
  const touched = new Set(changes.flatMap(placesOf));
  if (touched.size === 0) return [];
  return checked.filter(({ executionId }) => executionId === undefined || placesOn(doc, executionId).some((place) => touched.has(place)));
}

/** The nodes that mean something else now. @param {Change} change @returns {string[]} */
function placesOf(change) {
  const { graph, id, kind, before, after } = change;
  if (kind === "node") return isOfLooks(before, after) ? [] : [`${graph} ${id}`];
  if (kind === "link") return [before, after].flatMap((link) => (link ? [`${graph} ${link.to}`] : []));
  return [];
}

/** @param {NodeRecord | null} before @param {NodeRecord | null} after */
function isOfLooks(before, after) {
  if (!before || !after) return false;
  const names = /** @type {(keyof NodeRecord)[]} */ (Object.keys({ ...before, ...after }));
  return names.every((name) => LOOKS.has(name) || before[name] === after[name]);
}

/**
 * A node, what feeds it, and the subgraph nodes around it.
 * @param {Doc} doc
 * @param {string} executionId
 */
function placesOn(doc, executionId) {
  const places = [];
  let graph = "root";
  for (const id of executionId.split(":")) {
    places.push(`${graph} ${id}`);
    for (const { from, to } of doc.graph(graph)?.linksOf(id) ?? []) if (to === id) places.push(`${graph} ${from}`);
    graph = doc.graph(graph)?.nodes.get(id)?.type ?? "";
  }
  return places;
}
