/** Tells whether a script changed what all scripts share. */

const SHARED = {
  "Object.prototype": Object.prototype,
  "Function.prototype": Function.prototype,
  "Array.prototype": Array.prototype,
  "String.prototype": String.prototype,
  "Promise.prototype": Promise.prototype,
  "Map.prototype": Map.prototype,
  "Set.prototype": Set.prototype,
  JSON,
  Math,
  Reflect,
};

/** @typedef {Map<string, PropertyDescriptorMap>} Picture */

/** @returns {Picture} what the shared objects hold now */
export function pictureOfBuiltIns() {
  /** @type {Picture} */
  const picture = new Map();
  for (const [name, object] of Object.entries(SHARED)) {
    picture.set(name, /** @type {PropertyDescriptorMap} */ (Object.getOwnPropertyDescriptors(object)));
  }
  return picture;
}

/**
 * @param {Picture} before
 * @returns {string[]} what is other than before, as "Array.prototype.map"
 */
export function changedBuiltIns(before) {
  /** @type {string[]} */
  const changed = [];
  for (const [name, object] of Object.entries(SHARED)) {
    const old = /** @type {PropertyDescriptorMap} */ (before.get(name));
    for (const key of Reflect.ownKeys(object)) {
      const now = Object.getOwnPropertyDescriptor(object, key);
      const was = /** @type {{ [key: PropertyKey]: PropertyDescriptor }} */ (old)[key];
      if (now?.value !== was?.value || now?.get !== was?.get) changed.push(`${name}.${String(key)}`);
    }
  }
  return changed;
}

/**
 * Put back what a script changed; what cannot be put back stays.
 * @param {Picture} before
 */
export function restoreBuiltIns(before) {
  for (const [name, object] of Object.entries(SHARED)) {
    const old = /** @type {{ [key: PropertyKey]: PropertyDescriptor }} */ (before.get(name));
    for (const key of Reflect.ownKeys(object)) {
      if (!Object.hasOwn(old, key)) Reflect.deleteProperty(object, key);
    }
    for (const key of Reflect.ownKeys(old)) {
      Reflect.defineProperty(object, key, /** @type {PropertyDescriptor} */ (old[key]));
    }
  }
}
