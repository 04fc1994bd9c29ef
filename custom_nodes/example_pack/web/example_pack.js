// Runs in the editor. Hooks are listed in the README's section "Writing a pack".
import { app } from "/scripts/app.js";

app.registerExtension({
  name: "example_pack",

  /** Give the nodes of this pack a colour of their own. */
  nodeCreated(node) {
    if (node.comfyClass?.startsWith("Example")) {
      node.color = "#3a4a5a";
    }
  },
});
