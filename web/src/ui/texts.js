/** Times and sizes as people say them. */

/** @import { I18n } from "../app_types.js" */

/** @type {readonly [Intl.RelativeTimeFormatUnit, number][]} Seconds of each unit, largest first. */
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

/**
 * "3 minutes ago"
 * @param {I18n} i18n
 * @param {number} time Unix time, ms
 * @param {number} [now]
 */
export function ago(i18n, time, now = Date.now()) {
  const seconds = (now - time) / 1000;
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  const count = unit === "second" ? 0 : Math.round(seconds / length);
  return new Intl.RelativeTimeFormat(i18n.language.get(), { numeric: "auto" }).format(-count, /** @type {Intl.RelativeTimeFormatUnit} */ (unit));
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(Math.round(seconds % 60)).padStart(2, "0")} min`;
}
