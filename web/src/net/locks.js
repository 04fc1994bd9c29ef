/** Who holds what, among all tabs of this browser. */

/**
 * Hold a name until `release` is called or the page goes.
 * @param {LockManager | undefined} locks undefined on pages that are not secure: then all are free
 * @param {string} name
 * @returns {Promise<{ release(): void } | undefined>} undefined when another tab holds it
 */
export function claim(locks, name) {
  if (locks === undefined) return Promise.resolve({ release: () => {} });
  return new Promise((resolve, reject) => {
    locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise((release) => resolve({ release: () => release(undefined) }));
    }).catch(reject);
  });
}
