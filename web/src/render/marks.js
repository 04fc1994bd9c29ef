/**
 * What is to be seen on nodes beside their record: problems, and how far a run is. For the nodes of
 * the shown graph, by their id there.
 */

/** @import { NodeRun, Selection, Tab } from "../app_types.js" */
/** @import { NodeId, Problem } from "../core/types.js" */

import { heatOf, totalSeconds } from "./run_sums.js";

export class Marks {
  /** @param {Tab} tab */
  constructor(tab) {
    this.tab = tab;
    /** @type {Map<NodeId, Problem>} The gravest one of each node. */
    this.problems = new Map();
    /** @type {Map<string, NodeRun>} What was painted last. */
    this.runs = new Map();
    /** Time of all nodes in the last run. */
    this.seconds = totalSeconds(tab.run);
    this.readProblems();
  }

  /** @returns {Set<NodeId>} Nodes whose mark is another one now. */
  readProblems() {
    const before = this.problems;
    this.problems = new Map();
    const prefix = this.tab.executionId("");
    for (const problem of this.tab.problems.get()) {
      if (!problem.executionId?.startsWith(prefix)) continue;
      // A problem inside a subgraph also marks the node that shows it.
      const id = /** @type {string} */ (problem.executionId.slice(prefix.length).split(":")[0]);
      if (this.problems.get(id)?.severity !== "error") this.problems.set(id, problem);
    }
    return new Set([...before.keys(), ...this.problems.keys()]);
  }

  /**
   * @param {Iterable<string>} changed Execution ids.
   * @returns {boolean} Whether a node is in another phase or has other pictures, so that boxes look otherwise.
   */
  readRuns(changed) {
    let differs = false;
    for (const id of changed) {
      const run = this.tab.run.get(id), before = this.runs.get(id);
      if (run?.state === before?.state && run?.outputs === before?.outputs) continue;
      differs = true;
      if (run) this.runs.set(id, run);
      else this.runs.delete(id);
    }
    if (differs) this.seconds = totalSeconds(this.tab.run);
    return differs;
  }

  /** @param {NodeId} id @returns {number} 0 to 1. */
  heatOf(id) {
    return heatOf(this.tab.run.get(this.tab.executionId(id)), this.seconds);
  }

  /**
   * The frame of a node's box.
   * @param {NodeId} id
   * @param {Selection} selection
   * @returns {string | null} A theme variable.
   */
  outlineOf(id, selection) {
    if (selection.nodes.has(id)) return "--accent";
    const phase = this.tab.run.get(this.tab.executionId(id))?.state;
    if (phase === "running") return "--ok";
    return phase === "error" || this.problems.get(id)?.severity === "error" ? "--error" : null;
  }
}
