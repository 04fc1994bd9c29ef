/** What is loaded, what failed and why: workers, packs, their scripts in the editor. */

/** @import { App, ExtensionReport, Unsubscribe } from "../app_types.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";
import { size } from "./texts.js";
import { watch } from "./watch.js";

/**
 * @typedef {object} Pack
 * @property {string} name
 * @property {number} seconds
 * @property {string | null} error why the whole pack was left out
 * @property {string | null} traceback
 * @property {string[]} node_types
 * @property {string[]} skipped_names
 * @property {{ [type: string]: string }} failed_types
 */
/** @typedef {{ name: string, state: string, device: string, memory_bytes: number, restarts: number, problem?: string | null, models: string[] }} Worker */

/** @param {HTMLElement} place @param {App} app @returns {Unsubscribe} */
export function mountPacks(place, app) {
  const gone = new AbortController();
  const list = element("div", { class: "pack-list" });
  place.append(list);
  const load = async () => {
    try {
      const [workers, packs] = await Promise.all([app.api.json("/api/tessera/workers"), app.api.json("/api/tessera/packs")]);
      list.replaceChildren(...sections(app, /** @type {any} */ (workers), /** @type {any} */ (packs)));
    } catch (error) {
      list.replaceChildren(element("p", { class: "empty" }, error instanceof Error ? error.message : String(error)));
    }
  };
  watch(app.i18n.language, () => void load(), gone.signal);
  gone.signal.addEventListener("abort", app.extensions.loaded.subscribe(() => void load()));
  gone.signal.addEventListener("abort", app.socket.state.subscribe(() => void load()));
  return () => gone.abort();
}

/** @param {App} app @param {Worker[]} workers @param {Pack[]} packs */
function sections(app, workers, packs) {
  const { i18n } = app;
  const scripts = app.extensions.loaded.get();
  return [
    element("h3", {}, i18n.t("packs.workers")),
    ...workers.map((worker) => workerCard(app, worker)),
    element("h3", {}, i18n.t("packs.installed")),
    ...(packs.length > 0 ? failedFirst(packs).map((pack) => packCard(app, pack)) : [element("p", { class: "empty" }, i18n.t("packs.none"))]),
    ...(scripts.length > 0 ? [element("h3", {}, i18n.t("packs.scripts")), ...scripts.map((script) => scriptCard(app, script))] : []),
  ];
}

/** @param {Pack[]} packs */
function failedFirst(packs) {
  return [...packs].sort((a, b) => Number(Boolean(b.error)) - Number(Boolean(a.error)) || a.name.localeCompare(b.name));
}

/** @param {App} app @param {Worker} worker */
function workerCard(app, { name, state, device, memory_bytes: memory, restarts, problem, models }) {
  const facts = [app.i18n.t(`shell.worker.${state}`), device === name ? "" : device, app.i18n.t("packs.memory", { size: size(memory) }),
    restarts > 0 ? app.i18n.t("packs.restarts", { count: restarts }) : "", ...models];
  const dot = element("span", { class: "state-dot", "data-state": state });
  return card(dot, name, facts, problem);
}

/** @param {App} app @param {Pack} pack */
function packCard(app, { name, seconds, error, traceback, node_types: types, skipped_names: skipped, failed_types: failed }) {
  const { i18n } = app;
  const facts = [
    error ? i18n.t("packs.failed") : i18n.t("packs.types", { count: types.length }),
    i18n.t("packs.seconds", { seconds: seconds.toFixed(2) }),
    skipped.length > 0 ? i18n.t("packs.skipped", { names: skipped.join(", ") }) : "",
  ];
  const single = Object.entries(failed).map(([type, reason]) => `${type}: ${reason}`);
  const problem = [traceback ?? error, ...single].filter(Boolean).join("\n");
  return card(icon(problem ? "errors" : "packs", 16), name, facts, problem);
}

/** @param {App} app @param {ExtensionReport} report */
function scriptCard(app, { url, name, milliseconds, error }) {
  const facts = [url.slice(url.lastIndexOf("/") + 1), app.i18n.t("packs.seconds", { seconds: (milliseconds / 1000).toFixed(2) })];
  return card(icon(error ? "errors" : "file", 16), name, facts, error);
}

/** @param {Node} mark @param {string} name @param {readonly string[]} facts @param {string | null | undefined} problem */
function card(mark, name, facts, problem) {
  return element("article", { class: problem ? "pack failed" : "pack" },
    mark, element("div", {},
      element("strong", {}, name),
      element("small", {}, facts.filter(Boolean).join(" · ")),
      problem ? element("pre", {}, problem) : null));
}
