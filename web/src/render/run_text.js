/** What a node's badge says about its last run. */

/** @import { I18n, NodeRun } from "../app_types.js" */

/**
 * @param {NodeRun | undefined} run
 * @param {Pick<I18n, "t">} i18n
 * @returns {{ text: string, tip: string }}
 */
export function runText(run, i18n) {
  if (!run) return { text: "", tip: "" };
  const reason = run.reason ?? "";
  switch (run.state) {
    case "waiting":
      return { text: "", tip: "" };
    case "running":
      return { text: run.max ? `${run.value ?? 0}/${run.max}` : "…", tip: i18n.t("canvas.run.running") };
    case "done":
      return { text: run.seconds === undefined ? "" : durationText(run.seconds), tip: reason };
    case "cached":
      return { text: i18n.t("canvas.run.cached"), tip: reason || i18n.t("canvas.run.cached.help") };
    case "error":
      return { text: "!", tip: run.error?.message ?? i18n.t("canvas.run.error") };
    case "blocked":
      return { text: i18n.t("canvas.run.blocked"), tip: reason };
  }
}

/**
 * What a pointer on the badge is told.
 * @param {string} tip
 * @param {number} heat Share of the run's time, 0 to 1.
 * @param {Pick<I18n, "t">} i18n
 */
export function withShare(tip, heat, i18n) {
  const percent = Math.round(100 * heat);
  return [tip, percent > 0 ? i18n.t("canvas.run.share", { percent }) : ""].filter(Boolean).join("\n");
}

/**
 * "12 ms", "3.4 s", "2:05".
 * @param {number} seconds
 */
export function durationText(seconds) {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
