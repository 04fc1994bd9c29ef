/** What happens first: node types, what was open before, what a crash left, or an example. */

/** @import { App } from "../app_types.js" */
/** @import { Json } from "../core/types.js" */
/** @import { Drafts, Leftover } from "../state/drafts.js" */
/** @import { Files } from "../state/files.js" */
/** @import { NodeTypes } from "../state/node_types.js" */
/** @import { RunControl } from "../state/runs.js" */
/** @import { TabList } from "../state/tabs.js" */

import { element } from "../controls/dom.js";

const RETRY_MS = 1500;
const FIRST_EXAMPLE = "text_to_image";
/** Runs without any model. */
const SMALL_EXAMPLE = "mosaic";

/**
 * @typedef {object} Parts
 * @property {Drafts} drafts
 * @property {Files} files
 * @property {RunControl} runs
 * @property {TabList} tabs
 * @property {NodeTypes} types
 * @property {(error: unknown) => void} onError
 */

/** @param {App} app @param {Parts} parts */
export async function showStart(app, parts) {
  const { drafts, tabs, runs } = parts;
  const waiting = showWaiting(app);
  await Promise.all([nodeTypes(app, parts, waiting), drafts.open(), translations(app, parts.onError)]);
  parts.types.start();
  const isBack = await drafts.reopen();
  const leftovers = await drafts.leftovers();
  if (leftovers.length > 0) await offerLeftovers(app, parts, leftovers).catch(parts.onError);
  if (tabs.list.get().length === 0) await openExample(app, parts);
  drafts.start();
  waiting.remove();
  if (isBack) await showLastResults(tabs, runs, parts.onError);
  await runs.showQueued().catch(parts.onError);
}

/** @param {App} app @param {Parts} parts @param {readonly Leftover[]} leftovers */
async function offerLeftovers(app, { drafts }, leftovers) {
  const { offerRecovery } = await import("./recovery.js");
  await offerRecovery(app, drafts, leftovers);
}

/** @param {App} app @returns {HTMLElement} says on the canvas what is waited for */
function showWaiting(app) {
  const text = element("p", {}, app.i18n.t("shell.loadingTypes"));
  const box = element("div", { class: "start-note", role: "status" }, text);
  document.getElementById("canvas")?.append(box);
  return box;
}

/**
 * Load the node types, as soon as a worker knows them.
 * @param {App} app
 * @param {Parts} parts
 * @param {HTMLElement} waiting
 */
async function nodeTypes(app, { types }, waiting) {
  for (;;) {
    try {
      return await types.load();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      waiting.replaceChildren(element("p", {}, app.i18n.t("shell.noTypes", { reason })));
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** @param {App} app @param {(error: unknown) => void} onError */
async function translations(app, onError) {
  try {
    app.i18n.setPackTexts(await app.api.translations());
  } catch (error) {
    onError(error);
  }
}

/** The first start: a workflow that runs at once. @param {App} app @param {Parts} parts */
async function openExample(app, { files, tabs, onError }) {
  const checkpoints = app.catalogue.get().get("CheckpointLoaderSimple")?.inputs[0]?.choices ?? [];
  const name = checkpoints.length > 0 ? FIRST_EXAMPLE : SMALL_EXAMPLE;
  try {
    const workflow = /** @type {Json} */ (await app.api.json(`/api/tessera/examples/${name}.json`));
    const tab = files.openExample(workflow, app.i18n.t(`files.example.${name}`));
    if (tab) (await import("./missing_dialog.js")).useNearest(app, tab);
  } catch (error) {
    onError(error);
  }
  if (tabs.list.get().length === 0) tabs.open();
}

/** @param {TabList} tabs @param {RunControl} runs @param {(error: unknown) => void} onError */
async function showLastResults(tabs, runs, onError) {
  for (const tab of tabs.list.get()) {
    const job = tab.lastJob.get();
    if (job !== null) await runs.showResult(job, tab).catch(onError);
  }
}
