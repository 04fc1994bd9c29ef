/** Plain http in a local network is no secure context: browsers hold back some of what we use. */

import { newId } from "./ids.js";

/** Give the page what we can make ourselves; locks and the clipboard stay missing. */
export function fillInsecurePage() {
  if (crypto.randomUUID !== undefined) return;
  Object.defineProperty(crypto, "randomUUID", { value: newId, configurable: true });
}
