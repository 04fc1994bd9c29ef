/** What is loaded, what failed and why: workers, packs, their scripts in the editor. */

/** @import { App, ExtensionReport, I18n, Unsubscribe } from "../app_types.js" */

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
 * @property {string | null} missing_module
 * @property {string | null} install_command
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
  const rank = (/** @type {Pack} */ { error, failed_types: failed }) => (error ? 2 : Object.keys(failed).length > 0 ? 1 : 0);
  return [...packs].sort((a, b) => rank(b) - rank(a) || a.name.localeCompare(b.name));
}

/** @param {App} app @param {Worker} worker */
function workerCard(app, { name, state, device, memory_bytes: memory, restarts, problem, models }) {
  const facts = [app.i18n.t(`shell.worker.${state}`), device === name ? "" : device, app.i18n.t("packs.memory", { size: size(memory) }),
    restarts > 0 ? app.i18n.t("packs.restarts", { count: restarts }) : "", ...models];
  const dot = element("span", { class: "state-dot", "data-state": state });
  return card(dot, name, facts, problem ? [element("p", {}, problem)] : []);
}

/** @param {App} app @param {Pack} pack */
function packCard({ i18n }, pack) {
  const { name, seconds, error, node_types: types, skipped_names: skipped, failed_types: failed } = pack;
  const facts = error ? [i18n.t("packs.failed")] : [
    i18n.t("packs.types", { count: types.length }),
    i18n.t("packs.seconds", { seconds: seconds.toFixed(2) }),
    skipped.length > 0 ? i18n.t("packs.skipped", { names: skipped.join(", ") }) : "",
  ];
  const single = Object.entries(failed).map(([type, reason]) => element("p", {}, i18n.t("packs.failedType", { type, reason })));
  const problems = [...importProblem(i18n, pack), ...single];
  return card(icon(problems.length > 0 ? "errors" : "packs", 16), name, facts, problems);
}

/** Why a pack was left out, what to do, and the whole traceback folded. @param {I18n} i18n @param {Pack} pack @returns {HTMLElement[]} */
function importProblem(i18n, { error, traceback, missing_module: module, install_command: command }) {
  if (!error) return [];
  const advice = module && command
    ? [element("p", {}, i18n.t("packs.missingModule", { module })), element("pre", {}, command), element("p", {}, i18n.t("packs.thenRestart"))]
    : [element("p", {}, i18n.t("packs.importFailed", { error })), element("p", {}, i18n.t("packs.importAdvice"))];
  if (!traceback) return advice;
  return [...advice, element("details", {}, element("summary", {}, i18n.t("packs.traceback")), element("pre", {}, traceback))];
}

/** @param {App} app @param {ExtensionReport} report */
function scriptCard(app, { url, name, milliseconds, error }) {
  const facts = [url.slice(url.lastIndexOf("/") + 1), app.i18n.t("packs.seconds", { seconds: (milliseconds / 1000).toFixed(2) })];
  return card(icon(error ? "errors" : "file", 16), name, facts, error ? [element("pre", {}, error)] : []);
}

/** @param {Node} mark @param {string} name @param {readonly string[]} facts @param {readonly HTMLElement[]} problems */
function card(mark, name, facts, problems) {
  return element("article", { class: problems.length > 0 ? "pack failed" : "pack" },
    mark, element("div", {},
      element("strong", {}, name),
      element("small", {}, facts.filter(Boolean).join(" · ")),
      ...problems));
}
