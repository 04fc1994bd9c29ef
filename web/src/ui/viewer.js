/** One picture on the whole screen: zoom, pan, the next one, and what is known of it. */

/** @import { App } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { Picture } from "../state/gallery.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";
import { pictureMenu } from "./picture_actions.js";
import { pictureInfo } from "./picture_info.js";
import { INFO_SETTING } from "./picture_viewer.js";
import { ZoomImage } from "./zoom_image.js";

export class Viewer {
  /** @type {readonly Picture[]} */
  #pictures = [];
  #index = 0;

  /** @param {App} app @param {Files} files */
  constructor(app, files) {
    this.app = app;
    this.files = files;
  }

  /** There is one at a time, however often it is asked for. @param {readonly Picture[]} pictures @param {number} index of the one to show */
  show(pictures, index) {
    this.#pictures = pictures;
    this.#index = index;
    if (!this.box?.open) this.#build();
    this.#showPicture();
  }

  #build() {
    this.image = new ZoomImage();
    this.title = element("span", { class: "viewer-title" });
    this.info = element("aside", { class: "viewer-info" });
    const bar = element("header", { class: "viewer-bar" }, this.title, ...this.#buttons());
    this.box = element("dialog", { class: "viewer", "aria-label": this.app.i18n.t("gallery.open") },
      bar, this.image.element, this.info,
      this.#step(-1, "left", "gallery.previous"), this.#step(1, "right", "gallery.next"));
    this.box.addEventListener("keydown", (event) => this.#onKey(event));
    this.box.addEventListener("close", () => this.#close());
    this.image.element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      void this.#menu({ x: event.clientX, y: event.clientY });
    });
    document.body.append(this.box);
    this.box.showModal();
    this.image.element.focus();
  }

  #close() {
    this.box?.remove();
    // Menus opened in the viewer lay in it: the top layer covers all else.
    document.body.append(this.app.ui.overlay, /** @type {HTMLElement} */ (document.getElementById("toasts")));
  }

  /** @param {import("../core/types.js").Point} point */
  async #menu(point) {
    const picture = this.#pictures[this.#index];
    if (!picture || !this.box) return;
    this.box.append(this.app.ui.overlay, /** @type {HTMLElement} */ (document.getElementById("toasts")));
    const items = pictureMenu(this.app, this.files, picture).map((item) => (
      "title" in item && item.icon === "nodes" ? { ...item, run: () => {
        this.box?.close();
        item.run?.();
      } } : item
    ));
    await this.app.ui.menu(point, items);
  }

  #buttons() {
    const { i18n, settings } = this.app;
    const more = this.#button("menu", "shell.menu", () => {
      const { left, bottom } = more.getBoundingClientRect();
      void this.#menu({ x: left, y: bottom });
    });
    return [
      this.#button("fit", "gallery.fit", () => this.image?.toggle()),
      this.#button("info", "gallery.info", () => {
        settings.set(INFO_SETTING, !settings.get(INFO_SETTING));
        this.#showInfo();
      }),
      more,
      this.#button("close", "shell.close", () => this.box?.close()),
    ].map((button) => {
      button.setAttribute("lang", i18n.language.get());
      return button;
    });
  }

  /** @param {string} drawing @param {string} key @param {() => void} press */
  #button(drawing, key, press) {
    const title = this.app.i18n.t(key);
    const button = element("button", { type: "button", class: "icon-button", title, "aria-label": title }, icon(drawing, 16));
    button.addEventListener("click", press);
    return button;
  }

  /** @param {number} by @param {string} drawing @param {string} key */
  #step(by, drawing, key) {
    const button = this.#button(drawing, key, () => this.#go(by));
    button.classList.add("viewer-step", `viewer-${drawing}`);
    return button;
  }

  /** @param {number} by */
  #go(by) {
    const index = this.#index + by;
    if (index < 0 || index >= this.#pictures.length) return;
    this.#index = index;
    this.#showPicture();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    event.stopPropagation();
    if (event.key === "ArrowLeft") this.#go(-1);
    else if (event.key === "ArrowRight") this.#go(1);
    else if (event.key === "f" || event.key === " ") this.image?.toggle();
    else if (event.key === "+" || event.key === "=") this.image?.zoomBy(1.25);
    else if (event.key === "-") this.image?.zoomBy(0.8);
    else return;
    event.preventDefault();
  }

  #showPicture() {
    const picture = this.#pictures[this.#index];
    if (!picture || !this.title || !this.box) return;
    this.title.textContent = `${picture.file.filename}  ·  ${this.#index + 1} / ${this.#pictures.length}`;
    this.image?.show(this.app.api.viewUrl(picture.file), picture.file.filename);
    /** @type {HTMLButtonElement | null} */ (this.box.querySelector(".viewer-left"))?.toggleAttribute("disabled", this.#index === 0);
    /** @type {HTMLButtonElement | null} */ (this.box.querySelector(".viewer-right"))?.toggleAttribute("disabled", this.#index === this.#pictures.length - 1);
    this.#showInfo();
  }

  #showInfo() {
    const picture = this.#pictures[this.#index];
    if (!this.info || !picture) return;
    this.info.hidden = !this.app.settings.get(INFO_SETTING);
    this.info.replaceChildren(...(this.info.hidden ? [] : [pictureInfo(this.app, picture)]));
  }
}
