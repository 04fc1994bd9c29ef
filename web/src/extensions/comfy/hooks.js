/** What ComfyUI's scripts registered, and how their hooks are called: none that fails or hangs holds up others. */

import { within } from "../guard.js";

/** @typedef {import("../host.js").ExtensionHost} ExtensionHost */
/** @typedef {{ name?: string, [hook: string]: any }} ComfyExtension */
/** @typedef {{ pack: string, extension: ComfyExtension }} Registered */

export class ComfyHooks {
  /** @type {Registered[]} */
  registered = [];

  /** @param {ExtensionHost} host */
  constructor(host) {
    this.host = host;
  }

  /** @param {ComfyExtension} extension of the pack whose script calls */
  add(extension) {
    const pack = packOfStack(new Error().stack ?? "") ?? extension.name ?? "?";
    this.registered.push({ pack, extension });
  }

  /**
   * Call a hook of every extension, beside one another.
   * @param {string} hook
   * @param {unknown[]} args
   */
  async all(hook, ...args) {
    await Promise.all(this.registered.map(({ pack, extension }) => this.settled(pack, hook, extension, ...args)));
  }

  /**
   * Wait for a hook, as long as for a script: others do not wait for one that fails or never ends.
   * @param {string} pack
   * @param {string} hook
   * @param {any} owner
   * @param {unknown[]} args
   * @returns {Promise<any>} undefined when it failed
   */
  async settled(pack, hook, owner, ...args) {
    const result = Promise.resolve(this.call(pack, hook, owner, ...args));
    const told = result.catch(() => undefined); // by the guard, which watches it
    try {
      return await within(this.host.patience_ms, told);
    } catch (error) {
      this.host.guard(pack).failed(hook, error);
      return undefined;
    }
  }

  /**
   * @param {string} pack
   * @param {string} hook
   * @param {any} owner what has the hook
   * @param {unknown[]} args
   * @returns {any} undefined when it failed, which is told, or is no function
   */
  call(pack, hook, owner, ...args) {
    const call = owner[hook];
    return typeof call === "function" ? this.host.guard(pack).run(hook, call.bind(owner), ...args) : undefined;
  }
}

/**
 * The pack whose script calls, as the stack tells.
 * @param {string} stack
 */
export function packOfStack(stack) {
  const match = /\/extensions\/([^/\s]+)\//.exec(stack);
  return match?.[1] && match[1] !== "core" ? decodeURIComponent(match[1]) : undefined;
}
