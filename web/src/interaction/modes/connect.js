/** @import { Mode, At, PointerController } from "../pointer.js" */
/** @import { Hit } from "../hit.js" */
/** @import { End, Verdict } from "../linking.js" */
/** @import { LinkRecord, NodeType, Point } from "../../core/types.js" */

import { HEADER_HEIGHT } from "../../core/node_layout.js";
import { createNode } from "../../core/nodes.js";
import { compatible } from "../../core/type_rules.js";
import { typeStyle } from "../../render/type_style.js";
import { nodeAt } from "../hit.js";
import { adopt } from "../group_membership.js";
import { bestPort, bestPortOfType, connectEnds, portAt, socketNear, sourceOf, verdictOn } from "../linking.js";

const SNAP_PX = 26;
const LEAST_SNAP = 16;
/** From an inserted converter to the port it feeds. */
const BETWEEN = 60;

/** What is in hand: an end that stays, and the wire it was taken from if any. @typedef {{ end: End, taken?: LinkRecord }} Grabbed */

/**
 * A press on a linked input takes its wire off; Shift begins a new one there instead.
 * @param {PointerController} controller
 * @param {Extract<Hit, { kind: "port" }>} hit
 * @param {boolean} anew
 * @returns {Grabbed}
 */
export function grabbedEnd({ shown }, { id, key, side }, anew) {
  const taken = side === "in" && !anew ? shown.scene.graph.linkInto(id, key) : undefined;
  return taken ? { end: sourceOf(taken), taken } : { end: { id, key, side } };
}

/** A wire in hand. On the canvas it opens the palette; on a port that does not fit it says why. @implements {Mode} */
export class ConnectMode {
  name = "connect";
  followsEdges = true;

  /** @param {PointerController} controller @param {At} press @param {Grabbed} grabbed */
  constructor(controller, press, { end, taken }) {
    this.controller = controller;
    this.end = end;
    this.taken = taken;
    const { scene } = controller.shown;
    this.port = portAt(scene.graph, end);
    this.start = scene.anchor(end.id, end.key, end.side) ?? press.graph;
    /** @type {End | undefined} */
    this.aim = undefined;
    /** @type {Verdict} */
    this.verdict = { ok: true };
    controller.view.nodes?.pins.add(end.id);
    this.#dimRefusing(true);
  }

  /** @param {At} at */
  move({ client, graph }) {
    const { view, shown } = this.controller;
    const aim = this.#aimAt(graph);
    if (aim?.id !== this.aim?.id || aim?.key !== this.aim?.key) {
      this.aim = aim;
      this.verdict = aim ? verdictOn(shown.scene, this.end, aim) : { ok: true };
    }
    const tip = aim && shown.scene.anchor(aim.id, aim.key, aim.side);
    const to = tip && this.verdict.ok ? tip : graph;
    this.#showHand(to);
    view.overlay.showHalo(tip ?? null, view.camera, this.verdict.ok);
    if (this.verdict.ok) this.controller.hint.hide();
    else this.controller.hint.show(refusalText(this.controller, this.verdict), client, true);
  }

