/** What scripts written for ComfyUI see of the settings: `app.ui.settings`. */

/** @typedef {import("../../app_types.js").App} App */

/** `app.ui.settings` on top of ours. */
export class ComfySettings {
  /** @param {App} app */
  constructor(app) { this.app = app; }

  /** @param {any} setting */
  addSetting({ id, name, type, defaultValue, onChange, options, attrs }) {
    const kind = { boolean: "boolean", number: "number", slider: "number", combo: "choice" }[String(type)] ?? "text";
    const offered = typeof options === "function" ? options(defaultValue) : options;
    const choices = (Array.isArray(offered) ? offered : []).map((option) => ({
      value: option?.value ?? option, title: String(option?.text ?? option),
    }));
    this.app.settings.define({
      id, title: String(name ?? id), type: /** @type {"text"} */ (kind), default: defaultValue ?? null,
      ...(kind === "choice" && { choices }), ...attrs,
    });
    if (typeof onChange === "function") this.app.settings.subscribe(id, (value) => onChange(value));
    return { get value() { return undefined; } };
  }

  /** @param {string} id @param {any} [fallback] */
  getSettingValue(id, fallback) { return this.app.settings.get(id) ?? fallback; }
  /** @param {string} id @param {any} value */
  setSettingValue(id, value) { this.app.settings.set(id, value); }
  /** @param {string} id @param {any} value */
  async setSettingValueAsync(id, value) { this.app.settings.set(id, value); }
}
