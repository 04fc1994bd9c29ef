/**
 * A picture of the input folder: chosen from the list, uploaded, dropped or pasted onto it. The
 * picture itself fills what room the node has.
 */

import { element, on } from "../controls/dom.js";
import { icon } from "../ui/icons.js";
import { ChoiceButton } from "./combo.js";
import { fileReference, fileValue, imageFolder } from "./choices.js";
import { ownPresses, remark, widgetRow } from "./row.js";

/** @typedef {import("../core/types.js").Json} Json */
/** @typedef {import("../app_types.js").WidgetContext} WidgetContext */

const PREVIEW = "webp;80";

/** @type {import("../app_types.js").WidgetMount} */
export function mountImageUpload(parent, context) {
  const { root, label, id } = widgetRow(parent, context, "image");
  const widget = new ImageUpload(context, root, id);
  root.replaceChildren(element("div", { class: "widget-image-row" }, label, widget.choice.button, widget.button), widget.frame);
  ownPresses(root, context.signal);
  return {
    update: (value) => widget.update(value),
    focus: () => widget.choice.button.focus(),
    unmount: () => root.remove(),
  };
}

class ImageUpload {
  /**
   * @param {WidgetContext} context
   * @param {HTMLElement} root
   * @param {string} id
   */
  constructor(context, root, id) {
    this.context = context;
    this.root = root;
    const { t } = context.app.i18n;
    this.choice = new ChoiceButton(context, root, id, (value) => this.#show(value));
    this.picker = element("input", { type: "file", accept: "image/*", hidden: true, "aria-label": t("widgets.image.upload") });
    this.button = element("button", {
      type: "button", class: "widget-icon-button", title: t("widgets.image.upload"), "aria-label": t("widgets.image.upload"),
    }, icon("up", 14));
    this.image = element("img", { alt: "", decoding: "async", draggable: "false" });
    this.hint = element("span", { class: "widget-image-hint" });
    this.bar = element("progress", { class: "widget-image-progress", max: 1, value: 0, hidden: true, "aria-label": t("widgets.image.uploading") });
    this.frame = element("div", { class: "widget-image-frame" }, this.image, this.hint, this.bar, this.picker);
    this.#listen();
    this.#show(context.get());
  }

  #listen() {
    const { signal } = this.context;
    on(this.button, "click", () => this.picker.click(), signal);
    on(this.picker, "change", () => void this.upload(this.picker.files), signal);
    on(this.image, "error", () => this.#broken(), signal);
    on(this.root, "paste", (event) => this.#take(event, event.clipboardData), signal);
    on(this.root, "dragover", (event) => this.#allow(event), signal);
    on(this.root, "dragleave", () => this.root.classList.remove("is-target"), signal);
    on(this.root, "drop", (event) => this.#take(event, event.dataTransfer), signal);
  }

  /** @param {Json} value */
  update(value) {
    if (value === this.choice.value) return;
    this.choice.update(value);
    this.#show(value);
  }

  /** @param {Json} value */
  #show(value) {
    const { app, input } = this.context;
    const isNamed = typeof value === "string" && value !== "";
    this.image.hidden = !isNamed;
    this.hint.hidden = isNamed;
    if (!isNamed) {
      this.image.removeAttribute("src");
      this.hint.textContent = app.i18n.t("widgets.image.hint");
      return;
    }
    const address = app.api.viewUrl(fileReference(value, imageFolder(input)), { preview: PREVIEW });
    if (this.image.getAttribute("src") !== address) this.image.src = address;
    this.image.alt = value;
  }

  #broken() {
    const { app } = this.context;
    this.choice.button.toggleAttribute("aria-invalid", true);
    this.image.hidden = true;
    this.hint.hidden = false;
    this.hint.textContent = app.i18n.t("widgets.image.missing", { name: String(this.choice.value) });
  }

  /** @param {DragEvent} event */
  #allow(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    this.root.classList.add("is-target");
  }

  /** @param {Event} event @param {DataTransfer | null} data */
  #take(event, data) {
    this.root.classList.remove("is-target");
    if (!data?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    void this.upload(data.files);
  }

  /**
   * Send the first picture and choose it.
   * @param {FileList | null} files
   */
  async upload(files) {
    const { app, input, signal } = this.context;
    const file = [...(files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) {
      if (files?.length) remark(this.root, this.context, app.i18n.t("widgets.image.no_picture"), "error");
      return;
    }
    this.bar.hidden = false;
    this.bar.value = 0;
    try {
      const folder = imageFolder(input);
      const answer = await app.api.uploadImage(file, fileName(file), {
        type: folder, signal, onProgress: (share) => { this.bar.value = share; },
      });
      this.choice.add(fileValue(answer, folder));
    } catch (error) {
      if (!signal.aborted) remark(this.root, this.context, error instanceof Error ? error.message : String(error), "error");
    } finally {
      this.bar.hidden = true;
      this.picker.value = "";
    }
  }
}

/** Pasted pictures are all called "image.png"; the time tells them apart. @param {File} file */
function fileName({ name, type, lastModified }) {
  if (name && name !== "image.png") return name;
  const ending = type.split("/")[1]?.replace(/\+.*/, "") ?? "png";
  const time = new Date(lastModified || Date.now()).toISOString().slice(0, 19).replaceAll(/[T:]/g, "-");
  return `pasted-${time}.${ending}`;
}
