/**
 * The registry of everything the editor can be told to do: by key, menu, palette or script.
 */

/** @import { App, Command, Commands, Settings, Unsubscribe } from "../app_types.js" */

import { normalKeys } from "./key_names.js";

/** Setting that keeps rebound keys: `{ [command id]: ["Mod+K"] }`. */
export const KEYS_SETTING = "Tessera.Keys";

/** @implements {Commands} */
export class CommandRegistry {
  /** @param {() => App} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<string, Command>} */
    this.commands = new Map();
    /** @type {Map<string, string[]> | null} Command ids by stroke, until something changes. */
    this.byKeys = null;
    /** @type {{ [id: string]: string[] }} */
    this.rebound = {};
  }

  /** @param {Settings} settings */
  watch(settings) {
    settings.define({ id: KEYS_SETTING, type: "hidden", default: {}, title: "settings.keys" });
    return settings.subscribe(KEYS_SETTING, (rebound) => {
      this.rebound = rebound;
      this.byKeys = null;
    });
  }

  /**
   * @param {Command} command
   * @returns {Unsubscribe}
   * @throws {Error} when the id is taken.
   */
  register(command) {
    if (this.commands.has(command.id)) {
      throw new Error(`Command "${command.id}" is registered already; choose another id.`);
    }
    this.commands.set(command.id, command);
    this.byKeys = null;
    return () => {
      if (this.commands.get(command.id) === command) this.commands.delete(command.id);
      this.byKeys = null;
    };
  }

  /**
   * Runs a command; what goes wrong is told to the user.
   * @param {string} id
   * @throws {Error} when there is no such command.
   */
  execute(id) {
    const command = this.commands.get(id);
    if (!command) throw new Error(`There is no command "${id}".`);
    const app = this.app();
    if (command.when && !command.when(app)) return;
    void this.#run(command, app);
  }

  /** @param {Command} command @param {App} app */
  async #run(command, app) {
    try {
      await command.run(app);
    } catch (error) {
      console.error(`Command "${command.id}" failed.`, error);
      app.ui.toast("error", error instanceof Error ? error.message : String(error));
    }
  }

  list() {
    return [...this.commands.values()];
  }

  /** @param {string} id @returns {readonly string[]} */
  keysOf(id) {
    const keys = this.rebound[id] ?? this.commands.get(id)?.keys ?? [];
    return keys.map(normalKeys);
  }

  /**
   * The commands a stroke is bound to, those registered first in front.
   * @param {string} stroke
   * @returns {readonly Command[]}
   */
  boundTo(stroke) {
    this.byKeys ??= this.#index();
    const ids = this.byKeys.get(stroke) ?? [];
    return ids.map((id) => this.commands.get(id)).filter((command) => command !== undefined);
  }

  #index() {
    /** @type {Map<string, string[]>} */
    const index = new Map();
    for (const id of this.commands.keys()) {
      for (const keys of this.keysOf(id)) index.set(keys, [...(index.get(keys) ?? []), id]);
    }
    return index;
  }
}
