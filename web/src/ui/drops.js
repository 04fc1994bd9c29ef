/** Files that are dropped on the canvas: workflows open in a new tab (Alt: what made the picture), pictures go to their node. */

/** @import { App } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */

const PICTURE = /^image\//;

/** @param {App} app @param {Files} files @param {HTMLElement} canvas */
export function acceptDrops(app, files, canvas) {
  // Anywhere else the browser would leave the editor to show the file.
  for (const type of /** @type {const} */ (["dragover", "drop"])) {
    addEventListener(type, (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
  }
  canvas.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    canvas.classList.add("dropping");
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  for (const type of /** @type {const} */ (["dragleave", "drop", "dragend"])) {
    canvas.addEventListener(type, () => canvas.classList.remove("dropping"));
  }
  canvas.addEventListener("drop", (event) => {
    const dropped = [...(event.dataTransfer?.files ?? [])];
    if (dropped.length === 0 || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    take(app, files, event, dropped).catch((error) => app.ui.toast("error", error.message));
  });
}

/** @param {App} app @param {Files} files @param {DragEvent} event @param {readonly File[]} dropped */
async function take(app, files, event, dropped) {
  const [first] = dropped;
  const node = event.target instanceof Element ? event.target.closest("[data-node]")?.getAttribute("data-node") : null;
  if (first && node && PICTURE.test(first.type) && (await loadInto(app, node, first))) return;
  for (const file of dropped) await files.openFile(file, { onlyBranch: event.altKey });
}

/**
 * Give a picture to the node it was dropped on.
 * @param {App} app
 * @param {string} node
 * @param {File} file
 * @returns {Promise<boolean>} false when the node takes no picture
 */
async function loadInto(app, node, file) {
  const tab = app.tabs.active.get();
  const graph = tab?.graphId() ?? "root";
  const record = tab?.doc.graph(graph)?.nodes.get(node);
  const input = app.catalogue.get().get(record?.type ?? "")?.inputs.find(({ widget }) => widget === "image_upload");
  if (!tab || !input) return false;
  const { name, subfolder } = await app.api.uploadImage(file, file.name);
  const value = subfolder ? `${subfolder}/${name}` : name;
  tab.edit("edit.setValue", (tx) => tx.setValue(graph, node, input.name, value));
  return true;
}

/** @param {DragEvent} event */
function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
