/** What the artist chose; kept by the server, so that it is the same in every browser. */

/** @import { Api, SettingDefinition, Settings, Unsubscribe } from "../app_types.js" */
/** @import { Json, JsonObject } from "../core/types.js" */

import { sameJson } from "../core/changes.js";

const OURS = "Tessera.";
const SAVE_AFTER_MS = 300;

/** @implements {Settings} */
export class SettingsStore {
  /** @type {Map<string, SettingDefinition>} */
  #definitions = new Map();
  /** @type {Map<string, Json>} */
  #values = new Map();
  /** @type {Map<string, Set<(value: any) => void>>} */
  #listeners = new Map();
  /** @type {JsonObject} */
  #unsaved = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Pick<Api, "json" | "post">} api
   * @param {(error: unknown) => void} onError told when a value could not be saved
   */
  constructor(api, onError) {
    this.api = api;
    this.onError = onError;
  }

  /** Read what was chosen before, in place of what was read for another user; what was set here in the meantime stays. */
  async load() {
    const stored = /** @type {JsonObject} */ (await this.api.json("/api/settings"));
    for (const id of this.#values.keys()) {
      if (!Object.hasOwn(stored, id) && !Object.hasOwn(this.#unsaved, id)) this.#change(id, undefined);
    }
    for (const [id, value] of Object.entries(stored)) {
      if (id.startsWith(OURS) && !Object.hasOwn(this.#unsaved, id)) this.#change(id, value);
    }
  }

  /** @param {SettingDefinition} definition */
  define(definition) {
    if (this.#definitions.has(definition.id)) {
      throw new Error(`Setting "${definition.id}" is defined already; choose another id.`);
    }
    this.#definitions.set(definition.id, definition);
  }

  definitions() {
    return [...this.#definitions.values()];
  }

  /**
   * @template {Json} [T=any]
   * @param {string} id
   * @returns {T}
   */
  get(id) {
    const value = this.#values.has(id) ? this.#values.get(id) : this.#definitions.get(id)?.default;
    return /** @type {T} */ (value ?? null);
  }

  /** @param {string} id @param {Json} value */
  set(id, value) {
    if (sameJson(this.get(id), value)) return;
    this.#unsaved[id] = value;
    this.#change(id, value);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  /**
   * @param {string} id
   * @param {(value: any) => void} listener
   * @returns {Unsubscribe}
   */
  subscribe(id, listener) {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    listener(this.get(id));
    return () => void listeners.delete(listener);
  }

  /** Send what is not saved yet; after a failure it is sent with the next change. */
  async save() {
    clearTimeout(this.#timer);
    const values = this.#unsaved;
    if (Object.keys(values).length === 0) return;
    this.#unsaved = {};
    try {
      await this.api.post("/api/settings", values);
    } catch (error) {
      this.#unsaved = { ...values, ...this.#unsaved };
      this.onError(error);
    }
  }

  /** @param {string} id @param {Json} [value] left out: the default holds */
  #change(id, value) {
    const before = this.get(id);
    if (value === undefined) this.#values.delete(id);
    else this.#values.set(id, value);
    const now = this.get(id);
    if (sameJson(before, now)) return;
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener(now);
  }
}
