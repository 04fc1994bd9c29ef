/** What the shell can be told to do. */

/** @import { App } from "../app_types.js" */
/** @import { Drafts } from "../state/drafts.js" */
/** @import { Files } from "../state/files.js" */
/** @import { NodeTypes } from "../state/node_types.js" */
/** @import { TabList } from "../state/tabs.js" */

import { canStop } from "./run_controls.js";

export const THEME_SETTING = "Tessera.Theme";
export const LANGUAGE_SETTING = "Tessera.Language";

/**
 * @param {App} app
 * @param {{ drafts: Drafts, files: Files, tabs: TabList, types: NodeTypes }} parts
 */
export function registerShellCommands(app, { drafts, files, tabs, types }) {
  const hasTab = () => tabs.active.get() !== null;
  /** @param {string} id @param {() => unknown} run @param {readonly string[]} [keys] @param {() => boolean} [when] */
  const add = (id, run, keys = [], when = hasTab) => {
    app.commands.register({ id, keys, when, title: `commands.${id}`, run: async () => void (await run()) });
  };
  const always = () => true;
  const active = () => /** @type {import("../state/tab.js").Tab} */ (tabs.active.get());
  add("file.new", () => tabs.open(), ["Alt+N"], always);
  add("file.open", () => files.chooseFromDisk(), ["Mod+O"], always);
  add("file.browse", () => app.ui.panels.open("workflows"), ["W"], always);
  add("file.save", () => files.save(active()), ["Mod+S"]);
  add("file.saveAs", () => files.saveAs(active()), ["Mod+Shift+S"]);
  add("file.download", () => files.download(active()));
  add("file.downloadApi", () => files.downloadApi(active()));
  add("file.rename", () => files.rename(active()));
  add("file.duplicate", () => files.duplicate(active()));
  add("file.close", () => app.tabs.close(active()), ["Alt+W"]);
  add("app.reload_node_types", async () => {
    await types.refresh();
    app.ui.toast("ok", app.i18n.t("shell.types.reloaded"));
  }, ["R"], always);
  add("file.recover", () => recover(app, drafts), [], always);
  add("tab.next", () => tabs.step(1), ["Alt+PageDown"]);
  add("tab.previous", () => tabs.step(-1), ["Alt+PageUp"]);
  registerRunCommands(app, add);
  add("errors.next", async () => (await import("./errors_panel.js")).nextProblem(app), ["F8"]);
  add("errors.show", () => app.ui.panels.toggle("errors"), ["E"], always);
  add("queue.show", () => app.ui.panels.toggle("queue"), ["Q"], always);
  add("gallery.show", () => app.ui.panels.toggle("gallery"), ["H"], always);
  add("view.theme", () => app.settings.set(THEME_SETTING, app.settings.get(THEME_SETTING) === "light" ? "dark" : "light"), [], always);
  add("view.language", () => app.settings.set(LANGUAGE_SETTING, app.i18n.language.get() === "zh" ? "en" : "zh"), [], always);
}

/**
 * @param {App} app
 * @param {(id: string, run: () => unknown, keys?: readonly string[], when?: () => boolean) => void} add
 */
function registerRunCommands(app, add) {
  const { runs } = app;
  const always = () => true;
  add("run.queue", () => runs.run(), ["Mod+Enter"]);
  add("run.queueFront", () => runs.run({ front: true }), ["Alt+Shift+Enter"]);
  add("run.interrupt", () => runs.interrupt(), ["Mod+Alt+Enter"], () => runs.jobs.get().some(canStop));
  add("queue.clear", () => runs.clear(), [], () => runs.jobs.get().some((job) => job.phase === "waiting"));
  add("queue.pause", () => runs.setPaused(!runs.paused.get()), [], always);
  add("server.freeMemory", async () => {
    await app.api.post("/api/free", { unload_models: true, free_memory: true });
    app.ui.toast("ok", app.i18n.t("running.freed"));
  }, [], always);
}

/** Offer what the server's journal holds. @param {App} app @param {Drafts} drafts */
async function recover(app, drafts) {
  const found = await drafts.journaled();
  if (found.length === 0) app.ui.toast("info", app.i18n.t("files.recovery.none"));
  else await (await import("./recovery.js")).offerRecovery(app, drafts, found);
}
