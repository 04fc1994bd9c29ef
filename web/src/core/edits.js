/**
 * @import { Doc } from "./document.js"
 * @import { BoundaryId, GraphId, LinkId, NodeId, Point, RerouteId, Transaction } from "./types.d.ts"
 */

import { DocumentError, ROOT } from "./document.js";
import { RecordTx, topOf } from "./record_edits.js";

/**
 * Change a document in one step.
 *
 * Verbs of `tx` take effect at once, so what `tx.doc` shows is what was edited so far; listeners
 * hear of all together at the end. When `change` throws, nothing was changed.
 *
 * @param {Doc} doc
 * @param {string} label key of the translated text undo shows
 * @param {(tx: Tx) => void} change
 * @param {{ mergeKey?: string }} [options]
 * @returns {Transaction} what a history keeps
 */
export function edit(doc, label, change, { mergeKey } = {}) {
  const changes = doc.batch(() => change(new Tx(doc)));
  return mergeKey === undefined ? { label, changes } : { label, changes, mergeKey };
}

/**
 * The basic verbs, those included that keep together what belongs together: a node and its links,
 * a link and its dots, a group and its members. Higher ones (subgraphs, insertion, …) are functions
 * over them.
 */
export class Tx extends RecordTx {
  /**
   * Remove nodes with their links, their membership in groups, and subgraph definitions that
   * no instance uses any more.
   *
   * @param {GraphId} graphId
   * @param {Iterable<NodeId>} ids
   */
  removeNodes(graphId, ids) {
    const graph = this.graph(graphId);
    const gone = new Set(ids);
    for (const id of gone) {
      for (const link of [...graph.linksOf(id)]) this.disconnect(graphId, link.id);
      this.replace("node", graphId, id, this.node(graphId, id), null);
    }
    for (const group of [...graph.groups.values()]) {
      const nodes = group.nodes.filter((id) => !gone.has(id));
      if (nodes.length < group.nodes.length) this.updateGroup(graphId, group.id, { nodes });
    }
    this.removeUnusedGraphs();
  }

  /** Remove subgraph definitions that nothing in the root leads to. */
  removeUnusedGraphs() {
    const used = new Set([ROOT]);
    for (const id of used) {
      for (const node of this.doc.graph(id)?.nodes.values() ?? []) {
        if (this.doc.graph(node.type)) used.add(node.type);
      }
    }
    for (const id of this.doc.graphIds()) if (!used.has(id)) this.removeGraph(id);
  }

  /**
   * Link an output to an input. What fed the input before is cut off.
   *
   * @param {GraphId} graphId
   * @param {{ from: NodeId | BoundaryId, output: string, to: NodeId | BoundaryId, input: string,
   *   reroutes?: readonly RerouteId[] }} ends
   * @returns {LinkId}
   */
  connect(graphId, { from, output, to, input, reroutes }) {
    const old = this.graph(graphId).linkInto(to, input);
    const type = this.#outputType(graphId, from, output);
    const id = this.doc.freshId("link", graphId);
    const record = { id, from, output, to, input, type };
    this.addLink(graphId, reroutes?.length ? { ...record, reroutes } : record);
    if (old) this.disconnect(graphId, old.id); // last, so that dots both pass stay
    return id;
  }

  /**
   * Remove a link, and the dots on it that no other link passes.
   *
   * @param {GraphId} graphId
   * @param {LinkId} id
   */
  disconnect(graphId, id) {
    const before = this.link(graphId, id);
    this.replace("link", graphId, id, before, null);
    this.#removeBareReroutes(graphId, before.reroutes ?? []);
  }

  /**
   * Move nodes, dots and groups (with everything in them), each once.
   *
   * @param {GraphId} graphId
   * @param {{ nodes?: Iterable<NodeId>, groups?: Iterable<string>,
   *   reroutes?: Iterable<RerouteId> }} what
   * @param {Point} by
   */
  move(graphId, what, by) {
    const { nodes, groups, reroutes } = this.withMembers(graphId, what);
    const graph = this.graph(graphId);
    for (const id of nodes) this.updateNode(graphId, id, moved(this.node(graphId, id), by));
    for (const id of groups) {
      const group = graph.groups.get(id);
      if (group) this.updateGroup(graphId, id, moved(group, by));
    }
    for (const id of reroutes) {
      const reroute = graph.reroutes.get(id);
      if (reroute) this.updateReroute(graphId, id, moved(reroute, by));
    }
  }

  /**
   * @param {GraphId} graphId
   * @param {Iterable<NodeId>} ids
   * @param {Point} by
   */
  moveNodes(graphId, ids, by) {
    this.move(graphId, { nodes: ids }, by);
  }