  /** @param {Point} to Where the loose end is. */
  #showHand(to) {
    const { view } = this.controller;
    const points = this.end.side === "out" ? [this.start.x, this.start.y, to.x, to.y] : [to.x, to.y, this.start.x, this.start.y];
    view.overlay.showHand(points, view.camera, view.linkStyle, typeStyle(this.port?.type ?? "*").token);
  }

  /** @param {Point} point @returns {End | undefined} */
  #aimAt(point) {
    const { view, shown } = this.controller;
    const near = socketNear(shown.scene, this.end, point, Math.max(SNAP_PX / view.camera.zoom, LEAST_SNAP));
    if (near && !(near.id === this.end.id && near.key === this.end.key)) {
      const node = shown.scene.nodes.get(near.id);
      // All ports of a collapsed node are in one place: the best one is meant.
      return node?.record.collapsed ? bestPort(shown.scene, this.end, near.id) ?? near : near;
    }
    const id = nodeAt(view, point);
    return id === undefined || id === this.end.id ? undefined : bestPort(shown.scene, this.end, id);
  }

  /** @param {At} at */
  up({ client, graph }) {
    const { aim, verdict } = this;
    this.#clear();
    if (aim && verdict.ok) return this.#connect(aim);
    if (aim && !verdict.ok) {
      if (verdict.suggestion) this.#convert(verdict.suggestion, aim, graph);
      return;
    }
    const onNode = nodeAt(this.controller.view, graph) !== undefined;
    if (this.taken) this.#disconnect(this.taken);
    else if (!onNode) this.#openPalette(client, graph);
  }

  /** @param {End} aim */
  #connect(aim) {
    const { tab, shown } = this.controller;
    const { taken } = this;
    if (taken && taken.to === aim.id && taken.input === aim.key) return;
    const { graphId } = shown.scene;
    tab.edit("edit.connect", (tx) => {
      if (taken) tx.disconnect(graphId, taken.id);
      connectEnds(tx, shown.scene, this.end, aim);
    });
  }

  /** @param {LinkRecord} link */
  #disconnect(link) {
    const { tab, shown } = this.controller;
    tab.edit("edit.disconnect", (tx) => tx.disconnect(shown.scene.graphId, link.id));
  }

  /** Types with a port for this wire; the picked one is added and connected. @param {Point} client @param {Point} graph */
  #openPalette(client, graph) {
    const { app, view } = this.controller;
    const { port } = this;
    if (!port) return;
    // The wire stays in sight until it is known what it is for.
    const show = () => this.#showHand(graph);
    const take = () => {
      view.stage.frameListeners.delete(show);
      view.overlay.clear();
    };
    view.stage.frameListeners.add(show);
    show();
    app.ui.openPalette({
      at: client,
      filter: { type: port.type, from: this.end.side === "out" ? "output" : "input" },
      onPick: (type) => {
        take();
        this.#addAndConnect(type, graph);
      },
      onCancel: take,
    });
  }

  /** @param {NodeType} type @param {Point} at */
  #addAndConnect(type, at) {
    const { tab, shown } = this.controller;
    const { graphId } = shown.scene;
    const { port } = this;
    const key = port && bestPortOfType(type, port, this.end.side);
    let id = "";
    tab.edit("edit.addNode", (tx) => {
      const record = createNode(type, at);
      const place = this.end.side === "out" ? at : { x: at.x - record.width, y: at.y };
      id = tx.addNode(graphId, { ...record, ...place });
      adopt(tx, graphId, id, at, shown.scene.catalogue);
      if (key === undefined) return;
      connectEnds(tx, shown.scene, this.end, { id, key, side: this.end.side === "out" ? "in" : "out" });
    });
    this.controller.select([id]);
  }

  /** Puts a node in between that makes the one type of the other. @param {string} name @param {End} aim @param {Point} graph */
  #convert(name, aim, graph) {
    const { tab, shown } = this.controller;
    const type = shown.scene.catalogue.get(name);
    const port = portAt(shown.scene.graph, aim);
    if (!type || !port || !this.port) return;
    const near = bestPortOfType(type, this.port, this.end.side), far = bestPortOfType(type, port, aim.side);
    if (near === undefined || far === undefined) return;
    const { graphId } = shown.scene;
    let id = "";
    tab.edit("edit.insert", (tx) => {
      const record = createNode(type, graph);
      const aside = this.end.side === "out" ? -record.width - BETWEEN : BETWEEN;
      id = tx.addNode(graphId, { ...record, x: graph.x + aside, y: graph.y - HEADER_HEIGHT });
      adopt(tx, graphId, id, graph, shown.scene.catalogue);
      connectEnds(tx, shown.scene, this.end, { id, key: near, side: this.end.side === "out" ? "in" : "out" });
      connectEnds(tx, shown.scene, { id, key: far, side: this.end.side }, aim);
    });
    this.controller.select([id]);
  }

  /** @param {boolean} on */
  #dimRefusing(on) {
    const type = this.port?.type ?? "*";
    const side = this.end.side === "out" ? "in" : "out";
    for (const view of this.controller.view.nodes?.views.values() ?? []) {
      const { record } = view.shape;
      for (const socket of view.element.querySelectorAll(".socket")) {
        const { port: key, side: own } = /** @type {HTMLElement} */ (socket).dataset;
        const port = (own === "in" ? record.inputs : record.outputs).find((candidate) => candidate.key === key);
        const fits = own === side && port !== undefined && compatible(port.type, type);
        socket.classList.toggle("refusing", on && !fits && !(record.id === this.end.id && key === this.end.key));
      }
    }
  }

  #clear() {
    const { view, hint } = this.controller;
    view.overlay.clear();
    hint.hide();
    view.nodes?.pins.delete(this.end.id);
    this.#dimRefusing(false);
  }

  cancel() {
    this.#clear();
  }
}

/** @param {PointerController} controller @param {Exclude<Verdict, { ok: true }>} verdict */
function refusalText({ app }, { code, values, suggestion }) {
  const { t, nodeTitle } = app.i18n;
  const reason = t.call(app.i18n, `canvas.connect.${code}`, values);
  const type = suggestion === undefined ? undefined : app.catalogue.get().get(suggestion);
  if (!type) return reason;
  return `${reason} ${t.call(app.i18n, "canvas.connect.suggestion", { node: nodeTitle.call(app.i18n, type) })}`;
}
