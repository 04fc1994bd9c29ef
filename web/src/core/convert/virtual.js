/**
 * Nodes that exist on the canvas only. Packs of names and reroutes may also bring a node that
 * runs under the same name, so theirs count only where the catalogue does not know the type.
 *
 * @import { Catalogue } from "../types.d.ts"
 */

import { CANVAS_MODULE } from "../catalogue.js";

export const SETTER = "SetNode";
export const GETTER = "GetNode";

const OF_PACKS = new Set([SETTER, GETTER, "Reroute (rgthree)"]);

/**
 * @param {string} type
 * @param {Catalogue} catalogue
 */
export function isVirtual(type, catalogue) {
  const known = catalogue.get(type);
  return known ? known.module === CANVAS_MODULE : OF_PACKS.has(type);
}