  /**
   * Return what was named and all members of its groups, at any depth.
   *
   * @param {GraphId} graphId
   * @param {{ nodes?: Iterable<NodeId>, groups?: Iterable<string>,
   *   reroutes?: Iterable<RerouteId> }} what
   */
  withMembers(graphId, { nodes = [], groups = [], reroutes = [] }) {
    const graph = this.graph(graphId);
    const allNodes = new Set(nodes);
    const allGroups = new Set(groups);
    for (const id of allGroups) {
      const group = graph.groups.get(id);
      for (const member of group?.groups ?? []) allGroups.add(member);
      for (const member of group?.nodes ?? []) if (graph.nodes.has(member)) allNodes.add(member);
    }
    return { nodes: allNodes, groups: allGroups, reroutes: new Set(reroutes) };
  }

  /**
   * Put nodes in front of all others, keeping their order among themselves.
   *
   * @param {GraphId} graphId
   * @param {Iterable<NodeId>} ids
   */
  raise(graphId, ids) {
    let top = topOf(this.graph(graphId).nodes.values());
    const nodes = [...ids].map((id) => this.node(graphId, id)).sort((a, b) => a.z - b.z);
    if (nodes.at(-1)?.z === top && nodes.length === 1) return;
    for (const node of nodes) this.updateNode(graphId, node.id, { z: (top += 1) });
  }

  /**
   * Remove groups; their members stay, and belong to the group around them if there is one.
   *
   * @param {GraphId} graphId
   * @param {Iterable<string>} ids
   */
  removeGroups(graphId, ids) {
    for (const id of ids) {
      const gone = this.group(graphId, id);
      const parent = [...this.graph(graphId).groups.values()].find((g) => g.groups.includes(id));
      this.replace("group", graphId, id, gone, null);
      if (!parent) continue;
      const groups = [...parent.groups.filter((member) => member !== id), ...gone.groups];
      this.updateGroup(graphId, parent.id, { groups, nodes: [...parent.nodes, ...gone.nodes] });
    }
  }

  /**
   * Put a dot on a wire; `links` (of one output) all pass it from then on.
   *
   * @param {GraphId} graphId
   * @param {readonly LinkId[]} links
   * @param {Point} point
   * @param {number} [index] place among the dots of the first link; last by default
   * @returns {RerouteId}
   */
  addReroute(graphId, links, point, index) {
    const id = this.doc.freshId("reroute", graphId);
    this.replace("reroute", graphId, id, null, { id, x: point.x, y: point.y });
    for (const linkId of links) {
      const dots = [...(this.link(graphId, linkId).reroutes ?? [])];
      dots.splice(index ?? dots.length, 0, id);
      this.updateLink(graphId, linkId, { reroutes: dots });
    }
    return id;
  }

  /**
   * Remove dots; the links through them stay.
   *
   * @param {GraphId} graphId
   * @param {Iterable<RerouteId>} ids
   */
  removeReroutes(graphId, ids) {
    const graph = this.graph(graphId);
    const gone = new Set(ids);
    for (const link of [...graph.links.values()]) {
      if (!link.reroutes?.some((id) => gone.has(id))) continue;
      const reroutes = link.reroutes.filter((id) => !gone.has(id));
      this.updateLink(graphId, link.id, { reroutes: reroutes.length ? reroutes : undefined });
    }
    for (const id of gone) {
      this.replace("reroute", graphId, id, graph.reroutes.get(id) ?? null, null);
    }
  }

  /**
   * Remove a subgraph definition with its content.
   *
   * @param {GraphId} graphId
   */
  removeGraph(graphId) {
    const graph = this.graph(graphId);
    for (const kind of /** @type {const} */ (["link", "node", "reroute", "group"])) {
      for (const record of [...graph[/** @type {const} */ (`${kind}s`)].values()]) {
        this.replace(kind, graphId, record.id, record, null);
      }
    }
    this.replace("graph", graphId, graphId, graph.record, null);
  }

  /**
   * @param {GraphId} graphId
   * @param {NodeId | BoundaryId} from
   * @param {string} output
   */
  #outputType(graphId, from, output) {
    const inside = this.graph(graphId);
    const ports = from === "@inputs" ? inside.record.inputs : this.node(graphId, from).outputs;
    const port = ports.find((candidate) => candidate.key === output);
    if (!port) throw new DocumentError(`node "${from}" of "${graphId}" has no output "${output}"`);
    return port.type;
  }

  /**
   * @param {GraphId} graphId
   * @param {readonly RerouteId[]} ids
   */
  #removeBareReroutes(graphId, ids) {
    if (ids.length === 0) return;
    const { links, reroutes } = this.graph(graphId);
    const used = new Set([...links.values()].flatMap((link) => link.reroutes ?? []));
    for (const id of ids) {
      const reroute = reroutes.get(id);
      if (reroute && !used.has(id)) this.replace("reroute", graphId, id, reroute, null);
    }
  }
}

/**
 * @param {Point} at
 * @param {Point} by
 */
function moved(at, by) {
  return { x: at.x + by.x, y: at.y + by.y };
}
