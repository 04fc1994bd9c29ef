/** Making elements: text is always inserted as text, styles never as attributes. */

/**
 * @typedef {string | Node | null | undefined | false} Child
 * @typedef {{ [name: string]: string | number | boolean | null | undefined }} Attributes
 */

/**
 * Make an element. An attribute that is true is written without a value; false, null and undefined
 * leave it out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) made.append(child);
  return made;
}

let lastId = 0;

/**
 * An id no other element has, for labels and descriptions.
 * @param {string} prefix
 */
export function uniqueId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/**
 * Whether a key belongs to an input method that composes a character (229 is what browsers that
 * do not tell send).
 * @param {KeyboardEvent} event
 */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/**
 * Listen until the signal aborts.
 * @template {keyof HTMLElementEventMap} Type
 * @param {EventTarget} target
 * @param {Type} type
 * @param {(event: HTMLElementEventMap[Type]) => void} listener
 * @param {AbortSignal} signal
 * @param {AddEventListenerOptions} [options]
 */
export function on(target, type, listener, signal, options = {}) {
  const generic = /** @type {EventListener} */ (listener);
  target.addEventListener(type, generic, { ...options, signal });
}
