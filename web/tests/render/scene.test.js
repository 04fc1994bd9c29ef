import assert from "node:assert/strict";
import { test } from "node:test";
import { edit } from "../../src/core/edits.js";
import { History } from "../../src/core/history.js";
import { createNode } from "../../src/core/nodes.js";
import { adopt, adoptPasted, growGroups, regroup, regrouped, regroupGroups } from "../../src/interaction/group_membership.js";
import { bestPort, bestPortOfType, connectEnds, socketNear, verdictOn } from "../../src/interaction/linking.js";
import { LiveEdit } from "../../src/interaction/live_edit.js";
import { NEW_PORT } from "../../src/render/boundary.js";
import { WIDGET_HEIGHT } from "../../src/core/node_layout.js";
import { notesHeight } from "../../src/render/group_notes.js";
import { Lift } from "../../src/render/lift.js";
import { GROUP_TITLE_HEIGHT } from "../../src/render/painting.js";
import { Scene } from "../../src/render/scene.js";
import { sceneOf } from "../../src/render/scenes.js";
import { currentValue } from "../../src/core/catalogue.js";
import { promoteInput } from "../../src/core/subgraph_ports.js";
import { convertToSubgraph } from "../../src/core/subgraphs.js";
import { gridGraph, pictureGraph, testCatalogue } from "../harness/graphs.js";

const catalogue = testCatalogue();

function pictureScene() {
  const doc = pictureGraph(catalogue);
  return { doc, scene: new Scene(doc, "root", catalogue) };
}

/** What a scene derived, to compare with one made anew. @param {Scene} scene */
function derived(scene) {
  const nodes = [...scene.nodes].map(([id, { rect, record }]) => [id, rect, record]);
  const links = [...scene.links].map(([id, { points, token, quiet }]) => [id, points, token, quiet]);
  return { nodes: nodes.sort(), links: links.sort() };
}

test("wires end at the sockets the layout says", () => {
  const { scene } = pictureScene();
  for (const { record, points } of scene.links.values()) {
    assert.deepEqual(scene.anchor(record.from, record.output, "out"), { x: points[0], y: points[1] });
    assert.deepEqual(scene.anchor(record.to, record.input, "in"), { x: points.at(-2), y: points.at(-1) });
  }
  assert.equal(scene.links.size, 9);
});

test("a scene kept through edits and undo is the one made anew", () => {
  const { doc, scene } = pictureScene();
  const history = new History(doc);
  const steps = [
    () => edit(doc, "x", (tx) => tx.moveNodes("root", ["1", "5"], { x: 33, y: -7 })),
    () => edit(doc, "x", (tx) => tx.updateNode("root", "2", { collapsed: true, mode: "mute" })),
    () => edit(doc, "x", (tx) => void tx.addReroute("root", ["1"], { x: 5, y: 6 })),
    () => edit(doc, "x", (tx) => tx.removeNodes("root", ["5"])),
  ];
  for (const step of steps) {
    history.push(step());
    assert.deepEqual(derived(scene), derived(new Scene(doc, "root", catalogue)));
  }
  while (history.canUndo) {
    history.undo();
    assert.deepEqual(derived(scene), derived(new Scene(doc, "root", catalogue)));
  }
});

test("changing a value lays nothing out and repaints nothing", () => {
  const { doc, scene } = pictureScene();
  const { layouts, version } = scene;
  /** @type {boolean[]} */
  const told = [];
  scene.onChange = ({ geometry }) => told.push(geometry);
  edit(doc, "x", (tx) => tx.setValue("root", "5", "steps", 30));
  assert.deepEqual([scene.layouts, scene.version, told], [layouts, version, [false]]);
  assert.equal(scene.nodes.get("5")?.record.values["steps"], 30);
});

test("moving one node of a thousand lays out one and traces only its wires", () => {
  const doc = gridGraph(catalogue, 1000);
  const scene = new Scene(doc, "root", catalogue);
  const before = new Map(scene.links);
  const { layouts } = scene;
  edit(doc, "x", (tx) => tx.moveNodes("root", ["500"], { x: 1, y: 1 }));
  assert.equal(scene.layouts - layouts, 1);
  const traced = [...scene.links].filter(([id, shape]) => before.get(id) !== shape).length;
  assert.equal(traced, [...doc.root.linksOf("500")].length);
});

test("switching to a tab again makes no second scene", () => {
  const doc = pictureGraph(catalogue);
  assert.equal(sceneOf(doc, "root", catalogue), sceneOf(doc, "root", catalogue));
});

