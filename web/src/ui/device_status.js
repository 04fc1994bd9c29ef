/** What the workers do, and how much memory their devices have left; asked for only while seen. */

/** @import { App } from "../app_types.js" */

import { element } from "../controls/dom.js";
import { watch } from "./watch.js";

const ASK_EVERY_MS = 5000;
const GIB = 2 ** 30;

/** @typedef {{ name: string, state: string, device: string, job_id?: string | null, memory_bytes: number }} Worker */
/** @typedef {{ name: string, type: string, vram_total: number, vram_free: number }} Device */

/** @param {App} app @returns {HTMLElement} */
export function deviceStatus(app) {
  const dot = element("span", { class: "state-dot" });
  const text = element("span", { class: "state-text" });
  const meter = element("span", { class: "meter" }, element("span", {}));
  const button = element("button", { type: "button", class: "device-status" }, dot, text, meter);
  button.addEventListener("click", () => app.ui.panels.toggle("packs"));
  const show = (/** @type {string} */ state, /** @type {Device | undefined} */ device) => {
    dot.dataset["state"] = state;
    text.textContent = app.i18n.t(`shell.worker.${state}`);
    showMemory(app, button, meter, device);
  };
  watch(app.socket.state, (state) => {
    if (state !== "open") show(state, undefined);
    else void look(app, show);
  });
  setInterval(() => {
    if (!document.hidden && app.socket.state.get() === "open") void look(app, show);
  }, ASK_EVERY_MS);
  watch(app.i18n.language, () => {
    if (dot.dataset["state"]) show(dot.dataset["state"], undefined);
  });
  return button;
}

/** @param {App} app @param {(state: string, device: Device | undefined) => void} show */
async function look(app, show) {
  try {
    const [workers, stats] = await Promise.all([
      app.api.json("/api/tessera/workers"), app.api.json("/api/system_stats"),
    ]);
    const { devices, system } = /** @type {{ devices: Device[], system: { ram_total: number, ram_free: number } }} */ (/** @type {unknown} */ (stats));
    const first = devices.find((device) => device.type !== "cpu");
    const memory = first ?? { name: "RAM", type: "cpu", vram_total: system.ram_total, vram_free: system.ram_free };
    show(stateOf(/** @type {Worker[]} */ (/** @type {unknown} */ (workers))), memory);
  } catch {
    // The socket says whether the server is there; these figures come with the next look.
    show(app.socket.state.get() === "open" ? "starting" : "lost", undefined);
  }
}

/** @param {Worker[]} workers @returns {string} the best state of any */
function stateOf(workers) {
  const states = new Set(workers.map(({ state }) => state));
  return ["busy", "idle", "starting"].find((state) => states.has(state)) ?? "dead";
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
