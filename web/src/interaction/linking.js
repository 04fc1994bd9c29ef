/** Which ports a wire in hand may go to, and the edits that connect it. */

/** @import { BoundaryId, GraphView, InputType, LinkRecord, NodeId, NodeType, Point, PortRecord } from "../core/types.js" */
/** @import { Tx } from "../core/edits.js" */
/** @import { Scene } from "../render/scene.js" */

import { addPort, syncInstances } from "../core/subgraph_ports.js";
import { canConnect, compatible, inputPort, isAny, outputPort } from "../core/type_rules.js";
import { NEW_PORT } from "../render/boundary.js";

/** One end of a wire: `side` "out" is an output, where values come from. @typedef {{ id: NodeId | BoundaryId, key: string, side: "in" | "out" }} End */
/** @typedef {import("../core/type_rules.js").Verdict} Verdict */

/** @param {GraphView} graph @param {End} end @returns {PortRecord | undefined} */
export function portAt(graph, { id, key, side }) {
  if (key === NEW_PORT) return { key, name: "", type: "*" };
  return side === "out" ? outputPort(graph, id, key) : inputPort(graph, id, key);
}

/** A wire's two ends in order. @param {End} one @param {End} other */
export function ordered(one, other) {
  const [source, target] = one.side === "out" ? [one, other] : [other, one];
  return { from: source.id, output: source.key, to: target.id, input: target.key };
}

/**
 * @param {Scene} scene
 * @param {End} held
 * @param {End} aim
 * @returns {Verdict}
 */
export function verdictOn(scene, held, aim) {
  if (held.side === aim.side) return { ok: false, code: "missing_port", values: {} };
  if (aim.key === NEW_PORT || held.key === NEW_PORT) {
    return held.key === aim.key ? { ok: false, code: "missing_port", values: {} } : { ok: true };
  }
  const { from, output, to, input } = ordered(held, aim);
  return canConnect(scene.doc, scene.graphId, from, output, to, input, scene.catalogue);
}

/**
 * The port of a node a wire fits best: of exactly its type, then free, then the first.
 * @param {Scene} scene
 * @param {End} held
 * @param {NodeId} id
 * @returns {End | undefined}
 */
export function bestPort(scene, held, id) {
  const shape = scene.nodes.get(id);
  const type = portAt(scene.graph, held)?.type;
  if (!shape || type === undefined) return undefined;
  const side = held.side === "out" ? "in" : "out";
  const ports = side === "in" ? shape.record.inputs : shape.record.outputs;
  let best, bestScore = 0;
  for (const port of ports) {
    if (!scene.anchor(id, port.key, side) || !compatible(port.type, type)) continue;
    const free = side === "out" || !scene.graph.linkInto(id, port.key);
    const score = 1 + (port.type === type ? 8 : 0) + (isAny(port.type) ? 0 : 4) + (free ? 2 : 0) + (port.widget ? 0 : 1);
    if (score > bestScore) {
      bestScore = score;
      best = port;
    }
  }
  return best && { id, key: best.key, side };
}

/**
 * The port of a node that is not there yet.
 * @param {NodeType} type
 * @param {PortRecord} port The held one.
 * @param {"in" | "out"} heldSide
 * @returns {string | undefined} Its key.
 */
export function bestPortOfType(type, port, heldSide) {
  const ports = heldSide === "out" ? type.inputs.filter(takesWire) : type.outputs;
  const fits = ports.filter((candidate) => compatible(candidate.type, port.type));
  const exact = fits.find((candidate) => candidate.type === port.type && !("widget" in candidate && candidate.widget));
  const best = exact ?? fits.find((candidate) => !isAny(candidate.type)) ?? fits[0];
  return best && ("key" in best ? best.key : best.name);
}

/** @param {InputType} input */
function takesWire(input) {
  return !input.hidden && !input.options["socketless"];
}

/**
 * Connects two ends; on a subgraph's open port it makes a new port first.
 * @param {Tx} tx
 * @param {Pick<Scene, "graphId" | "catalogue">} scene
 * @param {End} one
 * @param {End} other
 */
export function connectEnds(tx, { graphId, catalogue }, one, other) {
  const ends = ordered(withPort(tx, graphId, one, other), withPort(tx, graphId, other, one));
  tx.connect(graphId, ends);
  if (one.key === NEW_PORT || other.key === NEW_PORT) syncInstances(tx, graphId, catalogue);
}

/**
 * @param {Tx} tx
 * @param {string} graphId
 * @param {End} end
 * @param {End} other
 * @returns {End} With a port that exists.
 */
function withPort(tx, graphId, end, other) {
  const model = portAt(tx.graph(graphId), other);
  if (end.key !== NEW_PORT || !model) return end;
  return { ...end, key: addPort(tx, graphId, end.side === "out" ? "inputs" : "outputs", model) };
}

/**
 * The socket nearest to a point, among those a wire could end at.
 * @param {Scene} scene
 * @param {End} held
 * @param {Point} point In graph units.
 * @param {number} reach In graph units.
 * @returns {End | undefined}
 */
export function socketNear(scene, held, point, reach) {
  const side = held.side === "out" ? "in" : "out";
  const area = { x: point.x - reach, y: point.y - reach, width: 2 * reach, height: 2 * reach };
  /** @type {End | undefined} */
  let best;
  let nearest = reach;
  for (const id of scene.nodeGrid.query(area)) {
    const record = scene.nodes.get(id)?.record;
    for (const { key } of (side === "in" ? record?.inputs : record?.outputs) ?? []) {
      const anchor = scene.anchor(id, key, side);
      const distance = anchor ? Math.hypot(anchor.x - point.x, anchor.y - point.y) : Infinity;
      if (distance < nearest) {
        nearest = distance;
        best = { id, key, side };
      }
    }
  }
  return best;
}

/** @param {LinkRecord} link @returns {End} */
export function sourceOf({ from, output }) {
  return { id: from, key: output, side: "out" };
}
