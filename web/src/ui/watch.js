/** Showing a store for as long as something is on the page. */

/** @import { Store, Unsubscribe } from "../app_types.js" */

/**
 * Show a value now, and again whenever it is another one.
 * @template T
 * @param {Store<T>} store
 * @param {(value: T) => void} show
 * @param {AbortSignal} [signal]
 * @returns {Unsubscribe}
 */
export function watch(store, show, signal) {
  const stop = store.subscribe(show);
  signal?.addEventListener("abort", stop, { once: true });
  show(store.get());
  return stop;
}

/**
 * Watch a store of whatever another store holds: of the active tab, for instance. What is returned
 * by `enter` ends the watching of what is left.
 * @template T
 * @param {Store<T>} store
 * @param {(value: T, signal: AbortSignal) => void} enter
 * @param {AbortSignal} [signal]
 * @returns {Unsubscribe}
 */
export function watchInner(store, enter, signal) {
  let inner = new AbortController();
  const stop = watch(store, (value) => {
    inner.abort();
    inner = new AbortController();
    enter(value, inner.signal);
  });
  const end = () => {
    stop();
    inner.abort();
  };
  signal?.addEventListener("abort", end, { once: true });
  return end;
}
