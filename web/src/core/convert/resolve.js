/**
 * Follows links through reroutes, primitives, bypassed nodes and subgraph borders.
 *
 * @import { Catalogue, Json, LinkRecord, NodeRecord, PortRecord } from "../types.d.ts"
 * @import { Scope } from "./unfold.js"
 */

import { own, shorten } from "../json.js";
import { PRIMITIVE } from "../node_types.js";
import { compatible, isAny } from "../type_rules.js";
import { modeOf } from "./unfold.js";
import { GETTER, isVirtual, SETTER } from "./virtual.js";

/**
 * What a link brings: another node's output, or a value of a primitive or a promoted widget.
 *
 * @typedef {{ kind: "output", id: string, slot: number }} Output
 * @typedef {{ kind: "value", value: Json, scope: Scope, substitute: boolean }} Literal
 *   `substitute`: placeholders in it are filled as in a file name (a primitive's setting).
 */

/** @typedef {{ scope: Scope, link: LinkRecord | undefined }} Place a link to follow, if there is one */

/**
 * Return what a link brings to an input, or undefined when it brings nothing.
 *
 * A returned output may be that of a muted node.
 *
 * @param {Scope} scope
 * @param {LinkRecord} link
 * @param {string} wanted type of the input
 * @param {Catalogue} catalogue
 * @param {(code: string, message: string) => void} report
 * @returns {Output | Literal | undefined}
 */
export function resolveLink(scope, link, wanted, catalogue, report) {
  /** @type {Literal | undefined} */
  let held;
  const visited = new Set();
  /** @type {Place} */
  let at = { scope, link };
  while (at.link) {
    const key = `${at.scope.prefix} ${at.link.id}`;
    if (visited.has(key)) {
      report("circle", "its link leads back to itself through nodes that do not run");
      return held;
    }
    visited.add(key);
    const step = follow(at.scope, at.link, wanted, catalogue, report);
    if ("kind" in step) return step;
    held = step.held ?? held;
    at = step;
  }
  return held;
}

/**
 * @param {Scope} scope
 * @param {LinkRecord} link
 * @param {string} wanted
 * @param {Catalogue} catalogue
 * @param {(code: string, message: string) => void} report
 * @returns {Output | Place & { held?: Literal }} `held`: the value that counts if no link gives one
 */
function follow(scope, link, wanted, catalogue, report) {
  if (link.from === "@inputs") return leaveSubgraph(scope, link.output);
  const node = scope.graph.nodes.get(link.from);
  const slot = node?.outputs.findIndex((port) => port.key === link.output) ?? -1;
  if (!node || slot < 0) {
    report("missing_link", `its link comes from "${link.output}" of node ${link.from}, which does not exist`);
    return { scope, link: undefined };
  }
  if (node.type === PRIMITIVE) return readPrimitive(scope, node);
  if (isVirtual(node.type, catalogue)) return passThrough(scope, node, slot, report);
  const mode = modeOf(scope, node);
  if (mode === "bypass") return into(scope, node, bypassed(node, slot, wanted));
  const inner = scope.inner.get(node.id);
  if (!inner || mode === "mute") return { kind: "output", id: scope.prefix + node.id, slot };
  return { scope: inner, link: inner.graph.linkInto("@outputs", link.output) };
}

/**
 * @param {Scope} scope
 * @param {string} port
 * @returns {Place & { held?: Literal }}
 */
function leaveSubgraph(scope, port) {
  const { parent, instance } = scope;
  if (!parent || !instance) return { scope, link: undefined };
  const value = own(instance.values, port);
  const link = parent.graph.linkInto(instance.id, port);
  if (value === undefined) return { scope: parent, link };
  return { scope: parent, link, held: { kind: "value", value, scope: parent, substitute: false } };
}

/**
 * @param {Scope} scope
 * @param {NodeRecord} node
 * @returns {Place & { held?: Literal }}
 */
function readPrimitive(scope, node) {
  const substitute = Boolean(node.properties["Run widget replace on values"]);
  const value = own(node.values, "value") ?? null;
  const link = scope.graph.linkInto(node.id, "value");
  return value === null ? { scope, link } : { scope, link, held: { kind: "value", value, scope, substitute } };
}

/**
 * @param {Scope} scope
 * @param {NodeRecord} node
 * @param {number} slot
 * @param {(code: string, message: string) => void} report
 * @returns {Place}
 */
function passThrough(scope, node, slot, report) {
  if (node.type !== GETTER) return into(scope, node, node.inputs[slot]);
  const name = heldName(node);
  for (let at = /** @type {Scope | undefined} */ (scope); at; at = at.parent) {
    for (const setter of at.graph.nodes.values()) {
      if (setter.type === SETTER && heldName(setter) === name) return into(at, setter, setter.inputs[0]);
    }
  }
  report("missing_name", `its link reads the name ${shorten(name)}, which no SetNode stores`);
  return { scope, link: undefined };
}

/**
 * Return the name a SetNode stores or a GetNode reads.
 *
 * @param {NodeRecord} node
 */
function heldName(node) {
  return node.kept?.list?.[0] ?? null;
}

/**
 * @param {Scope} scope
 * @param {NodeRecord} node
 * @param {PortRecord | undefined} port
 * @returns {Place}
 */
function into(scope, node, port) {
  return { scope, link: port && scope.graph.linkInto(node.id, port.key) };
}

/**
 * Return the input that a bypassed node's output passes on: the one beside it if its type fits,
 * else the first of the same type, else the first that fits.
 *
 * @param {NodeRecord} node
 * @param {number} slot
 * @param {string} wanted
 * @returns {PortRecord | undefined}
 */
export function bypassed({ inputs, outputs }, slot, wanted) {
  const same = inputs[slot];
  if (isAny(wanted)) return same ?? inputs[0];
  const given = outputs[slot]?.type ?? wanted;
  if (same && compatible(same.type, given) && compatible(same.type, wanted)) return same;
  return (
    inputs.find((port) => port.type === wanted) ?? inputs.find((port) => compatible(port.type, wanted))
  );
}
