/** Everything that is wrong with the document and its last run, in one list; F8 goes through it. */

/** @import { App, Tab, Unsubscribe } from "../app_types.js" */
/** @import { Problem } from "../core/types.js" */
/** @import { Failure } from "../state/run_events.js" */

import { element } from "../controls/dom.js";
import { clipboard } from "./clipboard.js";
import { icon } from "./icons.js";
import { watch, watchInner } from "./watch.js";

/** The problem F8 went to last. @type {WeakMap<Tab, Problem>} */
const visited = new WeakMap();
/** Takes away what is said of a problem: there is one such message at a time. */
let endNote = () => {};
/** Takes away what is said of the last failure of a document. @type {WeakMap<Tab, () => void>} */
const failureNotes = new WeakMap();

/** @param {HTMLElement} place @param {App} app @returns {Unsubscribe} */
export function mountErrors(place, app) {
  const list = element("ol", { class: "problem-list" });
  const empty = element("p", { class: "empty" });
  place.append(list, empty);
  const gone = new AbortController();
  watch(app.i18n.language, () => {
    empty.textContent = app.i18n.t("errors.none");
  }, gone.signal);
  watchInner(app.tabs.active, (tab, signal) => {
    if (!tab) return;
    watch(tab.problems, (problems) => show(app, tab, problems, { list, empty }), signal);
    signal.addEventListener("abort", app.i18n.language.subscribe(() => show(app, tab, tab.problems.get(), { list, empty })));
  }, gone.signal);
  return () => gone.abort();
}

/** @param {App} app @param {Tab} tab @param {readonly Problem[]} problems @param {{ list: HTMLElement, empty: HTMLElement }} parts */
function show(app, tab, problems, { list, empty }) {
  empty.hidden = problems.length > 0;
  list.replaceChildren(...sorted(problems).map((problem) => row(app, tab, problem)));
}

/** Errors first, each kind in the order it was found. @param {readonly Problem[]} problems */
function sorted(problems) {
  const rank = (/** @type {Problem} */ { severity }) => (severity === "error" ? 0 : 1);
  return [...problems].sort((a, b) => rank(a) - rank(b));
}

/** @param {App} app @param {Tab} tab @param {Problem} problem */
function row(app, tab, problem) {
  const item = element("li", { class: `problem ${problem.severity}` });
  const { executionId } = problem;
  const head = element("button", { type: "button", class: "problem-head", disabled: executionId === undefined },
    icon("errors", 14),
    element("span", { class: "problem-text" }, problemText(app, tab, problem)),
    executionId === undefined ? null : element("span", { class: "problem-place" }, placeOf(app, tab, problem)));
  head.addEventListener("click", () => visit(app, tab, problem));
  item.append(head);
  if (problem.detail) {
    item.append(element("details", {}, element("summary", {}, app.i18n.t("errors.details")), element("pre", {}, problem.detail), copyButton(app, problem)));
  }
  return item;
}

/** @param {App} app @param {Problem} problem */
function copyButton(app, problem) {
  const button = element("button", { type: "button", class: "button small" }, app.i18n.t("errors.copy"));
  button.addEventListener("click", () => {
    copy(app, problem).catch((error) => app.ui.toast("error", error.message));
  });
  return button;
}

/** @param {App} app @param {Problem} problem */
async function copy(app, { message, detail }) {
  await clipboard(app).writeText([message, detail].join("\n"));
  app.ui.toast("ok", app.i18n.t("shell.copied"));
}

/**
 * A problem in the artist's language where we know it, else in the words it came with.
 * @param {App} app
 * @param {Tab | undefined} tab the document it is one of, while that is open
 * @param {Problem} problem
 */
function problemText(app, tab, problem) {
  const key = `errors.prompt.${problem.code}`;
  if (!app.i18n.has(key)) return problem.message;
  const type = tab && nodeAt(tab, problem.executionId ?? "")?.type;
  const input = problem.input === undefined ? "" : type ? app.i18n.inputLabel(type, problem.input) : problem.input;
  return app.i18n.t(key, { input, detail: problem.detail ?? "" });
}

/** @param {Tab} tab @param {string} executionId */
function nodeAt(tab, executionId) {
  const path = executionId.split(":");
  const last = path.pop() ?? "";
  let graph = tab.doc.root;
  for (const id of path) {
    const inner = tab.doc.graph(graph.nodes.get(id)?.type ?? "");
    if (!inner) return undefined;
    graph = inner;
  }
  return graph.nodes.get(last);
}

