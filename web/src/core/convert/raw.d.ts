/** A canvas file as it is read: both schema versions alike, ids and slots still those of the file. */

import type { Json, JsonObject } from "../types.d.ts";

export interface RawInput {
  name: string;
  type: string;
  link: number | null;
  /** The widget it belongs to. */
  widget?: string;
  label?: string;
  extra?: JsonObject;
}

export interface RawOutput {
  name: string;
  type: string;
  label?: string;
  extra?: JsonObject;
}

export interface RawNode {
  id: string;
  type: string;
  title?: string;
  x: number;
  y: number;
  width: number;
  height: number;
  mode: number;
  inputs: RawInput[];
  outputs: RawOutput[];
  stored: Json | undefined;
  properties: JsonObject;
  /** Values by input name that win over `stored`: of subgraph instances and group nodes. */
  given?: Map<string, Json>;
  /** Seed controls by input name, of subgraph instances. */
  controls?: Map<string, Json>;
  flags: JsonObject;
  color?: string;
  bgcolor?: string;
  extra?: JsonObject;
}

export interface RawLink {
  id: number;
  /** A node's id, "@inputs" or "@outputs". */
  from: string;
  slot: number;
  to: string;
  toSlot: number;
  type: string;
  /** The last dot before its input. */
  parent?: number;
  extra?: JsonObject;
}

export interface RawReroute {
  id: number;
  parent?: number;
  x: number;
  y: number;
  extra?: JsonObject;
}

export interface RawGroup {
  id?: number;
  title: string;
  bounding: [number, number, number, number];
  color?: string;
  /** What our files tell beside. */
  nodes?: string[];
  groups?: string[];
  notes?: string;
  extra?: JsonObject;
}

export interface RawGraph {
  id: string;
  name: string;
  nodes: RawNode[];
  links: Map<number, RawLink>;
  reroutes: RawReroute[];
  groups: RawGroup[];
  inputs: RawOutput[];
  outputs: RawOutput[];
  /** Everything else, as it came. */
  extra: JsonObject;
}

export interface RawWorkflow {
  version: number;
  root: RawGraph;
  subgraphs: Map<string, RawGraph>;
  /** Keys of "definitions" beside "subgraphs". */
  definitions?: JsonObject;
}
