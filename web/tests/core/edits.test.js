import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createNode } from "../../src/core/nodes.js";
import { Doc, DocumentError, ROOT } from "../../src/core/document.js";
import { edit } from "../../src/core/edits.js";
import { History } from "../../src/core/history.js";
import { createStore } from "../../src/core/store.js";
import { CATALOGUE } from "./fixtures.js";

/** @import { Tx } from "../../src/core/edits.js" */
/** @import { NodeType } from "../../src/core/types.d.ts" */

/** @param {string} name */
const type = (name) => /** @type {NodeType} */ (CATALOGUE.get(name));
/** @param {Tx} tx @param {string} name @param {number} [x] */
const add = (tx, name, x = 0) => tx.addNode(ROOT, createNode(type(name), { x, y: 0 }));

/** A document of two linked nodes, and a history that did not see how it came about. */
function linked() {
  const doc = Doc.empty();
  let ids = /** @type {string[]} */ ([]);
  edit(doc, "setup", (tx) => {
    ids = [add(tx, "VAEDecode"), add(tx, "PreviewImage", 400)];
    tx.connect(ROOT, { from: ids[0] ?? "", output: "IMAGE", to: ids[1] ?? "", input: "images" });
  });
  const [decode = "", preview = ""] = ids;
  let now = 0;
  const clock = { get: () => now, pass: (/** @type {number} */ ms) => (now += ms) };
  return { doc, decode, preview, clock, history: new History(doc, clock.get) };
}

describe("a document", () => {
  test("tells listeners once per edit, with each record once", () => {
    const { doc, decode } = linked();
    /** @type {number[]} */
    const told = [];
    doc.subscribe((changes) => told.push(changes.length));
    edit(doc, "move", (tx) => {
      for (let step = 0; step < 5; step += 1) tx.moveNodes(ROOT, [decode], { x: 1, y: 0 });
    });
    assert.deepEqual(told, [1]);
  });

  test("is unchanged and silent when an edit throws", () => {
    const { doc, decode } = linked();
    const before = doc.root.nodes.get(decode);
    doc.subscribe(() => assert.fail("nothing was changed"));
    assert.throws(() => edit(doc, "bad", (tx) => {
      tx.removeNodes(ROOT, [decode]);
      tx.node(ROOT, decode);
    }), /has no node/);
    assert.equal(doc.root.nodes.get(decode), before);
    assert.equal([...doc.root.linksOf(decode)].length, 1);
  });

  test("refuses a change whose record is not what it says, and takes none of the list", () => {
    const { doc, decode } = linked();
    const node = doc.root.nodes.get(decode);
    assert.ok(node);
    const fits = { kind: /** @type {const} */ ("meta"), graph: /** @type {const} */ ("root"), id: "a", before: null, after: 1 };
    const stale = { kind: /** @type {const} */ ("node"), graph: ROOT, id: decode, before: { ...node, x: 99 }, after: null };
    assert.throws(() => doc.apply([fits, stale]), DocumentError);
    assert.equal(doc.meta("a"), null);
  });

  test("accepts changes that went through a journal as JSON", () => {
    const { doc, decode } = linked();
    const { changes } = edit(doc, "value", (tx) => tx.updateNode(ROOT, decode, { title: "T" }));
    const other = linked().doc;
    other.apply(JSON.parse(JSON.stringify(changes)));
    assert.equal(other.root.nodes.get(decode)?.title, "T");
  });

  test("finds the link into a port and the links of a node after every edit", () => {
    const { doc, decode, preview } = linked();
    assert.equal(doc.root.linkInto(preview, "images")?.from, decode);
    const { changes } = edit(doc, "again", (tx) => {
      const second = add(tx, "VAEDecode", 10);
      tx.connect(ROOT, { from: second, output: "IMAGE", to: preview, input: "images" });
    });
    assert.notEqual(doc.root.linkInto(preview, "images")?.from, decode);
    assert.equal([...doc.root.linksOf(decode)].length, 0);
    assert.equal(changes.filter((change) => change.kind === "link").length, 2);
  });

  test("never gives an id out twice, also after the node is gone", () => {
    const { doc, decode, preview } = linked();
    edit(doc, "remove", (tx) => tx.removeNodes(ROOT, [decode, preview]));
    edit(doc, "add", (tx) => assert.ok(![decode, preview].includes(add(tx, "VAEDecode"))));
  });

  test("lets no graph go that still holds something", () => {
    const doc = Doc.empty();
    edit(doc, "graph", (tx) => {
      tx.addGraph({ id: "g", name: "g", inputs: [], outputs: [] });
      tx.addNode("g", createNode(type("VAEDecode"), { x: 0, y: 0 }));
    });
    const before = doc.graph("g")?.record ?? null;
    assert.throws(() => doc.apply([{ kind: "graph", graph: "g", id: "g", before, after: null }]), /not empty/);
  });
});

