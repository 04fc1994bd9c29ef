/**
 * What a pack's script gets to extend the editor: version 1.
 *
 * A script is an ES module anywhere in the pack's WEB_DIRECTORY that exports `activate`:
 *
 *     export const apiVersion = 1;
 *     export function activate(tessera) {
 *       tessera.badges.add("MyNode", (node) => `${node.values.steps} steps`);
 *     }
 *
 * Everything registered goes away when the script is stopped (`signal`). A pack reaches its own
 * nodes only. Whatever it throws is caught, counted and shown under its name.
 */

import type { Json, JsonObject } from "../core/types.js";

export interface Module {
  readonly apiVersion?: number;
  activate?(api: TesseraApi): void | Promise<void>;
}

export interface TesseraApi {
  readonly version: 1;
  /** Folder of the pack. */
  readonly pack: string;
  /** Aborts when the script is stopped. */
  readonly signal: AbortSignal;
  readonly widgets: {
    /** Draw inputs of a type of the pack's own, instead of their plain value. */
    register(inputType: string, mount: PackWidgetMount): void;
  };
  readonly badges: {
    /** A short text on nodes of one of the pack's types; null for none. Called when the node changes. */
    add(nodeType: string, text: (node: PackNode) => string | null): void;
  };
  readonly panels: {
    add(panel: PackPanel): void;
  };
  readonly commands: {
    /** `keys` as "Mod+Shift+K"; the artist may bind others. */
    add(command: { id: string; title: string; keys?: readonly string[]; run(): void | Promise<void> }): void;
  };
  readonly messages: {
    /** Messages the pack's Python sends with `PromptServer.instance.send_sync(type, data)`. */
    on(type: string, listener: (data: Json) => void): void;
  };
  readonly nodes: {
    /** Nodes of the pack's types in the shown graph. */
    list(): readonly PackNode[];
    selected(): readonly PackNode[];
  };
  /** Call a route of this server. `path` begins with "/". */
  fetch(path: string, options?: RequestInit): Promise<Response>;
  toast(kind: "info" | "ok" | "warn" | "error", text: string): void;
  /** "en" or "zh". */
  language(): string;
}

/** A node of one of the pack's types, as it was when it was asked for. */
export interface PackNode {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly values: { readonly [input: string]: Json };
  /** One step of undo. Unknown inputs are an error. */
  set(input: string, value: Json): void;
}

export interface PackWidgetContext {
  readonly name: string;
  readonly type: string;
  readonly options: JsonObject;
  readonly signal: AbortSignal;
  get(): Json;
  /** `merge` joins a change with the one before into one step of undo (dragging). */
  set(value: Json, options?: { merge?: boolean }): void;
}
export type PackWidgetMount = (element: HTMLElement, context: PackWidgetContext) => { update(value: Json): void; unmount?(): void } | void;

export interface PackPanel {
  readonly id: string;
  readonly title: string;
  readonly side?: "left" | "right" | "bottom";
  /** Fill the element; the returned function is called when the panel closes. */
  mount(element: HTMLElement): void | (() => void);
}