test("a subgraph shows its ends; a wire to the open port makes a new one for all instances", () => {
  const { doc } = pictureScene();
  let id = "";
  edit(doc, "x", (tx) => { id = convertToSubgraph(tx, "root", { nodes: ["5", "6"] }, "Pictures", catalogue); });
  const inner = doc.root.nodes.get(id)?.type ?? "";
  const scene = new Scene(doc, inner, catalogue);
  assert.ok(scene.nodes.has("@inputs") && scene.nodes.has("@outputs"));
  const before = doc.graph(inner)?.record.inputs.length ?? 0;
  const open = { id: "@inputs", key: NEW_PORT, side: /** @type {const} */ ("out") };
  edit(doc, "x", (tx) => connectEnds(tx, scene, open, { id: "5", key: "steps", side: "in" }));
  assert.equal(doc.graph(inner)?.record.inputs.length, before + 1);
  assert.ok(doc.root.nodes.get(id)?.inputs.some((port) => port.name === "steps"));
  assert.deepEqual(derived(scene), derived(new Scene(doc, inner, catalogue)));
});

test("the instances of a subgraph follow the values inside that their ports stand for", () => {
  const { doc } = pictureScene();
  const history = new History(doc);
  let [inner, outer] = ["", ""];
  edit(doc, "x", (tx) => { inner = convertToSubgraph(tx, "root", { nodes: ["5"] }, "Sample", catalogue); });
  const definition = doc.root.nodes.get(inner)?.type ?? "";
  edit(doc, "x", (tx) => { promoteInput(tx, definition, "5", "steps", catalogue); });
  edit(doc, "x", (tx) => { outer = convertToSubgraph(tx, "root", { nodes: [inner] }, "Around", catalogue); });
  const around = doc.root.nodes.get(outer)?.type ?? "";
  const [nested = ""] = doc.graph(around)?.nodes.keys() ?? [];
  edit(doc, "x", (tx) => { promoteInput(tx, around, nested, "steps", catalogue); });
  const scene = new Scene(doc, "root", catalogue);
  const shown = () => {
    const shape = scene.nodes.get(outer);
    const input = shape?.type?.inputs.find(({ name }) => name === "steps");
    return input && currentValue(shape?.record.values, input);
  };
  assert.equal(shown(), 20);
  /** @type {string[]} */
  let told = [];
  scene.onChange = ({ nodes }) => { told = [...nodes]; };
  history.push(edit(doc, "x", (tx) => tx.setValue(definition, "5", "steps", 6)));
  assert.equal(shown(), 6);
  assert.deepEqual(told, [outer]);
  edit(doc, "x", (tx) => tx.setValue("root", outer, "steps", 9));
  assert.equal(shown(), 9, "what the instance holds comes first");
  const { layouts } = scene;
  edit(doc, "x", (tx) => tx.moveNodes(definition, ["5"], { x: 5, y: 5 }));
  assert.equal(scene.layouts, layouts, "a move inside is nothing to its instances");
});

test("what is held hangs at its new place while the document stays", () => {
  const { doc, scene } = pictureScene();
  const lift = new Lift(scene, { nodes: ["5"] });
  assert.deepEqual(new Set([...doc.root.linksOf("5")].map(({ id }) => id)), lift.links);
  lift.moveTo(10, 20);
  for (const link of lift.links) {
    const shape = scene.links.get(link);
    assert.ok(shape);
    const moved = lift.pointsOf(shape);
    const end = shape.record.to === "5" ? moved.length - 2 : 0;
    assert.deepEqual([moved[end], moved[end + 1]], [Number(shape.points[end]) + 10, Number(shape.points[end + 1]) + 20]);
  }
  assert.equal(doc.root.nodes.get("5")?.x, 740);
});

test("the port of exactly the type is found first, and the reason for a refusal", () => {
  const { scene } = pictureScene();
  const image = { id: "6", key: "IMAGE", side: /** @type {const} */ ("out") };
  assert.deepEqual(bestPort(scene, image, "7"), { id: "7", key: "images", side: "in" });
  assert.equal(bestPort(scene, image, "4"), undefined);
  const verdict = verdictOn(scene, image, { id: "5", key: "latent_image", side: "in" });
  assert.deepEqual(verdict, {
    ok: false, code: "type_mismatch", values: { needs: "LATENT", got: "IMAGE" }, suggestion: "VAEEncode",
  });
  const blur = catalogue.get("ImageBlur");
  assert.ok(blur);
  assert.equal(bestPortOfType(blur, { key: "a", name: "a", type: "MASK" }, "out"), "mask");
});

test("the socket nearest to the pointer is taken, within reach", () => {
  const { scene } = pictureScene();
  const held = { id: "6", key: "IMAGE", side: /** @type {const} */ ("out") };
  const socket = scene.anchor("7", "images", "in");
  assert.ok(socket);
  assert.deepEqual(socketNear(scene, held, { x: socket.x - 6, y: socket.y + 3 }, 20), { id: "7", key: "images", side: "in" });
  assert.equal(socketNear(scene, held, { x: socket.x - 60, y: socket.y }, 20), undefined);
});

