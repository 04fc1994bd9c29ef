/** @import { Problem } from "../types.d.ts" */

/** Collects what is wrong with a file; the same thing at the same place is said once. */
export class Problems {
  /** @type {Problem[]} */
  list = [];
  #seen = new Set();

  /**
   * @param {Problem["severity"]} severity
   * @param {string} code
   * @param {string} message
   * @param {{ executionId?: string, input?: string }} [place]
   */
  #add(severity, code, message, place = {}) {
    const key = JSON.stringify([code, place.executionId, place.input, message]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.list.push({ severity, code, message, ...place });
  }

  /**
   * @param {string} code
   * @param {string} message
   * @param {{ executionId?: string, input?: string }} [place]
   */
  error(code, message, place) {
    this.#add("error", code, message, place);
  }

  /**
   * @param {string} code
   * @param {string} message
   * @param {{ executionId?: string, input?: string }} [place]
   */
  warn(code, message, place) {
    this.#add("warning", code, message, place);
  }
}