describe("the history", () => {
  test("takes a step back and repeats it", () => {
    const { doc, decode, preview, history } = linked();
    history.push(edit(doc, "remove", (tx) => tx.removeNodes(ROOT, [decode])));
    assert.equal(history.undoLabel, "remove");
    history.undo();
    assert.equal(doc.root.linkInto(preview, "images")?.from, decode);
    history.redo();
    assert.equal(doc.root.nodes.has(decode), false);
    assert.deepEqual([history.canUndo, history.canRedo], [true, false]);
  });

  test("makes one step of edits with one key that follow closely", () => {
    const { doc, decode, clock, history } = linked();
    const type = (/** @type {string} */ text) =>
      history.push(edit(doc, "type", (tx) => tx.setValue(ROOT, decode, "text", text), { mergeKey: "text" }));
    for (const text of ["a", "ab", "abc"]) {
      clock.pass(500);
      type(text);
    }
    clock.pass(5000);
    type("abcd");
    history.undo();
    assert.equal(doc.root.nodes.get(decode)?.values.text, "abc");
    history.undo();
    assert.equal(doc.root.nodes.get(decode)?.values.text, undefined);
    assert.equal(history.canUndo, false);
  });

  test("does not merge across an undo", () => {
    const { doc, decode, history } = linked();
    const set = (/** @type {number} */ x) =>
      history.push(edit(doc, "move", (tx) => tx.updateNode(ROOT, decode, { x }), { mergeKey: "m" }));
    set(1);
    history.undo();
    history.redo();
    set(2);
    history.undo();
    assert.equal(doc.root.nodes.get(decode)?.x, 1);
  });

  test("keeps no step that changed nothing", () => {
    const { doc, decode, history } = linked();
    history.push(edit(doc, "move", (tx) => tx.moveNodes(ROOT, [decode], { x: 0, y: 0 })));
    assert.equal(history.canUndo, false);
  });

  test("holds only the records of the step, however large the document", () => {
    const { doc, decode } = linked();
    edit(doc, "many", (tx) => {
      for (let i = 0; i < 500; i += 1) add(tx, "VAEDecode", i);
    });
    const { changes } = edit(doc, "move", (tx) => tx.moveNodes(ROOT, [decode], { x: 1, y: 1 }));
    assert.equal(changes.length, 1);
  });
});

describe("groups", () => {
  test("move with all they hold, each once", () => {
    const { doc, decode, preview } = linked();
    edit(doc, "groups", (tx) => {
      const rect = { x: 0, y: 0, width: 10, height: 10, title: "" };
      const inner = tx.addGroup(ROOT, { ...rect, nodes: [preview], groups: [] });
      const outer = tx.addGroup(ROOT, { ...rect, nodes: [decode], groups: [inner] });
      tx.move(ROOT, { groups: [outer, inner], nodes: [preview] }, { x: 7, y: 0 });
    });
    assert.deepEqual([...doc.root.groups.values()].map((group) => group.x), [7, 7]);
    assert.deepEqual([doc.root.nodes.get(decode)?.x, doc.root.nodes.get(preview)?.x], [7, 407]);
  });

  test("leave their members to the group around them when removed", () => {
    const { doc, decode, preview } = linked();
    edit(doc, "groups", (tx) => {
      const rect = { x: 0, y: 0, width: 10, height: 10, title: "" };
      const inner = tx.addGroup(ROOT, { ...rect, nodes: [preview], groups: [] });
      tx.addGroup(ROOT, { ...rect, nodes: [decode], groups: [inner] });
      tx.removeGroups(ROOT, [inner]);
    });
    assert.deepEqual([...doc.root.groups.values()].map((group) => [group.nodes, group.groups]), [[[decode, preview], []]]);
  });
});

describe("dots on wires", () => {
  test("go with the last link that passes them", () => {
    const { doc, decode, preview } = linked();
    edit(doc, "dot", (tx) => {
      const link = /** @type {string} */ ([...doc.root.links.keys()][0]);
      tx.addReroute(ROOT, [link], { x: 5, y: 5 });
    });
    assert.equal(doc.root.reroutes.size, 1);
    edit(doc, "replace", (tx) => {
      const { reroutes } = /** @type {{ reroutes?: readonly string[] }} */ (doc.root.linkInto(preview, "images"));
      tx.connect(ROOT, { from: decode, output: "IMAGE", to: preview, input: "images", reroutes });
    });
    assert.equal(doc.root.reroutes.size, 1, "a link through the same dot keeps it");
    edit(doc, "cut", (tx) => tx.removeNodes(ROOT, [preview]));
    assert.equal(doc.root.reroutes.size, 0);
  });

  test("can be removed without their links", () => {
    const { doc, preview } = linked();
    edit(doc, "dot", (tx) => {
      const [link = ""] = doc.root.links.keys();
      tx.removeReroutes(ROOT, [tx.addReroute(ROOT, [link], { x: 5, y: 5 })]);
    });
    assert.equal(doc.root.linkInto(preview, "images")?.reroutes, undefined);
    assert.equal(doc.root.reroutes.size, 0);
  });
});

test("a store tells only changed values, also when listeners leave meanwhile", () => {
  const store = createStore(1);
  /** @type {number[]} */
  const told = [];
  const leave = store.subscribe((value) => {
    told.push(value);
    leaveOther();
  });
  const leaveOther = store.subscribe((value) => told.push(-value));
  store.set(1);
  store.update((value) => value + 1);
  leave();
  store.set(3);
  assert.deepEqual(told, [2]);
});
