/** One run for several nodes: what is inside a subgraph, or a group. */

/** @import { NodeRun, RunState } from "../app_types.js" */
/** @import { GroupRecord } from "../core/types.js" */

/** The gravest of what happened inside counts for all. */
const PHASES = /** @type {const} */ (["error", "running", "blocked", "waiting", "done", "cached"]);

/**
 * The run of a subgraph's instance: how many of the nodes inside are ready, and their time in all.
 * @param {Pick<RunState, "entries">} run
 * @param {string} executionId Of the instance.
 * @returns {NodeRun | undefined} Undefined when nothing inside ran.
 */
export function runInside(run, executionId) {
  const entries = [...run.entries()];
  const inside = entries.filter(([id]) => id.startsWith(`${executionId}:`)).map(([, one]) => one);
  const gravest = PHASES.find((phase) => inside.some(({ state }) => state === phase));
  if (gravest === undefined) return undefined;
  const ready = inside.filter(({ state }) => state === "done" || state === "cached").length;
  // While some are ready and others wait, the subgraph is at work.
  const state = gravest === "waiting" && ready > 0 ? "running" : gravest;
  const seconds = inside.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
  const failed = inside.find((one) => one.error)?.error;
  // A run up to the subgraph shows on it what it makes.
  const outputs = entries.find(([id]) => id === executionId)?.[1].outputs;
  return {
    state, value: ready, max: inside.length, ...(seconds > 0 ? { seconds } : {}), ...(failed ? { error: failed } : {}),
    ...(outputs ? { outputs } : {}),
  };
}

/**
 * Time of a group's own nodes in the last run.
 * @param {Pick<RunState, "get">} run
 * @param {GroupRecord} group
 * @param {(id: string) => string} executionIdOf
 * @returns {number} Seconds; 0 when none ran.
 */
export function groupSeconds(run, group, executionIdOf) {
  return group.nodes.reduce((sum, id) => sum + (run.get(executionIdOf(id))?.seconds ?? 0), 0);
}

/**
 * Time of all nodes in the last run.
 * @param {Pick<RunState, "entries">} run
 */
export function totalSeconds(run) {
  let sum = 0;
  for (const [, { seconds = 0 }] of run.entries()) sum += seconds;
  return sum;
}

/** A run this short has no slow nodes. */
const SHORT_S = 0.5;

/**
 * Share of the run's time a node took, for its tint.
 * @param {NodeRun | undefined} run
 * @param {number} total Seconds of all nodes.
 * @returns {number} 0 to 1; 0 for what did not run to its end.
 */
export function heatOf(run, total) {
  return run?.state === "done" && total >= SHORT_S ? Math.min((run.seconds ?? 0) / total, 1) : 0;
}
