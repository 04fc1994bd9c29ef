/**
 * A value that others watch.
 *
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(next: T) => void} set Tells listeners only when the value is another one (Object.is).
 * @property {(change: (current: T) => T) => void} update
 * @property {(listener: (value: T) => void) => () => void} subscribe Returns what ends it.
 */

/**
 * Return a store that holds `initial`.
 *
 * A listener added or removed while listeners are told counts from the next change on.
 *
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  let value = initial;
  /** @type {Set<{ tell: (value: T) => void }>} */
  const listeners = new Set();
  /** @param {T} next */
  const set = (next) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) if (listeners.has(listener)) listener.tell(next);
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe(tell) {
      const listener = { tell };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
