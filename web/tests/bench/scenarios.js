/**
 * What is measured of the canvas, and how: each scenario runs in the page, driven by pointer and
 * wheel events once a frame, and is sampled inside its own window.
 */

/** @import { Browser, CDPSession, Page } from "playwright-core" */

import { reconnect, run, switchTabs, undo } from "./actions.js";

/** @typedef {{ p50: number, p95: number, max: number, frames: number }} Times Frame intervals in ms. */
/** @typedef {{ [counter: string]: number }} Counters */
/** @typedef {{ name: string, times: Times | null, counters: Counters, milliseconds?: number }} Result */

/** @typedef {Window & { harness: any, probes: { raf: number, resizeObserver: number }, drive: any }} BenchWindow */

export const VIEWPORT = { width: 1920, height: 1080 };

/** Counts what must not happen, before the page's own scripts run. @param {Page} page */
async function addProbes(page) {
  await page.addInitScript(() => {
    const target = /** @type {BenchWindow} */ (/** @type {unknown} */ (window));
    const probes = { raf: 0, resizeObserver: 0 };
    const raf = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) => {
      probes.raf += 1;
      return raf(callback);
    };
    const Observer = window.ResizeObserver;
    window.ResizeObserver = class extends Observer {
      /** @param {ResizeObserverCallback} callback */
      constructor(callback) {
        super((entries, observer) => {
          probes.resizeObserver += 1;
          callback(entries, observer);
        });
      }
    };
    /** Runs a step in each of `count` frames and returns the intervals between them. @param {number} count @param {(at: number) => void} step */
    const drive = (count, step) => new Promise((resolve) => {
      /** @type {number[]} */
      const intervals = [];
      let at = 0, before = 0;
      /** @param {number} now */
      const frame = (now) => {
        if (at > 1) intervals.push(now - before);
        before = now;
        if (at >= count) return resolve(intervals);
        step(at);
        at += 1;
        raf(frame);
      };
      raf(frame);
    });
    Object.assign(target, { probes, drive });
  });
}

/**
 * @param {Browser} browser
 * @param {string} url
 * @param {string} graph
 */
export async function openCanvas(browser, url, graph) {
  const page = await browser.newPage({ viewport: VIEWPORT, deviceScaleFactor: 1 });
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await addProbes(page);
  await page.goto(`${url}/tests/harness/index.html?graph=${graph}`);
  await page.waitForFunction(() => "harness" in window);
  await settled(page);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return { page, session, errors };
}

