/** The panels of the shell, and the numbers on their buttons. */

/** @import { App } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { RunControl } from "../state/runs.js" */
/** @import { TabList } from "../state/tabs.js" */
/** @import { Viewer } from "./viewer.js" */

import { mountErrors } from "./errors_panel.js";
import { mountGallery } from "./gallery_panel.js";
import { mountPacks } from "./packs_panel.js";
import { mountQueue } from "./queue_panel.js";
import { watch, watchInner } from "./watch.js";
import { mountWorkflows } from "./workflows_panel.js";

/** @param {App} app @param {{ files: Files, runs: RunControl, tabs: TabList, viewer: Viewer }} parts */
export function registerShellPanels(app, { files, runs, tabs, viewer }) {
  const { panels } = app.ui;
  panels.register({ id: "workflows", side: "left", title: "files.panel", icon: "folder", order: 20, mount: (place) => mountWorkflows(place, app, files) });
  panels.register({ id: "gallery", side: "left", title: "gallery.panel", icon: "image", order: 25, mount: (place) => mountGallery(place, app, { files, runs, viewer }) });
  panels.register({ id: "packs", side: "left", title: "packs.panel", icon: "packs", order: 60, mount: (place) => mountPacks(place, app) });
  panels.register({ id: "queue", side: "right", title: "running.panel", icon: "queue", order: 110, mount: (place) => mountQueue(place, app, runs) });
  panels.register({ id: "errors", side: "bottom", title: "errors.panel", icon: "errors", order: 200, mount: (place) => mountErrors(place, app) });
  watch(runs.jobs, (jobs) => panels.badge("queue", jobs.length > 0 ? String(jobs.length) : ""));
  watchInner(tabs.active, (tab, signal) => {
    if (!tab) panels.badge("errors", "");
    else watch(tab.problems, (problems) => panels.badge("errors", problems.length > 0 ? String(problems.length) : "", "error"), signal);
  });
}