test("a node dropped into a group joins it, one carried out leaves it, one at the edge makes it grow", () => {
  const group = { id: "1", title: "g", x: 0, y: 0, width: 400, height: 300, nodes: ["a"], groups: [] };
  const at = (/** @type {number} */ x) => ({ x, y: 100, width: 100, height: 80 });
  assert.deepEqual(regrouped([group], new Map([["b", at(50)]])), new Map([["b", "1"]]));
  assert.deepEqual(regrouped([group], new Map([["a", at(900)]])), new Map([["a", null]]));
  assert.deepEqual(regrouped([group], new Map([["a", at(380)]])), new Map());
});

test("groups keep hold of their members, the outer ones of the inner ones", () => {
  const { doc, scene } = pictureScene();
  edit(doc, "x", (tx) => {
    const inner = tx.addGroup("root", { title: "inner", x: 0, y: 0, width: 10, height: 10, nodes: ["1"], groups: [] });
    const outer = tx.addGroup("root", { title: "outer", x: 0, y: 0, width: 10, height: 10, nodes: [], groups: [inner] });
    const rectOf = (/** @type {string} */ id) => scene.nodes.get(id)?.rect;
    growGroups(tx, "root", rectOf);
    regroup(tx, "root", new Map());
    const [small, large] = [tx.graph("root").groups.get(inner), tx.graph("root").groups.get(outer)];
    const node = rectOf("1");
    assert.ok(small && large && node);
    assert.ok(small.x < node.x && small.x + small.width > node.x + node.width);
    assert.ok(large.y < small.y && large.y + large.height > small.y + small.height);
  });
});

test("a group grows upwards until its note has room above its nodes; one without nodes grows downwards", () => {
  const { doc, scene } = pictureScene();
  edit(doc, "x", (tx) => {
    const group = tx.addGroup("root", { title: "g", x: 0, y: 0, width: 10, height: 10, nodes: ["1"], groups: [] });
    const empty = tx.addGroup("root", { title: "e", x: 5, y: 2000, width: 300, height: 40, nodes: [], groups: [], notes: "one\ntwo" });
    const rectOf = (/** @type {string} */ id) => scene.nodes.get(id)?.rect;
    const now = (/** @type {string} */ id) => /** @type {import("../../src/core/types.js").GroupRecord} */ (tx.graph("root").groups.get(id));
    growGroups(tx, "root", rectOf);
    const before = now(group);
    assert.equal(notesHeight(before), 0);
    tx.updateGroup("root", group, { notes: "# Title\n\nwords ".repeat(5) });
    growGroups(tx, "root", rectOf);
    const node = rectOf("1");
    assert.ok(node && now(group).y < before.y);
    assert.ok(now(group).y + GROUP_TITLE_HEIGHT + notesHeight(now(group)) < node.y);
    assert.equal(now(group).y + now(group).height, before.y + before.height);
    assert.equal(now(empty).y, 2000);
    assert.ok(now(empty).height > notesHeight(now(empty)));
  });
});

test("a group dropped in another joins it, and leaves it when it is taken out; none joins what is in it", () => {
  const { doc } = pictureScene();
  edit(doc, "x", (tx) => {
    const group = (/** @type {number} */ x, /** @type {number} */ size, /** @type {string[]} */ groups) =>
      tx.addGroup("root", { title: "g", x, y: 5000, width: size, height: size, nodes: [], groups });
    const inner = group(100, 50, []), middle = group(90, 100, [inner]), outer = group(0, 400, []);
    const held = (/** @type {string} */ id) => tx.graph("root").groups.get(id)?.groups;
    regroupGroups(tx, "root", new Set([middle, inner]));
    assert.deepEqual([held(outer), held(middle)], [[middle], [inner]]);
    tx.updateGroup("root", middle, { x: 350 });
    regroupGroups(tx, "root", new Set([middle]));
    assert.deepEqual(held(outer), [middle], "its middle is inside");
    tx.updateGroup("root", middle, { x: 390 });
    regroupGroups(tx, "root", new Set([middle]));
    assert.deepEqual(held(outer), [middle], "it still touches it");
    tx.updateGroup("root", middle, { x: 900 });
    regroupGroups(tx, "root", new Set([middle]));
    assert.deepEqual(held(outer), []);
    tx.updateGroup("root", outer, { x: 895 });
    regroupGroups(tx, "root", new Set([outer]));
    assert.deepEqual(held(middle), [inner], "a large group does not join a small one");
  });
});

