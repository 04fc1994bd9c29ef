/** The row of open documents. */

/** @import { App } from "../app_types.js" */
/** @import { Tab } from "../state/tab.js" */
/** @import { TabList } from "../state/tabs.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";
import { watch } from "./watch.js";

/**
 * @param {App} app
 * @param {TabList} tabs
 * @param {(tab: Tab) => void} showMenu
 * @returns {HTMLElement}
 */
export function tabBar(app, tabs, showMenu) {
  const row = element("div", { class: "tab-row", role: "tablist", "aria-label": app.i18n.t("shell.tabs") });
  const add = element("button", { type: "button", class: "icon-button", title: app.i18n.t("shell.newTab"), "aria-label": app.i18n.t("shell.newTab") }, icon("plus", 14));
  add.addEventListener("click", () => app.commands.execute("file.new"));
  /** @type {Map<Tab, HTMLElement>} */
  const shown = new Map();
  watch(tabs.list, (list) => {
    for (const [tab, one] of shown) {
      if (list.some((open) => open === tab)) continue;
      one.dispatchEvent(new Event("remove"));
      shown.delete(tab);
    }
    for (const tab of list) if (!shown.has(tab)) shown.set(tab, tabButton(app, tab, showMenu));
    row.replaceChildren(...list.map((tab) => /** @type {HTMLElement} */ (shown.get(tab))));
  });
  const showActive = () => {
    const active = tabs.active.get();
    if (active) shown.get(active)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  watch(tabs.active, (active) => {
    active?.hasNewFailure.set(false);
    for (const [tab, one] of shown) {
      one.classList.toggle("active", tab === active);
      one.firstElementChild?.setAttribute("aria-selected", String(tab === active));
    }
    showActive();
  });
  new ResizeObserver(showActive).observe(row);
  dragToReorder(row, tabs, shown);
  app.i18n.language.subscribe(() => {
    row.setAttribute("aria-label", app.i18n.t("shell.tabs"));
    add.title = app.i18n.t("shell.newTab");
  });
  return element("div", { class: "tab-bar" }, row, add);
}

/**
 * @param {App} app
 * @param {Tab} tab
 * @param {(tab: Tab) => void} showMenu
 */
function tabButton(app, tab, showMenu) {
  const gone = new AbortController();
  const name = element("span", { class: "tab-name" });
  const bar = element("span", { class: "tab-progress" });
  const waits = element("span", { class: "tab-waits", role: "img" }, icon("clock", 12));
  const failed = element("span", { class: "tab-failed", role: "img" }, icon("errors", 12));
  const open = element("button", { type: "button", class: "tab-open", role: "tab" }, failed, waits, name, element("span", { class: "tab-dot" }));
  const close = element("button", { type: "button", class: "icon-button tab-close", "aria-label": app.i18n.t("shell.closeTab") }, icon("close", 10));
  const one = element("div", { class: "tab", draggable: "true" }, open, close, bar);
  const listen = { signal: gone.signal };
  open.addEventListener("click", () => app.tabs.active.set(tab), listen);
  open.addEventListener("dblclick", () => app.commands.execute("file.rename"), listen);
  close.addEventListener("click", () => void app.tabs.close(tab), listen);
  one.addEventListener("auxclick", (event) => {
    if (event.button === 1) void app.tabs.close(tab);
  }, listen);
  one.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    app.tabs.active.set(tab);
    showMenu(tab);
  }, listen);
  one.addEventListener("remove", () => gone.abort(), listen);
  watch(tab.title, (title) => {
    name.textContent = title;
    open.title = tab.file.get() ?? title;
  }, gone.signal);
  watch(tab.hasNewFailure, (isNew) => {
    failed.hidden = !isNew;
    failed.title = app.i18n.t("shell.tabFailed");
    failed.setAttribute("aria-label", failed.title);
  }, gone.signal);
  watch(tab.dirty, (dirty) => one.classList.toggle("dirty", dirty), gone.signal);
  watch(app.runs.jobs, (jobs) => showProgress(one, bar, jobs.filter((job) => job.tabId === tab.id)), gone.signal);
  const mark = () => showWaits(app, waits, tab);
  watch(app.runs.jobs, mark, gone.signal);
  watch(app.runs.paused, mark, gone.signal);
  watch(app.i18n.language, mark, gone.signal);
  return one;
}

/** @param {HTMLElement} one @param {HTMLElement} bar @param {import("../app_types.js").Job[]} jobs */
function showProgress(one, bar, jobs) {
  const running = jobs.find((job) => job.phase === "running");
  one.classList.toggle("running", running !== undefined);
  bar.style.width = running ? `${Math.round(running.progress * 100)}%` : "0";
}

/** That nothing of a document runs as others are before it, or as the queue is paused. @param {App} app @param {HTMLElement} mark @param {Tab} tab */
function showWaits({ i18n, runs }, mark, tab) {
  const before = runs.jobs.get().findIndex((job) => job.tabId === tab.id);
  const isPaused = runs.paused.get() && runs.jobs.get()[before]?.phase === "waiting";
  mark.hidden = before < 0 || (before === 0 && !isPaused);
  mark.title = isPaused ? i18n.t("running.isPaused") : i18n.t("running.waits", { count: before });
  mark.setAttribute("aria-label", mark.title);
}

/** @param {HTMLElement} row @param {TabList} tabs @param {Map<Tab, HTMLElement>} shown */
function dragToReorder(row, tabs, shown) {
  /** @type {Tab | undefined} */
  let dragged;
  row.addEventListener("dragstart", (event) => {
    dragged = [...shown].find(([, one]) => one === event.target)?.[0];
    event.dataTransfer?.setData("application/x-tessera-tab", "");
  });
  row.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const over = [...shown].find(([, one]) => one.contains(/** @type {Node} */ (event.target)))?.[0];
    if (over && over !== dragged) tabs.move(dragged, tabs.list.get().findIndex((tab) => tab === over));
  });
  row.addEventListener("dragend", () => {
    dragged = undefined;
  });
}

