/** Pictures on nodes: a double click shows them large, a right click offers what can be done. */

/** @import { App } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { Picture } from "../state/gallery.js" */
/** @import { PictureViewer } from "./picture_viewer.js" */

/** @param {App} app @param {{ files: Files, viewer: PictureViewer }} parts @param {HTMLElement} canvas */
export function watchNodePictures(app, { files, viewer }, canvas) {
  canvas.addEventListener("dblclick", (event) => {
    const found = picturesAt(app, event);
    if (!found) return;
    event.stopPropagation();
    void viewer.show(found.pictures, found.index);
  }, { capture: true });
  canvas.addEventListener("contextmenu", (event) => {
    const found = picturesAt(app, event);
    const picture = found?.pictures[found.index];
    if (!found || !picture) return;
    event.preventDefault();
    event.stopPropagation();
    void showMenu(event, found.pictures, found.index, picture);
  }, { capture: true });
  const showMenu = async (/** @type {MouseEvent} */ { clientX, clientY }, /** @type {Picture[]} */ pictures, /** @type {number} */ index, /** @type {Picture} */ picture) => {
    const { pictureMenu } = await import("./picture_actions.js");
    await app.ui.menu({ x: clientX, y: clientY }, [
      { title: app.i18n.t("gallery.open"), icon: "image", run: () => void viewer.show(pictures, index) },
      ...pictureMenu(app, files, picture),
    ]);
  };
}

/**
 * @param {App} app
 * @param {Event} event
 * @returns {{ pictures: Picture[], index: number } | undefined}
 */
function picturesAt(app, event) {
  const image = event.target instanceof Element ? event.target.closest(".node-image") : null;
  const node = image?.closest("[data-node]")?.getAttribute("data-node");
  const tab = app.tabs.active.get();
  if (!image || !node || !tab) return undefined;
  const run = tab.run.get(tab.executionId(node));
  if (!run || run.previewUrl) return undefined;
  const label = tab.title.get();
  const pictures = (run.outputs?.images ?? []).map((file, index) => (
    { file, index, label, jobId: tab.lastJob.get(), madeAt: null, seconds: run.seconds ?? null }
  ));
  const index = [...(image.parentElement?.children ?? [])].indexOf(image);
  return pictures.length > 0 ? { pictures, index: Math.max(0, index) } : undefined;
}
