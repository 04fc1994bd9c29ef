/** Orders nodes away from the page, which stays usable meanwhile. */

import { layout } from "../core/layout.js";

addEventListener("message", ({ data: { nodes, links } }) => {
  postMessage(layout(nodes, links));
});
