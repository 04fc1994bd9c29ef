/**
 * What the canvas derives from one graph and keeps current change by change: node layouts, the
 * courses of wires, and a spatial grid over each. The only source of geometry; nothing is measured
 * in the page.
 */

/** @import { Catalogue, Change, GraphId, GraphView, LinkId, LinkRecord, NodeId, NodeRecord, NodeType, Point, Rect, RerouteId } from "../core/types.js" */
/** @import { NodeFitting } from "../app_types.js" */
/** @import { Doc } from "../core/document.js" */
/** @import { NodeLayout } from "../core/node_layout.js" */

import { boundsOf } from "../core/geometry.js";
import { layoutNode } from "../core/node_layout.js";
import { definitionsAround, PRIMITIVE, typeOf } from "../core/node_types.js";
import { SpatialGrid } from "../core/spatial_grid.js";
import { altersInstances, boundaryNodes, isBoundary } from "./boundary.js";
import { courseOf, linkBounds } from "./link_geometry.js";
import { typeStyle } from "./type_style.js";

/** @typedef {{ readonly record: NodeRecord, readonly type: NodeType | undefined, readonly layout: NodeLayout, readonly rect: Rect, readonly fitting?: NodeFitting | undefined }} NodeShape */
/** @typedef {{ readonly record: LinkRecord, readonly points: number[], readonly token: string, readonly quiet: boolean }} LinkShape */
/** What changed on the canvas: `geometry` false when only values did.
 * @typedef {{ nodes: ReadonlySet<NodeId>, geometry: boolean }} SceneChange */
/** @typedef {{ nodes: Set<NodeId>, links: Set<LinkId>, dots: Set<RerouteId>, geometry: boolean }} Touched */

export class Scene {
  /** @type {Map<NodeId, NodeShape>} */
  nodes = new Map();
  /** @type {Map<LinkId, LinkShape>} */
  links = new Map();
  nodeGrid = new SpatialGrid();
  linkGrid = new SpatialGrid();

  /**
   * @param {Doc} doc
   * @param {GraphId} graphId
   * @param {Catalogue} catalogue
   */
  constructor(doc, graphId, catalogue) {
    this.doc = doc;
    this.graphId = graphId;
    this.catalogue = catalogue;
    /** Grows with every change of what the canvas paints. */
    this.version = 0;
    /** Layouts computed so far: a counter for tests. */
    this.layouts = 0;
    /** @type {(change: SceneChange) => void} */
    this.onChange = () => {};
    /** What packs made of a node's body. @type {(id: NodeId) => NodeFitting | undefined} */
    this.fittingOf = () => undefined;
    this.#fill();
    /** The graph was taken away; were it to come back, a new scene would have to be made. */
    this.stale = false;
    this.dispose = doc.subscribe((changes) => this.#apply(changes));
  }

  /** @returns {GraphView} */
  get graph() {
    const graph = this.doc.graph(this.graphId);
    if (!graph) throw new Error(`The document has no graph "${this.graphId}" any more; leave it first.`);
    return graph;
  }

  get exists() {
    return this.doc.graph(this.graphId) !== undefined;
  }

  /** @param {Catalogue} catalogue */
  setCatalogue(catalogue) {
    if (catalogue === this.catalogue) return;
    this.catalogue = catalogue;
    this.#refill();
  }

  /** What packs make of nodes comes from here. @param {Scene["fittingOf"]} fittingOf */
  setFittings(fittingOf) {
    this.fittingOf = fittingOf;
    for (const [id, { fitting }] of this.nodes) if (fittingOf(id) !== fitting) this.refit(id);
  }

  /** Lays a node out again whose body packs changed. @param {NodeId} id */
  refit(id) {
    if (!this.nodes.has(id) || !this.exists) return;
    const touched = untouched();
    this.#refreshNodes(touched, (node) => node.id === id);
    this.#tell(touched);
  }

  /** Where the content lies. @returns {Rect | undefined} Undefined for an empty graph. */
  bounds() {
    const rects = [...this.nodes.values()].map(({ rect }) => rect);
    return boundsOf([...rects, ...this.graph.groups.values()]);
  }

  /** @param {Iterable<NodeId>} ids @returns {Rect | undefined} */
  boundsOf(ids) {
    return boundsOf([...ids].flatMap((id) => this.nodes.get(id)?.rect ?? []));
  }

  /**
   * Where wires meet a port, in graph units.
   * @param {NodeId} id
   * @param {string} key
   * @param {"in" | "out"} side
   * @returns {Point | undefined}
   */
  anchor(id, key, side) {
    const shape = this.nodes.get(id);
    const place = shape?.layout.anchor(key, side);
    return shape && place && { x: shape.record.x + place.x, y: shape.record.y + place.y };
  }

  #clear() {
    this.nodes.clear();
    this.links.clear();
    this.nodeGrid = new SpatialGrid();
    this.linkGrid = new SpatialGrid();
  }

