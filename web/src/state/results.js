/** What the server keeps of a finished job, brought to the document that it ran. */

/** @import { Api } from "../app_types.js" */
/** @import { Problem } from "../core/types.js" */
/** @import { Tab } from "./tab.js" */

import { ApiError } from "../net/api_error.js";
import { problemOfFailure } from "./prompt_problems.js";

/**
 * Show what a job's nodes gave.
 * @param {Api} api
 * @param {string} jobId
 * @param {Tab} tab
 * @returns {Promise<{ isSuccess: boolean, problem: Problem | undefined } | undefined>} undefined:
 *   nothing is kept of it
 */
export async function showKept(api, jobId, tab) {
  const history = /** @type {any} */ (await api.json(`/api/history/${encodeURIComponent(jobId)}`));
  const entry = history[jobId];
  if (!entry) return undefined;
  for (const [node, outputs] of Object.entries(entry.outputs ?? {})) {
    const shown = entry.meta?.[node]?.display_node ?? node;
    tab.run.update(shown, { state: "done", outputs: /** @type {any} */ (outputs) });
  }
  const failure = entry.status?.messages?.findLast((/** @type {[string, any]} */ [type]) => type === "execution_error");
  return { isSuccess: entry.status?.status_str === "success", problem: failure && problemOfFailure(failure[1]) };
}

/**
 * Say at each node why it ran or was found in the cache.
 * @param {Api} api
 * @param {string} jobId
 * @param {Tab} tab
 */
export async function explain(api, jobId, tab) {
  try {
    const reasons = /** @type {{ [node: string]: { hit: boolean, text: string } }} */ (
      await api.json(`/api/tessera/jobs/${encodeURIComponent(jobId)}/reasons`)
    );
    for (const [node, { hit, text }] of Object.entries(reasons)) {
      const run = tab.run.get(node);
      if (!run) continue;
      const isDone = run.state === "done" && hit;
      tab.run.update(node, { reason: text, ...(isDone ? { state: /** @type {const} */ ("cached") } : {}) });
    }
  } catch (error) {
    // The worker that knew may be gone; the results are there all the same.
    if (!(error instanceof ApiError)) throw error;
  }
}
