/** The bar at the top: menu, documents, state, run. */

/** @import { App, Tab } from "../app_types.js" */
/** @import { TabList } from "../state/tabs.js" */

import { element } from "../controls/dom.js";
import { deviceStatus } from "./device_status.js";
import { icon } from "./icons.js";
import { showMainMenu, showTabMenu } from "./main_menu.js";
import { runControls } from "./run_controls.js";
import { tabBar } from "./tab_bar.js";
import { watch } from "./watch.js";

/** @param {App} app @param {TabList} tabs @param {HTMLElement} bar */
export function fillTopbar(app, tabs, bar) {
  const menu = element("button", { type: "button", class: "main-menu", "aria-haspopup": "menu" }, logo(), icon("chevron", 12));
  menu.addEventListener("click", () => void showMainMenu(app, menu));
  bar.replaceChildren(
    menu,
    tabBar(app, tabs, (/** @type {Tab} */ tab) => void showTabMenu(app, tab)),
    deviceStatus(app),
    runControls(app),
  );
  watch(app.i18n.language, () => {
    menu.title = app.i18n.t("shell.menu");
    menu.setAttribute("aria-label", app.i18n.t("shell.menu"));
  });
}

function logo() {
  const image = element("img", { alt: "", width: 20, height: 20 });
  image.src = new URL("../../styles/icon.svg", import.meta.url).href;
  return image;
}
