/** The panels of the shell, and the numbers on their buttons. */

/** @import { App, Panel } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { RunControl } from "../state/runs.js" */
/** @import { TabList } from "../state/tabs.js" */
/** @import { PictureViewer } from "./picture_viewer.js" */

import { lazily } from "./lazy.js";
import { watch, watchInner } from "./watch.js";

/** @param {App} app @param {{ files: Files, runs: RunControl, tabs: TabList, viewer: PictureViewer }} parts */
export function registerShellPanels(app, { files, runs, tabs, viewer }) {
  const { panels } = app.ui;
  /** @type {[id: string, side: Panel["side"], title: string, icon: string, order: number, mount: Panel["mount"]][]} */
  const all = [
    ["workflows", "left", "files.panel", "folder", 20, lazily(async () => {
      const { mountWorkflows } = await import("./workflows_panel.js");
      return (place) => mountWorkflows(place, app, files);
    })],
    ["gallery", "left", "gallery.panel", "image", 25, lazily(async () => {
      const { mountGallery } = await import("./gallery_panel.js");
      return (place) => mountGallery(place, app, { files, runs, viewer });
    })],
    ["packs", "left", "packs.panel", "packs", 60, lazily(async () => (await import("./packs_panel.js")).mountPacks)],
    ["queue", "right", "running.panel", "queue", 110, lazily(async () => {
      const { mountQueue } = await import("./queue_panel.js");
      return (place) => mountQueue(place, app, runs);
    })],
    ["errors", "bottom", "errors.panel", "errors", 200, lazily(async () => (await import("./errors_panel.js")).mountErrors)],
  ];
  for (const [id, side, title, icon, order, mount] of all) panels.register({ id, side, title, icon, order, mount });
  watch(runs.jobs, (jobs) => panels.badge("queue", jobs.length > 0 ? String(jobs.length) : ""));
  watchInner(tabs.active, (tab, signal) => {
    if (!tab) panels.badge("errors", "");
    else watch(tab.problems, (problems) => panels.badge("errors", problems.length > 0 ? String(problems.length) : "", "error"), signal);
  });
}
