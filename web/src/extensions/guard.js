/**
 * Runs code of one pack: its errors stay its own, its time is counted, and after too many errors
 * it is stopped.
 */

/** A script that fails this often is broken, and its messages would hide all others. */
export const ERROR_LIMIT = 20;

/** @typedef {(what: string, error: unknown) => void} Tell */

export class Guard {
  /**
   * @param {string} pack
   * @param {Tell} tell hears every error
   */
  constructor(pack, tell) {
    this.pack = pack;
    this.tell = tell;
    this.errors = 0;
    this.milliseconds = 0;
    this.stopper = new AbortController();
  }

  get signal() {
    return this.stopper.signal;
  }

  /**
   * Call a pack's function. A promise it returns is watched, not awaited.
   * @template {unknown[]} A
   * @template T
   * @param {string} what "the badge of MyNode"
   * @param {(...args: A) => T} call
   * @param {A} args
   * @returns {T | undefined} undefined also when it failed or the script is stopped
   */
  run(what, call, ...args) {
    if (this.signal.aborted) return undefined;
    const begun = performance.now();
    try {
      const result = call(...args);
      if (result instanceof Promise) result.catch((error) => this.failed(what, error));
      return result;
    } catch (error) {
      this.failed(what, error);
      return undefined;
    } finally {
      this.milliseconds += performance.now() - begun;
    }
  }

  /**
   * @param {string} what
   * @param {unknown} error
   */
  failed(what, error) {
    this.errors += 1;
    this.tell(what, error);
    if (this.errors >= ERROR_LIMIT) this.stop();
  }

  /** Take back all that was registered. */
  stop() {
    this.stopper.abort();
  }
}

/**
 * One sentence of whatever was thrown, hostile values included.
 * @param {unknown} error
 */
export function sentenceOf(error) {
  if (error instanceof Error) return error.message || error.name;
  try {
    return String(error);
  } catch {
    return "an error that has no text";
  }
}

/**
 * @template T
 * @param {number} patience_ms
 * @param {Promise<T>} promise
 * @returns {Promise<T>} rejects when it takes longer; what came late is not waited for
 */
export async function within(patience_ms, promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${patience_ms / 1000} s.`)), patience_ms);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}