  #fill() {
    for (const record of this.graph.nodes.values()) this.#setNode(record);
    for (const record of boundaryNodes(this.graph)) this.#setNode(record);
    for (const link of this.graph.links.values()) this.#setLink(link);
    this.version += 1;
  }

  #refill() {
    const before = new Set(this.nodes.keys());
    this.#clear();
    if (this.exists) this.#fill();
    this.version += 1;
    this.onChange({ nodes: new Set([...before, ...this.nodes.keys()]), geometry: true });
  }

  /** @param {NodeRecord} record */
  #setNode(record) {
    const type = isBoundary(record.id) ? undefined : typeOf(this.doc, this.graphId, record, this.catalogue);
    const fitting = this.fittingOf(record.id);
    const layout = layoutNode(record, type, fitting && this.#spared(record, fitting));
    const rect = { x: record.x, y: record.y, width: layout.width, height: layout.height };
    this.layouts += 1;
    this.nodes.set(record.id, { record, type, layout, rect, fitting });
    this.nodeGrid.set(record.id, rect);
  }

  /** What a node's layout leaves out: a row that a wire feeds stays, whatever a pack says. @param {NodeRecord} record @param {NodeFitting} fitting */
  #spared({ id, inputs }, { hidden, foot }) {
    const fed = new Set(inputs.filter(({ key }) => this.graph.linkInto(id, key)).map(({ widget, key }) => widget ?? key));
    return { hidden: new Set([...hidden].filter((name) => !fed.has(name))), foot };
  }

  /** @param {NodeId} id */
  #deleteNode(id) {
    this.nodes.delete(id);
    this.nodeGrid.delete(id);
  }

  /** @param {LinkRecord} record */
  #setLink(record) {
    const points = courseOf(record, this);
    if (!points) {
      this.#deleteLink(record.id);
      return;
    }
    const quiet = [record.from, record.to].some((id) => isOff(this.graph.nodes.get(id)));
    this.links.set(record.id, { record, points, token: typeStyle(record.type).token, quiet });
    this.linkGrid.set(record.id, linkBounds(points));
  }

  /** @param {LinkId} id */
  #deleteLink(id) {
    this.links.delete(id);
    this.linkGrid.delete(id);
  }

  /** @param {readonly Change[]} changes */
  #apply(changes) {
    if (this.stale || !this.exists) {
      this.stale = true;
      return;
    }
    const touched = untouched();
    for (const change of changes) {
      if (change.graph === this.graphId) this.#applyOne(change, touched);
    }
    this.#applyInside(changes, touched);
    this.#tell(touched);
  }

  /** @param {Touched} touched */
  #tell(touched) {
    if (touched.nodes.size === 0 && !touched.geometry) return;
    this.#retrace(touched);
    if (touched.geometry) this.version += 1;
    this.onChange(touched);
  }

  /** @param {Change} change @param {Touched} touched */
  #applyOne(change, touched) {
    if (change.kind === "meta") return;
    if (change.kind === "node") {
      touched.nodes.add(change.id);
      if (!this.#changeNode(change.before, change.after)) return;
      this.#touchLinks(change.id, touched);
    } else if (change.kind === "link") {
      touched.links.add(change.id);
      const ends = [change.before, change.after].flatMap((link) => (link ? [link.from, link.to] : []));
      for (const id of ends) touched.nodes.add(id);
      this.#refreshNodes(touched, ({ type, id }) => ends.includes(id) && (type === PRIMITIVE || this.fittingOf(id) !== undefined));
    } else if (change.kind === "graph") {
      for (const id of this.#changeBoundary()) {
        touched.nodes.add(id);
        this.#touchLinks(id, touched);
      }
    } else if (change.kind === "reroute") touched.dots.add(change.id);
    touched.geometry = true;
  }

  /** What changed in subgraphs their instances show. @param {readonly Change[]} changes @param {Touched} touched */
  #applyInside(changes, touched) {
    const inside = changes.filter((change) => change.graph !== this.graphId && altersInstances(change));
    if (inside.length === 0) return;
    const types = definitionsAround(this.doc, inside.map(({ graph }) => graph));
    this.#refreshNodes(touched, (node) => types.has(node.type));
  }

  /** Lays nodes out again whose type depends on what changed elsewhere.
   * @param {Touched} touched @param {(node: NodeRecord) => boolean} which */
  #refreshNodes(touched, which) {
    for (const node of this.graph.nodes.values()) {
      if (!which(node)) continue;
      this.#setNode(node);
      touched.nodes.add(node.id);
      touched.geometry = true;
      this.#touchLinks(node.id, touched);
    }
  }

  /** @param {NodeId} id @param {Touched} touched */
  #touchLinks(id, touched) {
    for (const link of this.graph.linksOf(id)) touched.links.add(link.id);
  }

  /**
   * @param {NodeRecord | null} before
   * @param {NodeRecord | null} after
   * @returns {boolean} Whether the canvas paints it otherwise.
   */
  #changeNode(before, after) {
    if (!after) {
      if (before) this.#deleteNode(before.id);
      return true;
    }
    const same = before !== null && LOOKS.every((key) => before[key] === after[key]);
    if (same) {
      const shape = /** @type {NodeShape} */ (this.nodes.get(after.id));
      this.nodes.set(after.id, { ...shape, record: after });
      return false;
    }
    this.#setNode(after);
    return true;
  }

  /** @returns {string[]} The boundary nodes there are now. */
  #changeBoundary() {
    for (const id of [...this.nodes.keys()].filter(isBoundary)) this.#deleteNode(id);
    const records = boundaryNodes(this.graph);
    for (const record of records) this.#setNode(record);
    return records.map(({ id }) => id);
  }

  /** @param {Touched} touched */
  #retrace({ links, dots }) {
    if (dots.size > 0) {
      for (const link of this.graph.links.values()) {
        if (link.reroutes?.some((id) => dots.has(id))) links.add(link.id);
      }
    }
    for (const id of links) {
      const link = this.graph.links.get(id);
      if (link) this.#setLink(link);
      else this.#deleteLink(id);
    }
  }
}

/** Fields of a node whose change alters layout, place or paint. Values alter neither.
 * @type {readonly (keyof NodeRecord)[]} */
const LOOKS = ["x", "y", "width", "height", "z", "mode", "collapsed", "title", "color", "bgcolor", "inputs", "outputs", "type", "properties"];

/** @returns {Touched} */
function untouched() {
  return { nodes: new Set(), links: new Set(), dots: new Set(), geometry: false };
}

/** @param {NodeRecord | undefined} record */
function isOff(record) {
  return record !== undefined && record.mode !== "normal";
}
