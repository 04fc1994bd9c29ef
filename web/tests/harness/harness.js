/** The canvas alone, with a small stand-in for the rest of the editor. `?graph=picture|200|1000|…` */

/** @import { App, MenuItem, SettingDefinition } from "../../src/app_types.js" */
/** @import { Json } from "../../src/core/types.js" */

import { createStore } from "../../src/core/store.js";
import { Doc } from "../../src/core/document.js";
import { i18n, fetchLocale } from "../../src/i18n.js";
import { attachCanvas } from "../../src/interaction/attach.js";
import { CommandRegistry } from "../../src/interaction/commands.js";
import { defineCanvasSettings } from "../../src/interaction/canvas_settings.js";
import { CanvasView } from "../../src/render/view.js";
import { Tab } from "../../src/state/tab.js";
import { createWidgets } from "../../src/widgets/built_in.js";
import { gridGraph, pictureGraph, testCatalogue } from "./graphs.js";

const query = new URLSearchParams(location.search);

function fakeSettings() {
  /** @type {Map<string, Json>} */
  const values = new Map();
  /** @type {Map<string, SettingDefinition>} */
  const definitions = new Map();
  /** @type {Map<string, ((value: any) => void)[]>} */
  const listeners = new Map();
  /** @param {string} id @returns {any} */
  const get = (id) => values.get(id) ?? definitions.get(id)?.default ?? null;
  return {
    get,
    /** @param {string} id @param {Json} value */
    set(id, value) {
      values.set(id, value);
      for (const listener of listeners.get(id) ?? []) listener(value);
    },
    /** @param {string} id @param {(value: any) => void} listener */
    subscribe(id, listener) {
      listeners.set(id, [...(listeners.get(id) ?? []), listener]);
      listener(get(id));
      return () => {};
    },
    /** @param {SettingDefinition} definition */
    define(definition) {
      definitions.set(definition.id, definition);
    },
    definitions: () => [...definitions.values()],
  };
}

/** What the page was asked to show, for tests to look at. */
const asked = {
  /** @type {{ kind: string, text: string }[]} */
  toasts: [],
  /** @type {readonly MenuItem[]} */
  menu: [],
  /** @type {any} */
  palette: null,
  /** @type {any[]} */
  runs: [],
  /** What is written into the field of a dialog. */
  words: "",
};

await i18n.load(query.get("language") === "zh" ? "zh" : "en", (path) => fetchLocale(path).catch(() => (path.endsWith("index.json") ? [] : {})));
const settings = fakeSettings();
defineCanvasSettings(settings);
const commands = new CommandRegistry(() => parts);
commands.watch(settings);
const overlay = /** @type {HTMLElement} */ (document.getElementById("overlay"));
const catalogue = createStore(testCatalogue());

/** @type {any} */
const parts = {
  catalogue,
  settings,
  i18n: Object.assign(i18n, { t: i18n.t.bind(i18n) }),
  commands,
  widgets: createWidgets(),
  tabs: { active: createStore(null), list: createStore([]) },
  api: { viewUrl: (/** @type {{ filename: string }} */ file) => `/tests/harness/${file.filename}`, embeddings: async () => [], models: async () => [] },
  extensions: { decorations: createStore(0), badgesOf: () => [], fittingOf: () => undefined, menuOf: () => undefined, onFitting: () => () => {} },
  runs: { run: async (/** @type {unknown} */ options) => void asked.runs.push(options) },
  ui: {
    overlay,
    toast: (/** @type {string} */ kind, /** @type {string} */ text) => void asked.toasts.push({ kind, text }),
    menu: async (/** @type {unknown} */ _, /** @type {readonly MenuItem[]} */ items) => void (asked.menu = items),
    openPalette: (/** @type {unknown} */ request) => void (asked.palette = request),
    dialog: async (/** @type {{ body: HTMLTextAreaElement }} */ { body }) => {
      body.value = asked.words;
      return true;
    },
    prompt: async (/** @type {string} */ _, /** @type {string} */ value) => `${value} 2`,
    panels: { toggle() {}, open() {} },
  },
};
/** @type {App} */
const app = parts;
const view = new CanvasView(app, /** @type {HTMLElement} */ (document.getElementById("canvas")));
parts.view = view;
attachCanvas(app, view, commands);

/** @param {string | null} name */
function graphNamed(name) {
  if (name === "empty") return Doc.empty();
  if (name && /^\d+$/.test(name)) return gridGraph(catalogue.get(), Number(name));
  return pictureGraph(catalogue.get());
}

const started = performance.now();
const tab = new Tab(graphNamed(query.get("graph")), { title: "Test" });
const built = performance.now();
parts.tabs.active.set(tab);
view.setTab(tab);
const rect = view.shown?.scene.bounds();
if (rect) view.camera.set(view.camera.fitting(rect));
await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const emptyTab = () => new Tab(Doc.empty(), { title: "Other" });
Object.assign(window, { harness: { app, view, tab, emptyTab, asked, openMs: performance.now() - built, buildMs: built - started } });