/** @param {App} app @param {Tab} tab @param {Problem} problem */
function placeOf(app, tab, { executionId = "", input }) {
  const node = nodeAt(tab, executionId);
  const where = nodeName(app, tab, executionId);
  return input === undefined || !node ? where : `${where} · ${app.i18n.inputLabel(node.type, input)}`;
}

/** "KSampler #3". @param {App} app @param {Tab | undefined} tab @param {string} executionId */
function nodeName(app, tab, executionId) {
  const node = tab && nodeAt(tab, executionId);
  const title = node ? node.title ?? app.i18n.nodeTitle(node.type) : "";
  return `${title} #${executionId}`.trim();
}

/** A problem as a sentence that names its node. @param {App} app @param {Tab | undefined} tab @param {Problem} problem */
function placedText(app, tab, problem) {
  const text = problemText(app, tab, problem);
  const { executionId } = problem;
  return executionId === undefined ? text : app.i18n.t("errors.at", { node: nodeName(app, tab, executionId), text });
}

/** @param {App} app @param {Tab} tab @param {Problem} problem */
function visit(app, tab, problem) {
  visited.set(tab, problem);
  if (problem.executionId !== undefined) app.view.flyTo(problem.executionId);
}

/** Go to the next problem that has a place. @param {App} app */
export function nextProblem(app) {
  const tab = app.tabs.active.get();
  const places = sorted(tab?.problems.get() ?? []).filter(({ executionId }) => executionId !== undefined);
  if (!tab || places.length === 0) {
    app.ui.toast("info", app.i18n.t("errors.none"));
    return;
  }
  const last = visited.get(tab);
  const next = places[((last ? places.indexOf(last) : -1) + 1) % places.length];
  if (!next) return;
  tell(app, tab, next);
}

/**
 * Say that a run was refused, and offer to go to the first reason.
 * @param {App} app
 * @param {Tab} tab
 * @param {readonly Problem[]} problems at least one
 * @param {boolean} isPart a part of it runs
 */
export function noteRefusal(app, tab, problems, isPart) {
  const first = problems.find(({ executionId }) => executionId !== undefined) ?? /** @type {Problem} */ (problems[0]);
  const values = { count: problems.length, first: placedText(app, tab, first) };
  const key = isPart ? "errors.runs_in_part" : "errors.refused";
  const text = app.i18n.t(problems.length > 1 ? `${key}_more` : key, values);
  const show = { title: app.i18n.t("errors.show"), run: () => tell(app, tab, first) };
  note(app, tab, first, app.ui.toast("error", text, first.executionId === undefined ? undefined : show));
}

/**
 * Say that a run failed, whatever is shown now, and offer to go to the reason. Of several failures
 * of one document the last is said.
 * @param {App} app
 * @param {Tab | undefined} tab where it was queued, while that is open
 * @param {Failure} failure
 */
export function noteFailure(app, tab, { label, problem }) {
  const first = placedText(app, tab, problem);
  const isShown = tab !== undefined && tab === app.tabs.active.get();
  const text = isShown ? app.i18n.t("errors.failed", { first }) : app.i18n.t("errors.failed_in", { workflow: label, first });
  if (!tab) {
    app.ui.toast("error", text);
    return;
  }
  failureNotes.get(tab)?.();
  const close = app.ui.toast("error", text, {
    title: app.i18n.t("errors.show"),
    run: () => {
      app.tabs.active.set(tab);
      tell(app, tab, problem);
    },
  });
  const stops = [
    tab.problems.subscribe((problems) => problems.includes(problem) || end()),
    app.tabs.list.subscribe((tabs) => tabs.includes(tab) || end()),
  ];
  const end = () => {
    close();
    for (const stop of stops) stop();
  };
  failureNotes.set(tab, end);
}

/** Go to a problem and say what it is. @param {App} app @param {Tab} tab @param {Problem} problem */
function tell(app, tab, problem) {
  visit(app, tab, problem);
  note(app, tab, problem, app.ui.toast(problem.severity === "error" ? "error" : "warn", problemText(app, tab, problem)));
}

/**
 * A message that goes with its problem, and with the tab that has it.
 * @param {App} app
 * @param {Tab} tab
 * @param {Problem} problem
 * @param {() => void} close
 */
function note(app, tab, problem, close) {
  endNote();
  const stops = [
    tab.problems.subscribe((problems) => problems.includes(problem) || endNote()),
    app.tabs.active.subscribe((active) => active === tab || endNote()),
  ];
  endNote = () => {
    close();
    for (const stop of stops) stop();
  };
}
