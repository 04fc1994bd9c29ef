/** Builds what one pack's script gets: see types.d.ts. */

import { jsonText } from "../core/json.js";
import { BadgeBoard } from "./badges.js";
import { Guard } from "./guard.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").Tab} Tab */
/** @typedef {import("../core/types.js").NodeRecord} NodeRecord */
/** @typedef {import("./types.js").TesseraApi} TesseraApi */
/** @typedef {import("./types.js").PackNode} PackNode */
/** @typedef {import("./types.js").PackWidgetMount} PackWidgetMount */

export const API_VERSION = 1;

/**
 * @param {App} app
 * @param {Guard} guard
 * @param {BadgeBoard} badges
 * @returns {TesseraApi}
 */
export function packApi(app, guard, badges) {
  const { pack, signal } = guard;
  const owns = (/** @type {string} */ type) => isOfPack(app, pack, type);
  /** @param {import("../app_types.js").Unsubscribe} unsubscribe */
  const untilStopped = (unsubscribe) => signal.addEventListener("abort", unsubscribe, { once: true });
  return Object.freeze({
    version: API_VERSION,
    pack,
    signal,
    widgets: Object.freeze({
      register: (/** @type {string} */ type, /** @type {PackWidgetMount} */ mount) =>
        untilStopped(app.widgets.register(type, guardedWidget(guard, mount))),
    }),
    badges: Object.freeze({
      add: (/** @type {string} */ type, /** @type {(node: PackNode) => string | null} */ text) => {
        if (!owns(type)) throw new Error(`"${type}" is no node type of ${pack}.`);
        untilStopped(badges.add(type, (tab, record) =>
          guard.run(`the badge of ${type}`, text, packNode(tab, tab.graphId(), record)) ?? null));
      },
    }),
    panels: Object.freeze({
      add: (/** @type {import("./types.js").PackPanel} */ panel) =>
        untilStopped(app.ui.panels.register({
          id: `${pack}.${panel.id}`,
          side: panel.side ?? "left",
          title: panel.title,
          icon: "extension",
          mount: (element) => {
            const close = guard.run(`the panel ${panel.id}`, () => panel.mount(element));
            return () => { if (close) guard.run(`closing the panel ${panel.id}`, close); };
          },
        })),
    }),
    commands: Object.freeze({
      add: (/** @type {Parameters<TesseraApi["commands"]["add"]>[0]} */ command) =>
        untilStopped(app.commands.register({
          id: `${pack}.${command.id}`,
          title: command.title,
          ...(command.keys && { keys: command.keys }),
          run: () => guard.run(`the command ${command.id}`, () => command.run()),
        })),
    }),
    messages: Object.freeze({
      on: (/** @type {string} */ type, /** @type {(data: any) => void} */ listener) => {
        app.socket.on(type, (data) => guard.run(`a message ${type}`, listener, data), signal);
      },
    }),
    nodes: Object.freeze({
      list: () => ownNodes(app, owns, () => true),
      selected: () => ownNodes(app, owns, (tab, { id }) => tab.selection.get().nodes.has(id)),
    }),
    fetch: (/** @type {string} */ path, /** @type {RequestInit} */ options = {}) => {
      if (!/^\/(?![/\\])/.test(path)) throw new Error(`"${path}" is no route of this server: it begins with one "/".`);
      return app.api.fetch(path, { ...options, signal: options.signal ?? signal });
    },
    toast: (/** @type {import("../app_types.js").ToastKind} */ kind, /** @type {string} */ text) =>
      app.ui.toast(kind, `${pack}: ${text}`),
    language: () => app.i18n.language.get(),
  });
}

/**
 * @param {App} app
 * @param {string} pack
 * @param {string} type
 */
function isOfPack(app, pack, type) {
  return app.catalogue.get().get(type)?.module.split(".").slice(0, 2).join(".") === `custom_nodes.${pack}`;
}

/**
 * @param {App} app
 * @param {(type: string) => boolean} owns
 * @param {(tab: Tab, record: NodeRecord) => boolean} wanted
 * @returns {PackNode[]}
 */
function ownNodes(app, owns, wanted) {
  const tab = app.tabs.active.get();
  const graph = tab?.doc.graph(tab.graphId());
  if (!tab || !graph) return [];
  return [...graph.nodes.values()]
    .filter((record) => owns(record.type) && wanted(tab, record))
    .map((record) => packNode(tab, tab.graphId(), record));
}

/**
 * @param {Tab} tab
 * @param {string} graphId
 * @param {NodeRecord} record
 * @returns {PackNode}
 */
function packNode(tab, graphId, record) {
  return Object.freeze({
    id: record.id,
    type: record.type,
    title: record.title ?? record.type,
    values: Object.freeze({ ...record.values }),
    set: (/** @type {string} */ input, /** @type {import("../core/types.js").Json} */ value) => {
      if (!Object.hasOwn(record.values, input)) throw new Error(`"${record.type}" has no input "${input}" with a value.`);
      tab.edit("edit.value", (tx) => tx.setValue(graphId, record.id, input, structuredClone(value)));
    },
  });
}

/**
 * @param {Guard} guard
 * @param {PackWidgetMount} mount
 * @returns {import("../app_types.js").WidgetMount}
 */
function guardedWidget(guard, mount) {
  return (element, context) => {
    const what = `the widget ${context.input.name}`;
    const errors = guard.errors;
    const handle = guard.run(what, () => mount(element, Object.freeze({
      name: context.input.name,
      type: context.input.type,
      options: structuredClone(context.input.options),
      signal: context.signal,
      get: () => structuredClone(context.get()),
      set: (/** @type {import("../core/types.js").Json} */ value, /** @type {{ merge?: boolean }} */ options) =>
        context.set(structuredClone(value), options),
    })));
    // The value stays in the document, whatever becomes of its widget.
    if (guard.errors > errors) element.textContent = `${guard.pack}: ${jsonText(context.get())}`;
    return {
      update: (value) => { if (handle) guard.run(what, () => handle.update(value)); },
      unmount: () => { if (handle?.unmount) guard.run(what, () => handle.unmount?.()); },
    };
  };
}

