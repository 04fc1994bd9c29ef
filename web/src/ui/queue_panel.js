/** What runs and what waits: order, cancel, pause. */

/** @import { App, Job, Unsubscribe } from "../app_types.js" */
/** @import { RunControl } from "../state/runs.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";
import { watch } from "./watch.js";

/** @typedef {{ row: HTMLElement, update(job: Job): void }} Row */

/** @param {HTMLElement} place @param {App} app @param {RunControl} runs @returns {Unsubscribe} */
export function mountQueue(place, app, runs) {
  const gone = new AbortController();
  const { signal } = gone;
  const list = element("ol", { class: "queue-list" });
  const empty = element("p", { class: "empty" });
  place.append(tools(app, runs, signal), list, empty);
  /** @type {Map<string, Row>} */
  const rows = new Map();
  watch(app.i18n.language, () => {
    empty.textContent = app.i18n.t("running.nothing");
  }, signal);
  watch(runs.jobs, (jobs) => {
    empty.hidden = jobs.length > 0;
    const ids = new Set(jobs.map(({ id }) => id));
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
    for (const job of jobs) {
      if (!rows.has(job.id)) rows.set(job.id, jobRow(app, runs, job));
      rows.get(job.id)?.update(job);
    }
    inOrder(list, jobs.map(({ id }) => /** @type {Row} */ (rows.get(id)).row));
  }, signal);
  reorderByDrag(list, runs, signal);
  return () => gone.abort();
}

/** Put elements in order, touching only what moves. @param {HTMLElement} list @param {readonly HTMLElement[]} wanted */
function inOrder(list, wanted) {
  for (const child of [...list.children]) if (!wanted.includes(/** @type {HTMLElement} */ (child))) child.remove();
  wanted.forEach((row, index) => {
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
}

/** @param {App} app @param {RunControl} runs @param {AbortSignal} signal */
function tools(app, runs, signal) {
  const pause = element("button", { type: "button", class: "button small" });
  const clear = element("button", { type: "button", class: "button small" });
  const label = element("input", { type: "text", class: "field small", autocomplete: "off" });
  pause.addEventListener("click", () => app.commands.execute("queue.pause"));
  clear.addEventListener("click", () => app.commands.execute("queue.clear"));
  label.value = runs.label.get();
  label.addEventListener("input", () => runs.label.set(label.value.trim()));
  const translate = () => {
    const isPaused = runs.paused.get();
    pause.replaceChildren(icon(isPaused ? "play" : "pause", 12), app.i18n.t(isPaused ? "running.resume" : "running.pause"));
    pause.classList.toggle("primary", isPaused);
    clear.replaceChildren(icon("trash", 12), app.i18n.t("running.clear"));
    label.placeholder = app.i18n.t("running.label");
    label.setAttribute("aria-label", app.i18n.t("running.label"));
  };
  watch(runs.paused, translate, signal);
  watch(app.i18n.language, translate, signal);
  watch(runs.jobs, (jobs) => {
    clear.disabled = !jobs.some(({ phase }) => phase === "waiting");
  }, signal);
  return element("div", { class: "panel-tools" }, pause, clear, label);
}

/** @param {App} app @param {RunControl} runs @param {Job} job @returns {Row} */
function jobRow(app, runs, { id, tabId }) {
  const name = element("span", { class: "job-name" });
  const state = element("span", { class: "job-state" });
  const details = element("span", { class: "job-details" });
  const bar = element("span", { class: "job-progress" });
  const cancel = element("button", { type: "button", class: "icon-button", title: app.i18n.t("running.cancel"), "aria-label": app.i18n.t("running.cancel") }, icon("close", 12));
  cancel.addEventListener("click", () => guarded(app, runs.cancel(id)));
  const go = element("button", { type: "button", class: "job-open" }, name, state, details);
  go.addEventListener("click", () => {
    const tab = app.tabs.list.get().find((one) => one.id === tabId);
    if (tab) app.tabs.active.set(tab);
  });
  const row = element("li", { class: "job", "data-job": id, tabindex: -1 }, go, cancel, bar);
  row.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    void jobMenu(app, runs, id, { x: event.clientX, y: event.clientY });
  });
  const update = (/** @type {Job} */ job) => {
    name.textContent = job.label || app.i18n.t("running.other");
    state.textContent = stateText(app, job);
    details.textContent = detailsText(app, job);
    row.classList.toggle("running", job.phase === "running");
    row.draggable = job.phase === "waiting";
    bar.style.width = `${Math.round(job.progress * 100)}%`;
  };
  return { row, update };
}

/** @param {App} app @param {Job} job */
function stateText(app, { phase, progress, isStopping }) {
  if (isStopping) return app.i18n.t("running.stopping");
  return phase === "running" ? `${Math.round(progress * 100)} %` : app.i18n.t("running.waiting");
}

/** "2/5 · seed 42". @param {App} app @param {Job} job */
function detailsText(app, { details }) {
  if (!details) return "";
  const { number, count, seed, text } = details;
  const parts = [count > 1 ? `${number}/${count}` : undefined, seed === undefined ? text : app.i18n.t("running.seed", { seed })];
  return parts.filter((part) => part !== undefined).join(" · ");
}

/** @param {App} app @param {RunControl} runs @param {string} id @param {import("../core/types.js").Point} point */
async function jobMenu(app, runs, id, point) {
  const waiting = runs.jobs.get().filter(({ phase }) => phase === "waiting");
  const isWaiting = waiting.some((job) => job.id === id);
  await app.ui.menu(point, [
    { title: app.i18n.t("running.toFront"), icon: "up", disabled: !isWaiting, run: () => guarded(app, runs.move(id, waiting[0]?.id ?? null)) },
    { title: app.i18n.t("running.toEnd"), icon: "down", disabled: !isWaiting, run: () => guarded(app, runs.move(id, null)) },
    { separator: true },
    { title: app.i18n.t("running.cancel"), icon: "close", danger: true, run: () => guarded(app, runs.cancel(id)) },
  ]);
}

/** @param {App} app @param {Promise<void>} work */
function guarded(app, work) {
  work.catch((error) => app.ui.toast("error", error.message));
}

/** @param {HTMLElement} list @param {RunControl} runs @param {AbortSignal} signal */
function reorderByDrag(list, runs, signal) {
  /** @type {string | undefined} */
  let dragged;
  const rowAt = (/** @type {Event} */ event) => (
    event.target instanceof Element ? event.target.closest("[data-job]")?.getAttribute("data-job") ?? null : null
  );
  list.addEventListener("dragstart", (event) => {
    dragged = rowAt(event) ?? undefined;
    event.dataTransfer?.setData("application/x-tessera-job", "");
  }, { signal });
  list.addEventListener("dragover", (event) => {
    if (dragged !== undefined) event.preventDefault();
  }, { signal });
  list.addEventListener("drop", (event) => {
    const before = rowAt(event);
    if (dragged !== undefined && before !== dragged) void runs.move(dragged, before);
    dragged = undefined;
  }, { signal });
}
