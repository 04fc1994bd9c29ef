/** Run, how often, by itself or not, and stop. */

/** @import { App } from "../app_types.js" */

import { element, isComposing } from "../controls/dom.js";
import { keysText } from "../interaction/key_names.js";
import { IS_MAC } from "../interaction/keyboard.js";
import { icon } from "./icons.js";
import { watch } from "./watch.js";

const MOST_RUNS = 999;
/** @type {readonly ("off" | "change" | "always")[]} */
const AUTO = ["off", "change", "always"];

/** @param {App} app @returns {HTMLElement} */
export function runControls(app) {
  const run = element("button", { type: "button", class: "run-button", id: "run" }, icon("play", 14), element("span", {}));
  run.addEventListener("click", (event) => app.commands.execute(event.shiftKey ? "run.queueFront" : "run.queue"));
  const more = iconButton("chevron", "run-more", () => void showRunMenu(app, more));
  const stop = iconButton("stop", "stop-button", () => app.commands.execute("run.interrupt"));
  const count = batchField(app);
  const group = element("div", { class: "run-controls" }, count, element("div", { class: "run-group" }, run, more), stop);
  const show = () => translate(app, { run, more, stop, count });
  watch(app.i18n.language, show);
  watch(app.runs.autoQueue, (mode) => group.classList.toggle("auto", mode !== "off"));
  watch(app.runs.jobs, (jobs) => {
    stop.disabled = !jobs.some(canStop);
    show();
  });
  watch(app.catalogue, (catalogue) => {
    run.disabled = catalogue.size === 0;
  });
  return group;
}

/** Whether Stop does something to a job. @param {import("../app_types.js").Job} job */
export function canStop({ phase, isReturned, isStopping }) {
  return (phase === "running" || isReturned) && !isStopping;
}

/** @param {App} app */
function batchField(app) {
  const field = element("input", { type: "text", inputmode: "numeric", class: "batch-count", value: "1", autocomplete: "off" });
  const take = () => {
    const count = Math.round(Number(field.value));
    app.runs.batchCount.set(Number.isFinite(count) ? Math.max(1, Math.min(MOST_RUNS, count)) : 1);
    field.value = String(app.runs.batchCount.get());
  };
  field.addEventListener("change", take);
  field.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    if (event.key === "Enter") {
      take();
      app.view.focus();
    }
    const step = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    field.value = String(Number(field.value) + step);
    take();
  });
  watch(app.runs.batchCount, (count) => {
    if (document.activeElement !== field) field.value = String(count);
  });
  return field;
}

/** @param {App} app @param {HTMLElement} button */
async function showRunMenu(app, button) {
  const { i18n, runs } = app;
  const box = button.getBoundingClientRect();
  await app.ui.menu({ x: box.right - 240, y: box.bottom + 4 }, [
    command(app, "run.queue"), command(app, "run.queueFront"), command(app, "run.toHere"),
    { separator: true },
    ...AUTO.map((mode) => ({
      title: i18n.t(`running.auto.${mode}`),
      checked: runs.autoQueue.get() === mode,
      run: () => runs.autoQueue.set(mode),
    })),
    { separator: true },
    command(app, "run.interrupt"), command(app, "queue.clear"),
    { title: i18n.t(runs.paused.get() ? "running.resume" : "running.pause"), run: () => app.commands.execute("queue.pause") },
    { separator: true },
    command(app, "server.freeMemory"),
  ]);
}

/**
 * A command as a row of a menu.
 * @param {App} app
 * @param {string} id
 * @returns {import("../app_types.js").MenuItem}
 */
export function command(app, id) {
  const found = app.commands.list().find((one) => one.id === id);
  return {
    title: app.i18n.t(found?.title ?? id),
    hint: keysHint(app, id),
    disabled: !found || (found.when ? !found.when(app) : false),
    run: () => app.commands.execute(id),
  };
}

/** "Ctrl+Z", as it stands on this machine's keyboard. @param {App} app @param {string} id */
function keysHint(app, id) {
  const keys = app.commands.keysOf(id)[0];
  return keys && keysText(keys, IS_MAC);
}

/** @param {string} drawing @param {string} name @param {() => void} press */
function iconButton(drawing, name, press) {
  const button = element("button", { type: "button", class: `icon-button ${name}` }, icon(drawing, 14));
  button.addEventListener("click", press);
  return button;
}

/** @param {App} app @param {{ run: HTMLButtonElement, more: HTMLButtonElement, stop: HTMLButtonElement, count: HTMLInputElement }} parts */
function translate(app, { run, more, stop, count }) {
  const { i18n } = app;
  const label = run.querySelector("span");
  if (label) label.textContent = i18n.t("running.run");
  const keys = keysHint(app, "run.queue");
  run.title = keys ? `${i18n.t("commands.run.queue")} (${keys})` : i18n.t("commands.run.queue");
  const stopKey = app.runs.jobs.get().some(({ isStopping }) => isStopping) ? "running.stopping" : "commands.run.interrupt";
  for (const [button, key] of /** @type {const} */ ([[more, "running.more"], [stop, stopKey], [count, "running.batchCount"]])) {
    button.title = i18n.t(key);
    button.setAttribute("aria-label", i18n.t(key));
  }
}
