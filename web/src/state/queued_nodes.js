/** The nodes of jobs that were queued before this page was loaded, and what is shown on them. */

/** @import { Api } from "../app_types.js" */
/** @import { ApiPrompt } from "../core/types.js" */
/** @import { JobRecord, Jobs } from "./jobs.js" */
/** @import { RunEvents } from "./run_events.js" */
/** @import { Tab } from "./tab.js" */

import { cutTo } from "../core/convert/to_api.js";

/** @typedef {[number: number, id: string, prompt: ApiPrompt, extraData: object, outputs: string[]]} QueuedPrompt */

/**
 * Ask the server which nodes the jobs have, and show on each document the one that runs first.
 * @param {{ api: Pick<Api, "json">, jobs: Jobs, events: RunEvents }} services
 * @param {readonly Tab[]} tabs
 */
export async function showQueued({ api, jobs, events }, tabs) {
  const { queue_running, queue_pending } = /** @type {{ queue_running: QueuedPrompt[], queue_pending: QueuedPrompt[] }} */ (
    /** @type {unknown} */ (await api.json("/api/queue"))
  );
  /** @type {Set<string>} */
  const learned = new Set();
  for (const [, id, prompt, , outputs] of [...queue_running, ...queue_pending]) {
    if (jobs.get(id)?.nodeIds.length !== 0) continue;
    // Nodes that the server refused are in the prompt too, but do not wait.
    jobs.update(id, { nodeIds: Object.keys(cutTo(prompt, outputs)) });
    learned.add(id);
  }
  for (const tab of tabs) {
    const jobsOfTab = jobs.ofTab(tab.id);
    const first = jobsOfTab.find(({ phase }) => phase === "running") ?? jobsOfTab[0];
    if (first && learned.has(first.id)) resume(first, tab, events);
  }
}

/**
 * Of a job that runs without a word to this page nothing is shown: which nodes still wait is not known.
 * @param {JobRecord} job
 * @param {Tab} tab
 * @param {RunEvents} events
 */
function resume({ id, phase, done, nodeIds }, tab, events) {
  events.progress({ prompt_id: id, nodes: events.early.get(id) ?? {} });
  events.early.delete(id);
  if (phase === "waiting" || done.size > 0) tab.run.begin(nodeIds.filter((node) => !done.has(node)));
}
