/** What the workers do, and how much memory their devices have left; asked for only while seen. */

/** @import { App } from "../app_types.js" */

import { element } from "../controls/dom.js";
import { watch } from "./watch.js";

const ASK_EVERY_MS = 5000;
const GIB = 2 ** 30;

/** @typedef {{ name: string, state: string, device: string, job_id?: string | null, memory_bytes: number }} Worker */
/** @typedef {{ name: string, type: string, vram_total: number, vram_free: number }} Device */
/** @typedef {"connecting" | "busy" | "idle" | "starting" | "dead"} WorkerState */
/** @typedef {{ worker: WorkerState, memory: Device | undefined }} Figures as they were when last asked for */

/** @param {App} app @returns {HTMLElement} */
export function deviceStatus(app) {
  const dot = element("span", { class: "state-dot" });
  const text = element("span", { class: "state-text" });
  const meter = element("span", { class: "meter" }, element("span", {}));
  const button = element("button", { type: "button", class: "device-status" }, dot, text, meter);
  button.addEventListener("click", () => {
    if (dot.dataset["state"] === "paused") app.ui.panels.open("queue");
    else app.ui.panels.toggle("packs");
  });
  /** @type {Figures} */
  let figures = { worker: "connecting", memory: undefined };
  const show = () => {
    figures = { ...figures, worker: heardState(app, figures.worker) };
    const state = shownState(app, figures.worker);
    dot.dataset["state"] = state;
    text.textContent = app.i18n.t(`shell.worker.${state}`);
    showMemory(app, button, meter, app.socket.state.get() === "open" ? figures.memory : undefined);
  };
  const look = async () => {
    if (document.hidden || app.socket.state.get() !== "open") return;
    figures = await readFigures(app);
    show();
  };
  for (const store of [app.socket.state, app.runs.jobs, app.runs.paused, app.i18n.language]) store.subscribe(show);
  watch(app.socket.state, () => void look());
  setInterval(() => void look(), ASK_EVERY_MS);
  show();
  return button;
}

/**
 * What runs is told by the server at once, so it counts more than what was asked for a while ago.
 * @param {App} app
 * @param {WorkerState} worker as it was then
 * @returns {WorkerState}
 */
function heardState({ runs }, worker) {
  const jobs = runs.jobs.get();
  if (jobs.some(({ phase }) => phase === "running")) return "busy";
  return worker !== "dead" && jobs.some(({ isReturned }) => isReturned) ? "starting" : worker;
}

/**
 * What the state bar says. A worker that was busy is ready once nothing runs.
 * @param {App} app
 * @param {WorkerState} worker
 */
function shownState({ runs, socket }, worker) {
  const connection = socket.state.get();
  if (connection !== "open") return connection;
  const running = runs.jobs.get().filter(({ phase }) => phase === "running");
  if (running.length > 0) return running.every(({ isStopping }) => isStopping) ? "stopping" : worker;
  if (runs.paused.get() && worker !== "dead") return "paused";
  return worker === "busy" ? "idle" : worker;
}

/** @param {App} app @returns {Promise<Figures>} */
async function readFigures(app) {
  try {
    const [workers, stats] = await Promise.all([
      app.api.json("/api/tessera/workers"), app.api.json("/api/system_stats"),
    ]);
    const { devices, system } = /** @type {{ devices: Device[], system: { ram_total: number, ram_free: number } }} */ (/** @type {unknown} */ (stats));
    const first = devices.find((device) => device.type !== "cpu");
    const memory = first ?? { name: "RAM", type: "cpu", vram_total: system.ram_total, vram_free: system.ram_free };
    return { worker: stateOf(/** @type {Worker[]} */ (/** @type {unknown} */ (workers))), memory };
  } catch {
    // The socket says whether the server is there; these figures come with the next look.
    return { worker: "starting", memory: undefined };
  }
}

/** @param {Worker[]} workers @returns {WorkerState} the best state of any */
function stateOf(workers) {
  const states = new Set(workers.map(({ state }) => state));
  return /** @type {const} */ (["busy", "idle", "starting"]).find((state) => states.has(state)) ?? "dead";
}

/** @param {App} app @param {HTMLElement} button @param {HTMLElement} meter @param {Device | undefined} device */
function showMemory(app, button, meter, device) {
  meter.hidden = device === undefined;
  if (!device) return;
  const used = (device.vram_total - device.vram_free) / device.vram_total;
  const bar = /** @type {HTMLElement} */ (meter.firstElementChild);
  bar.style.width = `${Math.round(used * 100)}%`;
  meter.classList.toggle("tight", used > 0.9);
  button.title = app.i18n.t("shell.memory", {
    device: device.name,
    used: ((device.vram_total - device.vram_free) / GIB).toFixed(1),
    total: (device.vram_total / GIB).toFixed(1),
  });
}
