/** Says that the server is gone, and that it is back; nothing says the former after the latter. */

/** @import { App } from "../app_types.js" */

/** A server that restarts quickly is nobody's concern. */
const PATIENCE_MS = 2500;

/** @param {App} app */
export function noteConnection(app) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {(() => void) | undefined} */
  let takeBack;
  app.socket.state.subscribe((state) => {
    if (state === "lost") {
      timer ??= setTimeout(() => {
        takeBack = app.ui.toast("error", app.i18n.t("shell.lost"));
      }, PATIENCE_MS);
      return;
    }
    if (state !== "open") return;
    clearTimeout(timer);
    timer = undefined;
    // Whatever was asked for meanwhile was answered with this sentence.
    const wasMissed = app.ui.takeBackToast(app.i18n.t("errors.absent"));
    if (wasMissed || takeBack) app.ui.toast("ok", app.i18n.t("shell.back"));
    takeBack?.();
    takeBack = undefined;
  });
}
