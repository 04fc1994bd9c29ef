/** The tools around the canvas: palette, library, parameters, help, settings, shortcuts, find. */

import { registerPromptSources } from "../widgets/prompt_sources.js";
import { acceptNodes } from "./drag_out.js";
import { lazily } from "./lazy.js";
import { listSearchField } from "./search_field.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../app_types.js").Panel} Panel */

/** @type {readonly Panel[]} */
const PANELS = [
  { id: "library", side: "left", title: "panels.library.title", icon: "library", order: 10, mount: lazily(async () => (await import("./node_library.js")).mountLibrary) },
  { id: "models", side: "left", title: "panels.models.title", icon: "models", order: 20, mount: lazily(async () => (await import("./model_browser.js")).mountModels) },
  { id: "find", side: "left", title: "panels.find.title", icon: "search", order: 30, mount: mountFind },
  { id: "settings", side: "left", title: "panels.settings.title", icon: "settings", order: 90, mount: lazily(async () => (await import("./settings_panel.js")).mountSettings) },
  { id: "shortcuts", side: "left", title: "panels.shortcuts.title", icon: "keyboard", order: 95, mount: lazily(async () => (await import("./shortcuts_panel.js")).mountShortcuts) },
  { id: "parameters", side: "right", title: "panels.parameters.title", icon: "sliders", order: 210, mount: lazily(async () => (await import("./parameter_panel.js")).mountParameters) },
  { id: "help", side: "right", title: "panels.help.title", icon: "help", order: 220, mount: lazily(async () => (await import("./node_help.js")).mountHelp) },
];

/** Keys that open panels. Plain letters count only where no text is entered. @type {readonly [panel: string, keys: string[]][]} */
const PANEL_KEYS = [
  ["library", ["L"]],
  ["models", ["M"]],
  ["parameters", ["I"]],
  ["help", ["F1"]],
  ["settings", ["Mod+,"]],
  ["shortcuts", ["?", "Shift+?"]],
];

/**
 * Put the tools into the application.
 * @param {App} app
 * @param {{ completions: import("../widgets/completion.js").Completions, canvas: HTMLElement }} parts
 */
export function registerTools(app, { completions, canvas }) {
  for (const panel of PANELS) app.ui.panels.register(panel);
  for (const [panel, keys] of PANEL_KEYS) {
    app.commands.register({ id: `panel.${panel}`, keys, title: `panels.${panel}.title`, run: () => app.ui.panels.toggle(panel) });
  }
  app.commands.register({
    id: "panel.find", keys: ["Mod+F"], title: "panels.find.title",
    run: () => {
      app.ui.panels.open("find");
      focusFind();
    },
  });
  registerPromptSources(completions, app);
  acceptNodes(app, canvas);
}

/**
 * The field is there at once: what is typed while its list is loaded must not become shortcuts.
 * @type {Panel["mount"]}
 */
function mountFind(place, app) {
  const stop = new AbortController();
  const field = listSearchField(app, "panels.find.search", stop.signal);
  field.classList.add("is-find");
  place.append(field);
  queueMicrotask(() => field.focus());
  const list = lazily(async () => {
    const { mountHits } = await import("./find_panel.js");
    return (below, app) => mountHits(below, app, field);
  });
  const unmount = list(place, app);
  return () => {
    stop.abort();
    unmount();
    place.replaceChildren();
  };
}

/** Put the keyboard into the panel's field; one that opens takes it by itself. */
function focusFind() {
  const field = document.querySelector(".panel-search.is-find");
  if (field instanceof HTMLInputElement) field.select();
}