test("a new node belongs to the group it was asked for in, which grows for it", () => {
  const { doc } = pictureScene();
  const type = catalogue.get("KSampler");
  assert.ok(type);
  edit(doc, "x", (tx) => {
    const group = tx.addGroup("root", { title: "g", x: 0, y: 5000, width: 120, height: 120, nodes: [], groups: [] });
    const at = { x: 60, y: 5060 };
    const id = tx.addNode("root", createNode(type, at));
    adopt(tx, "root", id, at, catalogue);
    const grown = tx.graph("root").groups.get(group);
    assert.deepEqual(grown?.nodes, [id]);
    assert.ok(grown.x + grown.width > at.x + tx.node("root", id).width);
    adopt(tx, "root", tx.addNode("root", createNode(type, { x: 9000, y: 0 })), { x: 9000, y: 0 }, catalogue);
    assert.deepEqual(tx.graph("root").groups.get(group)?.nodes, [id]);
  });
});

test("what is pasted belongs to the groups it lies in, which grow for it; what came in a group stays there", () => {
  const { doc } = pictureScene();
  const type = catalogue.get("KSampler");
  assert.ok(type);
  edit(doc, "x", (tx) => {
    const group = (/** @type {number} */ x, /** @type {number} */ size, /** @type {string[]} */ nodes = []) =>
      tx.addGroup("root", { title: "g", x, y: 5000, width: size, height: size, nodes, groups: [] });
    const node = (/** @type {number} */ x) => tx.addNode("root", createNode(type, { x, y: 5050 }));
    const outer = group(0, 420);
    const [inside, beside, member] = [node(260), node(3000), node(20)];
    const pasted = group(10, 340, [member]);
    adoptPasted(tx, "root", { nodes: [inside, beside, member], groups: [pasted] }, catalogue);
    const grown = tx.graph("root").groups.get(outer);
    assert.deepEqual([grown?.nodes, grown?.groups], [[inside], [pasted]]);
    assert.ok(grown && grown.x + grown.width > 260 + tx.node("root", inside).width);
    assert.deepEqual(tx.graph("root").groups.get(pasted)?.nodes, [member]);
  });
});

test("longer notes need more room, wider groups less, and none more than there may be", () => {
  const text = "A sentence that goes on. ".repeat(8);
  assert.ok(notesHeight({ notes: text, width: 200 }) > notesHeight({ notes: text, width: 400 }));
  assert.ok(notesHeight({ notes: "字".repeat(60), width: 300 }) > notesHeight({ notes: "i".repeat(60), width: 300 }));
  assert.equal(notesHeight({ notes: text.repeat(100), width: 200 }), notesHeight({ notes: text.repeat(200), width: 200 }));
});

test("a live edit is one step of the history, or none", () => {
  const { doc } = pictureScene();
  const tab = /** @type {any} */ ({ doc, history: new History(doc) });
  const live = new LiveEdit(tab, "edit.resize");
  for (const width of [300, 310, 320]) live.step((tx) => tx.resize("root", "1", { width }));
  live.keep();
  assert.equal(doc.root.nodes.get("1")?.width, 320);
  tab.history.undo();
  assert.equal(doc.root.nodes.get("1")?.width, 220);
  const dropped = new LiveEdit(tab, "edit.resize");
  dropped.step((tx) => tx.resize("root", "1", { width: 500 }));
  dropped.drop();
  assert.equal(doc.root.nodes.get("1")?.width, 220);
  assert.equal(tab.history.canUndo, false);
});

test("a row that a pack hides goes, unless a wire feeds it; controls get room below the rows", () => {
  const { doc, scene } = pictureScene();
  const type = catalogue.get("LoraLoader");
  assert.ok(type);
  let id = "";
  edit(doc, "x", (tx) => { id = tx.addNode("root", { ...createNode(type, { x: 0, y: 900 }) }); });
  const names = () => scene.nodes.get(id)?.layout.rows.flatMap((row) => (row.kind === "widget" ? row.input.name : []));
  const before = scene.nodes.get(id)?.layout.minHeight ?? 0;
  const fitting = { hidden: new Set(["strength"]), controls: [], foot: 50 };
  /** @type {string[][]} */
  const told = [];
  scene.onChange = ({ nodes }) => told.push([...nodes]);
  scene.setFittings((node) => (node === id ? fitting : undefined));
  assert.deepEqual(told, [[id]]);
  assert.deepEqual(names(), []);
  assert.equal(scene.nodes.get(id)?.layout.minHeight, before - WIDGET_HEIGHT + 50);
  assert.equal(scene.anchor(id, "strength", "in"), undefined);
  let link = "";
  edit(doc, "x", (tx) => { link = tx.connect("root", { from: "5", output: "LATENT", to: id, input: "strength" }); });
  assert.deepEqual(names(), ["strength"]);
  assert.ok(scene.links.has(link));
  edit(doc, "x", (tx) => tx.disconnect("root", link));
  assert.deepEqual(names(), []);
});
