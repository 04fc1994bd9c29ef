/** The composition root: makes the parts of the editor and introduces them to one another. */

/** @import { App } from "./app_types.js" */
/** @import { Catalogue } from "./core/types.js" */

import { createStore } from "./core/store.js";
import { ExtensionHost } from "./extensions/host.js";
import { fetchLocale, i18n, pickLanguage } from "./i18n.js";
import { attachCanvas } from "./interaction/attach.js";
import { defineCanvasSettings } from "./interaction/canvas_settings.js";
import { CommandRegistry } from "./interaction/commands.js";
import { ServerApi } from "./net/api.js";
import { claimClientId, fillInsecurePage } from "./net/ids.js";
import { ServerSocket } from "./net/socket.js";
import { CanvasView } from "./render/view.js";
import { AutoQueue } from "./state/auto_queue.js";
import { Drafts } from "./state/drafts.js";
import { Files } from "./state/files.js";
import { NodeTypes } from "./state/node_types.js";
import { RunControl } from "./state/runs.js";
import { SettingsStore } from "./state/settings.js";
import { TabList } from "./state/tabs.js";
import { noteConnection } from "./ui/connection_note.js";
import { acceptDrops } from "./ui/drops.js";
import { watchNodePictures } from "./ui/node_pictures.js";
import { PictureViewer } from "./ui/picture_viewer.js";
import { noteRuns } from "./ui/run_notes.js";
import { createUi } from "./ui/services.js";
import { LANGUAGE_SETTING, registerShellCommands, THEME_SETTING } from "./ui/shell_commands.js";
import { registerShellPanels } from "./ui/shell_panels.js";
import { showStart } from "./ui/start.js";
import { fillTopbar } from "./ui/topbar.js";
import { defineToolSettings } from "./ui/tool_settings.js";
import { registerTools } from "./ui/tools.js";
import { createWidgets } from "./widgets/built_in.js";
import { Completions } from "./widgets/completion.js";

/** @param {string} id */
function place(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {SettingsStore} settings */
function defineShellSettings(settings) {
  settings.define({
    id: THEME_SETTING, type: "choice", default: "dark", title: "settings.theme", section: "settings.section.general",
    choices: ["dark", "light", "system"].map((value) => ({ value, title: `settings.theme.${value}` })),
  });
  settings.define({
    id: LANGUAGE_SETTING, type: "choice", default: pickLanguage(navigator.languages), title: "settings.language", section: "settings.section.general",
    choices: [{ value: "en", title: "settings.language.en" }, { value: "zh", title: "settings.language.zh" }],
  });
}

/** @param {SettingsStore} settings @param {(error: unknown) => void} onError */
function followSettings(settings, onError) {
  const light = matchMedia("(prefers-color-scheme: light)");
  const paint = () => {
    const theme = settings.get(THEME_SETTING);
    const isLight = theme === "system" ? light.matches : theme === "light";
    document.documentElement.dataset["theme"] = isLight ? "light" : "dark";
  };
  settings.subscribe(THEME_SETTING, paint);
  light.addEventListener("change", paint);
  settings.subscribe(LANGUAGE_SETTING, (language) => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    if (i18n.language.get() !== language) i18n.load(language, fetchLocale).catch(onError);
  });
}

/** Say what went wrong; a sentence of ours, or what the browser says. @param {App} app @param {unknown} error */
function tell(app, error) {
  console.error(error);
  app.ui?.toast("error", error instanceof Error ? error.message : String(error));
}

/** @param {App} app @param {import("./state/tab.js").Tab} tab */
async function tellMissing(app, tab) {
  const { offerMissing } = await import("./ui/missing_dialog.js");
  await offerMissing(app, tab);
}

async function start() {
  fillInsecurePage();
  const app = /** @type {any} */ ({});
  const onError = (/** @type {unknown} */ error) => tell(app, error);
  const api = new ServerApi(i18n);
  const settings = new SettingsStore(api, onError);
  defineShellSettings(settings);
  const [clientId, users] = await Promise.all([
    claimClientId(() => sessionStorage, navigator.locks),
    api.users().catch(onError),
    i18n.load(pickLanguage(navigator.languages), fetchLocale),
    settings.load().catch(onError),
  ]);
  const several = users && (await import("./ui/users.js"));
  if (several) await several.identify({ api, settings, i18n }, users).catch(onError);
  const parts = compose(app, { api, settings, socket: new ServerSocket(clientId), onError });
  several?.registerSwitch(app, { api, drafts: parts.drafts, settings });
  followSettings(settings, onError);
  parts.socket.start();
  parts.runs.start();
  // Before anything is fitted into the room that is left.
  app.ui.panels.restore();
  const started = showStart(app, parts);
  parts.files.waitFor(started);
  await started;
  void app.extensions.load().catch(onError);
}

/**
 * @param {any} app filled here
 * @param {{ api: ServerApi, settings: SettingsStore, socket: ServerSocket, onError: (error: unknown) => void }} base
 */
function compose(app, { api, settings, socket, onError }) {
  const catalogue = createStore(/** @type {Catalogue} */ (new Map()));
  i18n.useCatalogue(catalogue);
  const commands = new CommandRegistry(() => app);
  commands.watch(settings);
  defineCanvasSettings(settings);
  defineToolSettings(settings);
  const tabs = new TabList({ catalogue, i18n, mayClose: (tab) => files.mayClose(tab) });
  const runs = new RunControl({ api, socket, catalogue, settings, i18n, tabs, onError });
  const completions = new Completions();
  Object.assign(app, { api, socket, catalogue, settings, i18n, commands, tabs, runs, widgets: createWidgets(completions) });
  app.ui = createUi(() => app, { i18n, settings });
  app.extensions = new ExtensionHost(app);
  app.view = new CanvasView(app, place("canvas"));
  const types = new NodeTypes(app, { catalogue, tabs, onError });
  const drafts = new Drafts(app, tabs);
  const files = new Files(app, { tabs, onOpened: (tab) => void tellMissing(app, tab).catch(onError) });
  attachCanvas(app, app.view, commands);
  registerShellCommands(app, { drafts, files, tabs, types });
  const viewer = new PictureViewer(app, files);
  registerShellPanels(app, { files, runs, tabs, viewer });
  watchNodePictures(app, { files, viewer }, place("canvas"));
  registerTools(app, { completions, canvas: place("canvas") });
  fillTopbar(app, tabs, place("topbar"));
  acceptDrops(app, files, place("canvas"));
  noteConnection(app);
  noteRuns(app, runs, onError);
  tabs.active.subscribe((tab) => app.view.setTab(tab));
  new AutoQueue(runs, tabs).start();
  return { api, drafts, files, runs, socket, tabs, types, onError };
}

void start();
