/** The part of dagre's interface the editor uses. */
export interface GraphLabel {
  rankdir?: "TB" | "BT" | "LR" | "RL";
  /** Pixels between nodes of one rank, edges of one rank, and ranks. */
  nodesep?: number;
  edgesep?: number;
  ranksep?: number;
  acyclicer?: "greedy";
  ranker?: "network-simplex" | "tight-tree" | "longest-path";
  width?: number;
  height?: number;
}

export interface NodeLabel { width: number; height: number; x?: number; y?: number; rank?: number; order?: number }
export interface EdgeLabel { weight?: number; minlen?: number }

export class Graph {
  constructor(options?: { directed?: boolean; multigraph?: boolean; compound?: boolean });
  setGraph(label: GraphLabel): this;
  graph(): GraphLabel;
  setNode(id: string, label: NodeLabel): this;
  node(id: string): NodeLabel;
  nodes(): string[];
  setEdge(from: string, to: string, label?: EdgeLabel, name?: string): this;
}

/** One node before another in its rank. */
export interface OrderConstraint { left: string; right: string }

/** Writes x and y, the centres, into the labels of `graph`. */
export function layout(graph: Graph, options?: { disableOptimalOrderHeuristic?: boolean; constraints?: OrderConstraint[] }): unknown;
export const version: string;
