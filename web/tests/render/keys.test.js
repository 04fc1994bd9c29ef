import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandRegistry, KEYS_SETTING } from "../../src/interaction/commands.js";
import { keysText, normalKeys, strokeName } from "../../src/interaction/key_names.js";

/** @import { App } from "../../src/app_types.js" */

/** @param {string} key @param {string} code @param {Partial<KeyboardEvent>} [held] */
function stroke(key, code, held = {}) {
  return { key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

test("strokes are named by what they write, or by place where that is no Latin letter", () => {
  assert.equal(strokeName(stroke("z", "KeyZ", { ctrlKey: true }), false), "Mod+Z");
  assert.equal(strokeName(stroke("Z", "KeyZ", { metaKey: true, shiftKey: true }), true), "Mod+Shift+Z");
  assert.equal(strokeName(stroke("я", "KeyZ", { ctrlKey: true }), false), "Mod+Z");
  assert.equal(strokeName(stroke("ç", "KeyC", { altKey: true }), true), "Alt+C");
  assert.equal(strokeName(stroke(" ", "Space"), false), "Space");
  assert.equal(strokeName(stroke("!", "Digit1", { shiftKey: true }), false), "Shift+1");
  assert.equal(strokeName(stroke("Shift", "ShiftLeft", { shiftKey: true }), false), "");
});

test("one stroke has one spelling", () => {
  assert.equal(normalKeys("shift+mod+z"), "Mod+Shift+Z");
  assert.equal(normalKeys("F8"), "F8");
  assert.equal(keysText("Mod+Shift+Z", false), "Ctrl+Shift+Z");
  assert.equal(keysText("Mod+Shift+Z", true), "⌘⇧Z");
});

/** @param {any} [app] */
function registry(app = {}) {
  return new CommandRegistry(() => /** @type {App} */ (app));
}

const noop = () => {};

test("two commands cannot have one id", () => {
  const commands = registry();
  commands.register({ id: "a", title: "a", run: noop });
  assert.throws(() => commands.register({ id: "a", title: "a", run: noop }), /"a" is registered already/);
});

test("an unknown command is an error that names it", () => {
  assert.throws(() => registry().execute("nope"), /no command "nope"/);
});

test("a command whose condition fails does not run", () => {
  const commands = registry();
  commands.register({ id: "a", title: "a", when: () => false, run: () => assert.fail("it ran") });
  assert.doesNotThrow(() => commands.execute("a"));
});

test("what goes wrong in a command is told, also when it is late", async () => {
  /** @type {string[]} */
  const told = [];
  const commands = registry({ ui: { toast: (/** @type {string} */ _, /** @type {string} */ text) => told.push(text) } });
  const report = console.error;
  console.error = noop;
  try {
    commands.register({ id: "a", title: "a", run: async () => { throw new Error("disk full"); } });
    commands.execute("a");
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    console.error = report;
  }
  assert.deepEqual(told, ["disk full"]);
});

test("rebinding replaces the keys a command came with", () => {
  /** @type {(value: any) => void} */
  let rebind = noop;
  const commands = registry();
  commands.watch(/** @type {any} */ ({
    define: noop,
    subscribe: (/** @type {string} */ id, /** @type {typeof rebind} */ listener) => {
      assert.equal(id, KEYS_SETTING);
      rebind = listener;
      listener({});
    },
  }));
  commands.register({ id: "undo", title: "undo", keys: ["Mod+Z"], run: noop });
  assert.deepEqual(commands.boundTo("Mod+Z").map(({ id }) => id), ["undo"]);
  rebind({ undo: ["mod+u"] });
  assert.deepEqual(commands.boundTo("Mod+Z"), []);
  assert.deepEqual(commands.boundTo("Mod+U").map(({ id }) => id), ["undo"]);
  assert.deepEqual(commands.keysOf("undo"), ["Mod+U"]);
});

test("a command taken back is bound no more", () => {
  const commands = registry();
  const takeBack = commands.register({ id: "a", title: "a", keys: ["A"], run: noop });
  takeBack();
  assert.deepEqual(commands.boundTo("A"), []);
  assert.deepEqual(commands.list(), []);
});
