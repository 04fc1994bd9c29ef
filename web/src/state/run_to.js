/** Runs up to chosen nodes: what is asked for, and how what they make is shown on them. */

/** @import { ApiPrompt, Catalogue, Problem } from "../core/types.js" */

import { targetsIn } from "../core/convert/to_api.js";
import { VIEWER_MARK } from "./prompt_problems.js";

/** Node types that show a value of a type, and their input for it; the first that fits counts. */
const VIEWERS = [
  { shows: "IMAGE", type: "PreviewImage", input: "images" },
  { shows: "MASK", type: "MaskPreview", input: "mask" },
];

/**
 * The prompt of a run up to some nodes. Pictures and masks that end there are shown on the node
 * that made them, or on the subgraph that was chosen, by viewers only this run has.
 * @param {ApiPrompt} prompt What the targets need.
 * @param {readonly string[]} targets Execution ids; a subgraph's stands for all inside.
 * @param {Catalogue} catalogue
 * @returns {{ prompt: ApiPrompt, ends: string[], isShown: boolean }} `isShown`: some of it is to be seen.
 */
export function runUpTo(prompt, targets, catalogue) {
  const ends = targetsIn(prompt, targets);
  const inner = new Set(ends.flatMap((id) => sourcesOf(prompt, id)));
  /** @type {ApiPrompt} */
  const viewers = {};
  for (const id of ends) {
    // Inside a subgraph only what it ends with is looked at.
    if (!targets.includes(id) && inner.has(id)) continue;
    const viewer = viewerOf(prompt, id, catalogue);
    const shown = targets.find((target) => id === target || id.startsWith(`${target}:`)) ?? id;
    if (viewer) viewers[id + VIEWER_MARK] = { ...viewer, override_display_id: shown };
  }
  const all = [...ends, ...Object.keys(viewers)];
  const complete = { ...prompt, ...viewers };
  const isShown = all.some((id) => catalogue.get(complete[id]?.class_type ?? "")?.isOutput);
  return { prompt: complete, ends: all, isShown };
}

/**
 * What was refused before, of nodes that a run up to others leaves alone.
 * @param {readonly Problem[]} problems
 * @param {ApiPrompt} prompt what runs
 * @returns {Problem[]}
 */
export function outside(problems, prompt) {
  return problems.filter(({ ofCheck, executionId }) => ofCheck && executionId !== undefined && !Object.hasOwn(prompt, executionId));
}

/** @param {ApiPrompt} prompt @param {string} id @param {Catalogue} catalogue */
function viewerOf(prompt, id, catalogue) {
  const made = catalogue.get(prompt[id]?.class_type ?? "");
  if (!made || made.isOutput) return undefined;
  for (const { shows, type, input } of VIEWERS) {
    const slot = made.outputs.findIndex((output) => output.type === shows);
    const viewer = catalogue.get(type);
    if (slot < 0 || !viewer) continue;
    return { class_type: type, inputs: { [input]: [id, slot] }, _meta: { title: viewer.title } };
  }
  return undefined;
}

/** @param {ApiPrompt} prompt @param {string} id @returns {string[]} */
function sourcesOf(prompt, id) {
  return Object.values(prompt[id]?.inputs ?? {}).flatMap((value) => (Array.isArray(value) ? [String(value[0])] : []));
}
