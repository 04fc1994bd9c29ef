/**
 * Which widget edits which input. A kind is a name of `WidgetKind`, or the socket type of a pack's
 * own widget ("MY_CURVE"). A widget that throws while it is mounted takes nothing else with it:
 * its place shows the value and what went wrong.
 */

import { mountFallback } from "./fallback.js";

/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */
/** @typedef {import("../app_types.js").WidgetHandle} WidgetHandle */
/** @typedef {import("../app_types.js").WidgetMount} WidgetMount */

/** What `App.widgets` is. */
export class WidgetRegistry {
  constructor() {
    /** @type {Map<string, WidgetMount>} */
    this.mounts = new Map();
  }

  /**
   * Make a kind known. The latest registration of a kind is used.
   * @param {string} kind
   * @param {WidgetMount} mount
   * @returns {() => void} takes the registration back, and brings the one before it
   */
  register(kind, mount) {
    const before = this.mounts.get(kind);
    this.mounts.set(kind, mount);
    return () => {
      if (this.mounts.get(kind) !== mount) return;
      if (before) this.mounts.set(kind, before);
      else this.mounts.delete(kind);
    };
  }

  /** @returns {ReadonlySet<string>} all that is known now, types of packs included */
  kinds() {
    return new Set(this.mounts.keys());
  }

  /**
   * Put the widget of an input into an element.
   * @param {HTMLElement} element stays the caller's; the widget adds one child
   * @param {WidgetContext} context
   * @returns {WidgetHandle}
   */
  mount(element, context) {
    const mount = this.#find(context);
    if (!mount) return mountFallback(element, context);
    try {
      return mount(element, context);
    } catch (error) {
      console.error(`The widget of "${context.input.name}" could not be shown.`, error);
      element.replaceChildren();
      return mountFallback(element, context, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {WidgetContext} context */
  #find({ input }) {
    const declared = input.options["widgetType"];
    const kinds = [typeof declared === "string" ? declared : "", input.widget ?? "", input.type];
    if (input.widget === "custom") kinds.splice(1, 1);
    return kinds.map((kind) => this.mounts.get(kind)).find((mount) => mount !== undefined);
  }
}
