/** What the parts of the editor see of runs: jobs, and what each node does and gives. */

import type { Problem } from "../core/types.js";
import type { Store, Tab, Unsubscribe } from "../app_types.js";

export type NodeRunPhase = "waiting" | "running" | "done" | "cached" | "error" | "blocked";

export interface NodeRun {
  readonly state: NodeRunPhase;
  readonly value?: number;
  readonly max?: number;
  /** Wall time of the node in this run, so far or in all. */
  readonly seconds?: number;
  /** Why it was found in the cache, or why it ran. */
  readonly reason?: string;
  /** A blob: address; gone when the next preview or the result comes. */
  readonly previewUrl?: string;
  readonly outputs?: NodeOutputs;
  readonly error?: Problem;
}

/** What a node shows: lists by kind ("images", "text", "audio", …), as the server sends it. */
export interface NodeOutputs {
  readonly images?: readonly FileReference[];
  readonly [kind: string]: readonly unknown[] | undefined;
}

export interface FileReference {
  readonly filename: string;
  readonly subfolder?: string;
  readonly type?: "input" | "output" | "temp" | string;
}

/** Results of one tab, by execution id. Listeners hear of one node at most 5 times a second. */
export interface RunState {
  get(executionId: string): NodeRun | undefined;
  entries(): Iterable<[string, NodeRun]>;
  subscribe(executionId: string, listener: (run: NodeRun | undefined) => void): Unsubscribe;
  /** Hears the ids that changed, all of them at once. */
  subscribeAll(listener: (changed: ReadonlySet<string>) => void): Unsubscribe;
}

export type JobPhase = "waiting" | "running" | "done" | "error" | "interrupted";

/** Which of how many runs that were asked for at once, and what it was asked for with. */
export interface JobDetails {
  readonly number: number;
  readonly count: number;
  readonly seed?: string;
  /** How its prompt begins, where it has no seed. */
  readonly text?: string;
}

export interface Job {
  readonly id: string;
  readonly phase: JobPhase;
  /** Place in the queue; smaller is sooner. */
  readonly number: number;
  readonly label: string;
  /** Null: queued elsewhere, or by a tab that is closed. */
  readonly tabId: string | null;
  /** 0 to 1, over all nodes of the job. */
  readonly progress: number;
  readonly node?: string;
  /** The worker that ran it ended: it waits for the next one. */
  readonly isReturned: boolean;
  /** It was told to stop: it ends with the step it is in. */
  readonly isStopping: boolean;
  /** Known of jobs that this editor queued, also before a reload. */
  readonly details?: JobDetails;
}

export interface RunOptions {
  /** Execution ids of the nodes to run up to; without it all output nodes run. */
  readonly targets?: readonly string[];
  readonly front?: boolean;
  readonly count?: number;
}

export interface Runs {
  /** Waiting and running jobs, in the order they run. */
  readonly jobs: Store<readonly Job[]>;
  readonly paused: Store<boolean>;
  readonly batchCount: Store<number>;
  readonly autoQueue: Store<"off" | "change" | "always">;
  /** Queues the tab (the active one without an argument); problems land in `tab.problems`. */
  run(options?: RunOptions & { readonly tab?: Tab }): Promise<void>;
  /** Stops what runs; jobs that wait stay. */
  interrupt(): Promise<void>;
  cancel(jobId: string): Promise<void>;
  move(jobId: string, before: string | null): Promise<void>;
  clear(): Promise<void>;
  setPaused(paused: boolean): Promise<void>;
}
