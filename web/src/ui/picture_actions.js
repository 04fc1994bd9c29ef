/** What can be done with a picture: its workflow, using it, saving, copying. */

/** @import { App, FileReference, MenuItem, Tab } from "../app_types.js" */
/** @import { Json, NodeType } from "../core/types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { Picture } from "../state/gallery.js" */

import { titleOf } from "../state/files.js";
import { addNode, select } from "./add_node.js";
import { clipboard } from "./clipboard.js";

/**
 * The history entry of the run that made a picture.
 * @param {App} app
 * @param {string} jobId
 * @returns {Promise<any>} undefined when it is not in the history any more
 */
export async function historyOf(app, jobId) {
  const history = /** @type {{ [id: string]: any }} */ (await app.api.json(`/api/history/${encodeURIComponent(jobId)}`));
  return history[jobId];
}

/** @param {App} app @param {Files} files @param {Picture} picture */
export async function openWorkflowOf(app, files, { file, jobId, label }) {
  const entry = jobId === null ? undefined : await historyOf(app, jobId);
  const workflow = /** @type {Json | undefined} */ (entry?.prompt?.[3]?.extra_pnginfo?.workflow ?? entry?.prompt?.[2]);
  if (workflow !== undefined) await files.openWorkflow(workflow, label || titleOf(file.filename));
  else await files.openFile(new File([await blobOf(app, file)], file.filename));
}

const LOADER = "LoadImage";

/**
 * Copy a picture into the input folder and give it to the selected nodes that take one, else to the
 * one node that loads one, else to a new one.
 * @param {App} app
 * @param {Picture} picture
 */
export async function useAsInput(app, { file }) {
  const { name, subfolder } = await app.api.uploadImage(await blobOf(app, file), file.filename);
  const value = subfolder ? `${subfolder}/${name}` : name;
  const tab = app.tabs.active.get();
  if (tab) giveTo(app, tab, value);
  app.ui.toast("ok", app.i18n.t("gallery.usedAsInput", { name: value }));
}

/** @param {App} app @param {Tab} tab @param {string} value of an input that takes a picture */
function giveTo(app, tab, value) {
  const graph = tab.graphId();
  const takers = wanted(app, tab);
  if (takers.length > 0) {
    tab.edit("edit.setValue", (tx) => {
      for (const { id, input } of takers) tx.setValue(graph, id, input, value);
    });
    select(tab, takers.map(({ id }) => id));
    return;
  }
  const loader = app.catalogue.get().get(LOADER);
  const input = loader && pictureInput(loader);
  if (loader && input) addNode(app, loader, undefined, { [input]: value });
}

/** The nodes that are meant, without a word. @param {App} app @param {Tab} tab */
function wanted(app, tab) {
  const nodes = [...(tab.doc.graph(tab.graphId())?.nodes.values() ?? [])];
  const takers = nodes.flatMap(({ id, type: name }) => {
    const type = app.catalogue.get().get(name);
    const input = type && pictureInput(type);
    return input ? [{ id, input, isLoader: name === LOADER }] : [];
  });
  const selected = takers.filter(({ id }) => tab.selection.get().nodes.has(id));
  const loaders = takers.filter(({ isLoader }) => isLoader);
  return selected.length > 0 || loaders.length !== 1 ? selected : loaders;
}

/** @param {NodeType} type */
function pictureInput(type) {
  return type.inputs.find(({ widget }) => widget === "image_upload")?.name;
}

/** @param {App} app @param {Picture} picture */
export async function copyPicture(app, { file }) {
  const target = clipboard(app);
  const picture = await createImageBitmap(await blobOf(app, file));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  // Clipboards take PNG only.
  const png = await canvas.convertToBlob({ type: "image/png" });
  await target.write([new ClipboardItem({ "image/png": png })]);
  app.ui.toast("ok", app.i18n.t("gallery.copied"));
}

/** The file as it is, with all it carries. @param {App} app @param {Picture} picture */
export function savePicture(app, { file }) {
  const link = document.createElement("a");
  link.href = app.api.viewUrl(file);
  link.download = file.filename;
  link.click();
}

/** @param {App} app @param {FileReference} file */
async function blobOf(app, file) {
  return (await app.api.fetch(app.api.viewUrl(file))).blob();
}

/**
 * @param {App} app
 * @param {Files} files
 * @param {Picture} picture
 * @returns {MenuItem[]}
 */
export function pictureMenu(app, files, picture) {
  const tell = (/** @type {Promise<unknown>} */ work) => {
    work.catch((error) => app.ui.toast("error", error instanceof Error ? error.message : String(error)));
  };
  return [
    { title: app.i18n.t("gallery.openWorkflow"), icon: "nodes", run: () => tell(openWorkflowOf(app, files, picture)) },
    { title: app.i18n.t("gallery.useAsInput"), icon: "input", run: () => tell(useAsInput(app, picture)) },
    { separator: true },
    { title: app.i18n.t("gallery.save"), icon: "download", run: () => savePicture(app, picture) },
    { title: app.i18n.t("gallery.copy"), icon: "copy", run: () => tell(copyPicture(app, picture)) },
  ];
}
