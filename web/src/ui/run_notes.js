/** What is said of a run that was asked for: it was refused, it has to wait, or it failed. */

/** @import { App } from "../app_types.js" */
/** @import { RunControl } from "../state/runs.js" */

/** @param {App} app @param {RunControl} runs @param {(error: unknown) => void} onError */
export function noteRuns(app, runs, onError) {
  runs.onAsked((tab, queued, isShown, refused) => {
    if (refused.length > 0) {
      import("./errors_panel.js").then(({ noteRefusal }) => noteRefusal(app, tab, refused, queued > 0)).catch(onError);
    }
    if (queued > 0) import("./size_hint.js").then(({ hintAtSize }) => hintAtSize(app, runs.promptOf(tab).prompt, tab)).catch(onError);
    if (queued > 0 && runs.paused.get()) notePaused(app, runs, onError);
    if (queued > 0 && !isShown) app.ui.toast("info", app.i18n.t("running.notShown"));
  });
  runs.onReturn((label) => void app.ui.toast("warn", app.i18n.t("running.returned", { workflow: label || app.i18n.t("running.other") })));
  runs.onEnd((tab, _phase, failure, saved) => {
    if (saved) app.ui.toast("info", app.i18n.t("running.saved", { step: String(saved.step), steps: String(saved.steps) }));
    if (!failure) return;
    if (tab !== undefined && tab !== app.tabs.active.get()) tab.hasNewFailure.set(true);
    import("./errors_panel.js").then(({ noteFailure }) => noteFailure(app, tab, failure)).catch(onError);
  });
}

/** @param {App} app @param {RunControl} runs @param {(error: unknown) => void} onError */
function notePaused({ i18n, ui }, runs, onError) {
  const close = ui.toast("info", i18n.t("running.isPaused"), {
    title: i18n.t("running.continue"),
    run: () => void runs.setPaused(false).catch(onError),
  });
  const stop = runs.paused.subscribe(() => {
    close();
    stop();
  });
}