/** Waits until the canvas has asked for no frame for a while. @param {Page} page */
export function settled(page) {
  return page.evaluate(async () => {
    const { view } = /** @type {any} */ (window).harness;
    for (let frames = -1; view.stage.scheduler.pending || view.stats().frames !== frames;) {
      frames = view.stats().frames;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  });
}

/** @param {Page} page @param {CDPSession} session @returns {Promise<Counters>} */
async function countersOf(page, session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const byName = new Map(metrics.map(({ name, value }) => [name, value]));
  const own = await page.evaluate(() => {
    const { harness, probes } = /** @type {BenchWindow} */ (/** @type {unknown} */ (window));
    return { ...harness.view.stats(), raf: probes.raf, resizeObserver: probes.resizeObserver };
  });
  /** @param {string} name */
  const metric = (name) => {
    const value = byName.get(name);
    if (value === undefined) throw new Error(`The browser gives no metric "${name}".`);
    return value;
  };
  return { ...own, domLayouts: metric("LayoutCount"), styles: metric("RecalcStyleCount"), domNodes: metric("Nodes"), heapMb: metric("JSHeapUsedSize") / 2 ** 20, mainMs: 1000 * metric("TaskDuration") };
}

const LEVELS = new Set(["mounted", "domNodes", "heapMb"]);

/**
 * @param {Page} page
 * @param {CDPSession} session
 * @param {string} name
 * @param {() => Promise<number[] | null>} run Gives the frame intervals.
 * @returns {Promise<Result>} Counters are what the scenario added (mainMs: CPU time of the main thread); mounted,
 *   domNodes and heapMb what there is after it.
 */
async function measure(page, session, name, run) {
  const before = await countersOf(page, session);
  const intervals = await run();
  const after = await countersOf(page, session);
  /** @type {Counters} */
  const counters = {};
  for (const [key, value] of Object.entries(after)) counters[key] = LEVELS.has(key) ? value : value - (before[key] ?? 0);
  return { name, times: intervals && timesOf(intervals), counters };
}

/** @param {number[]} intervals @returns {Times} */
export function timesOf(intervals) {
  if (intervals.length === 0) throw new Error("No frame was drawn while measuring.");
  const sorted = [...intervals].sort((a, b) => a - b);
  /** @param {number} share */
  const quantile = (share) => /** @type {number} */ (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  return { p50: quantile(0.5), p95: quantile(0.95), max: quantile(1), frames: sorted.length };
}

/**
 * Pans to and fro by dragging with the middle button.
 * @param {Page} page
 * @param {number} frames
 * @param {number} step Pixels per frame; the editor takes more than 16 for a rush in which nothing is mounted.
 * @param {number} [turn] Frames in one direction.
 */
export function pan(page, frames, step, turn = 30) {
  return page.evaluate(async ({ frames: count, step: by, turn: leg }) => {
    const { harness, drive } = /** @type {BenchWindow} */ (/** @type {unknown} */ (window));
    const { root } = harness.view;
    const at = { x: 900, y: 500 };
    /** @param {string} type */
    const send = (type) => root.dispatchEvent(new PointerEvent(type, {
      bubbles: true, pointerId: 1, button: 1, buttons: 4, clientX: at.x, clientY: at.y, pointerType: "mouse",
    }));
    root.setPointerCapture = () => {};
    send("pointerdown");
    const intervals = await drive(count, (/** @type {number} */ frame) => {
      const back = Math.floor(frame / leg) % 2 === 1;
      at.x += back ? -by : by;
      at.y += back ? -by / 2 : by / 2;
      send("pointermove");
    });
    send("pointerup");
    return intervals;
  }, { frames, step, turn });
}

/** @param {Page} page */
function zoomSweep(page) {
  return page.evaluate(() => {
    const { harness, drive } = /** @type {BenchWindow} */ (/** @type {unknown} */ (window));
    return drive(60, (/** @type {number} */ frame) => harness.view.root.dispatchEvent(new WheelEvent("wheel", {
      bubbles: true, cancelable: true, ctrlKey: true, deltaY: frame < 30 ? -60 : 60, clientX: 960, clientY: 540,
    })));
  });
}

/** Drags the selected nodes by the header of one of them. @param {Page} page @param {number} count */
function dragNodes(page, count) {
  return page.evaluate(async (many) => {
    const { harness, drive } = /** @type {BenchWindow} */ (/** @type {unknown} */ (window));
    const { view, tab } = harness;
    view.root.setPointerCapture = () => {};
    /** @type {any} */
    const element = document.elementsFromPoint(960, 540).concat([...view.root.querySelectorAll(".node-title")])
      .map((one) => one.closest(".node")?.querySelector(".node-title"))
      .find((title) => {
        const { x, y } = title?.getBoundingClientRect() ?? { x: 0, y: 0 };
        return x > 400 && x < 1400 && y > 200 && y < 800;
      });
    const first = element.closest(".node").dataset.node;
    const ids = [...tab.doc.root.nodes.keys()];
    const start = ids.indexOf(first);
    const nodes = new Set(ids.slice(start, start + many));
    tab.selection.set({ nodes, groups: new Set(), reroutes: new Set(), links: new Set() });
    const box = element.getBoundingClientRect();
    const at = { x: box.x + 4, y: box.y + 4 };
    /** @param {string} type */
    const send = (type) => element.dispatchEvent(new PointerEvent(type, {
      bubbles: true, pointerId: 1, button: 0, buttons: 1, clientX: at.x, clientY: at.y, pointerType: "mouse",
    }));
    send("pointerdown");
    const intervals = await drive(60, (/** @type {number} */ frame) => {
      at.x += frame < 30 ? 5 : -4;
      at.y += 2;
      send("pointermove");
    });
    send("pointerup");
    return intervals;
  }, count);
}

/** @param {Page} page @param {number} zoom 0 shows all. */
export async function setZoom(page, zoom) {
  await page.evaluate((value) => {
    const { view } = /** @type {any} */ (window).harness;
    const state = view.camera.fitting(view.shown.scene.bounds());
    view.camera.set(state);
    if (value > 0) view.camera.zoomTo({ x: 960, y: 540 }, value);
  }, zoom);
  await settled(page);
}

/** @param {Page} page @param {number} ms */
const quiet = (page, ms) => page.evaluate((time) => new Promise((resolve) => setTimeout(resolve, time)), ms);

/** A frame that takes 100 ms: a measure that does not see it measures nothing. @param {Page} page */
function busyLoop(page) {
  return page.evaluate(() => /** @type {any} */ (window).drive(20, (/** @type {number} */ frame) => {
    const until = performance.now() + (frame === 10 ? 100 : 0);
    while (performance.now() < until);
  }));
}

/**
 * @param {Page} page
 * @param {CDPSession} session
 * @param {{ idleMs?: number }} [options]
 * @returns {Promise<Result[]>}
 */
export async function runAll(page, session, { idleMs = 5000 } = {}) {
  /** @type {Result[]} */
  const results = [];
  /** @param {string} name @param {() => Promise<any>} run */
  const add = async (name, run) => void results.push(await measure(page, session, name, run));
  const openMs = await page.evaluate(() => /** @type {any} */ (window).harness.openMs);
  await setZoom(page, 0.6);
  await add("pan inside overscan", () => pan(page, 12, 4));
  await settled(page);
  await add("pan at 0.6", () => pan(page, 120, 24));
  await settled(page);
  await add("slow pan at 0.6", () => pan(page, 120, 12, 60));
  await settled(page);
  await add("drag 1", () => dragNodes(page, 1));
  await settled(page);
  await add("drag 200", () => dragNodes(page, 200));
  await settled(page);
  await setZoom(page, 0);
  await add("pan at fit", () => pan(page, 120, 6));
  await settled(page);
  await add("zoom sweep", () => zoomSweep(page));
  await settled(page);
  await setZoom(page, 0.6);
  await add("connect", () => reconnect(page));
  await add("undo", () => undo(page));
  await add("tab switch", () => switchTabs(page));
  await settled(page);
  await add("run, 20 events/s", () => run(page));
  await settled(page);
  await add("idle", async () => {
    await quiet(page, idleMs);
    return null;
  });
  await add("control: 100 ms busy loop", () => busyLoop(page));
  await session.send("HeapProfiler.collectGarbage");
  await add("after all", async () => null);
  const last = results.at(-1);
  if (last) last.milliseconds = openMs;
  return results;
}
