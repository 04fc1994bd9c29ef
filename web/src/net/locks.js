/** Who holds what, among all tabs of this browser. */

/**
 * Hold a name until `release` is called or the page goes.
 * @param {LockManager | undefined} locks undefined on pages that are not secure: then all are free, as where they are blocked
 * @param {string} name
 * @param {number} [patience] ms to wait for it: a page that is reloaded holds its names a little longer
 * @returns {Promise<{ release(): void } | undefined>} undefined when another tab holds it
 */
export function claim(locks, name, patience = 0) {
  if (locks === undefined) return Promise.resolve({ release: () => {} });
  const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve, reject) => {
    locks.request(name, options, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise((release) => resolve({ release: () => release(undefined) }));
    }).catch((error) => {
      const name = error instanceof DOMException ? error.name : "";
      if (name === "TimeoutError" || name === "AbortError") resolve(undefined);
      // A page whose storage is blocked has no locks either.
      else if (name === "SecurityError") resolve({ release: () => {} });
      else reject(error);
    });
  });
}
