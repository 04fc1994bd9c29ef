/** What is loaded when it is opened first, so that the canvas need not wait for it. */

/** @import { Panel, Unsubscribe } from "../app_types.js" */

/**
 * A panel whose module is loaded when it is opened; when that fails, opening it again tries again.
 * @param {() => Promise<Panel["mount"]>} load
 * @returns {Panel["mount"]}
 */
export function lazily(load) {
  return (place, app) => {
    let isGone = false;
    /** @type {Unsubscribe | undefined} */
    let unmount;
    const show = async () => {
      const mount = await load();
      if (!isGone) unmount = mount(place, app);
    };
    show().catch((error) => {
      console.error("A panel could not be shown.", error);
      if (!isGone) place.textContent = app.i18n.t("shell.panelFailed", { reason: error instanceof Error ? error.message : String(error) });
    });
    return () => {
      isGone = true;
      unmount?.();
    };
  };
}
