/** The model files of the server, by folder, with pictures; dragged to the canvas they make a loader. */

import { element, isComposing, on } from "../controls/dom.js";
import { Listbox } from "../controls/listbox.js";
import { thumbnail } from "../widgets/choice_menu.js";
import { matchChoices, modelPreviewPath } from "../widgets/choices.js";
import { addNode } from "./add_node.js";
import { makeDraggable } from "./drag_out.js";
import { loaderOf } from "./model_loaders.js";
import { listSearchField } from "./search_field.js";
import { FOLDER_SETTING } from "./tool_settings.js";
import { watch } from "./watch.js";

/** @typedef {import("../app_types.js").App} App */
/**
 * @typedef {{ readonly name: string, readonly pathIndex: number, readonly size: number, readonly modified: number }} ModelFile
 * as GET /experiment/models/{folder} lists them
 */
/** @typedef {ModelFile & { readonly label: string }} ModelRow */

const ROW_PX = 48;

/** @type {import("../app_types.js").Panel["mount"]} */
export function mountModels(place, app) {
  const stop = new AbortController();
  const browser = new ModelBrowser(place, app, stop.signal);
  void browser.loadFolders();
  return () => {
    stop.abort();
    place.replaceChildren();
  };
}

class ModelBrowser {
  /** @param {HTMLElement} place @param {App} app @param {AbortSignal} signal */
  constructor(place, app, signal) {
    const { t } = app.i18n;
    this.app = app;
    this.signal = signal;
    /** @type {readonly ModelRow[]} */
    this.files = [];
    this.folder = element("select", { class: "field" });
    this.refresh = element("button", { type: "button", class: "button" });
    this.search = listSearchField(app, "panels.models.search", signal);
    this.status = element("p", { class: "panel-empty", role: "status" });
    /** @type {Listbox<ModelRow>} */
    this.list = new Listbox({
      label: t("panels.models.title"), rowHeight: ROW_PX, signal,
      render: (file, row) => this.#renderRow(file, row),
      onPick: (file, event) => this.#pick(file, event),
    });
    this.list.own(this.search);
    this.list.element.classList.add("model-list");
    place.append(element("div", { class: "panel-bar" }, this.folder, this.refresh), this.search, this.status, this.list.element);
    watch(app.i18n.language, () => this.#translate(), signal);
    on(this.folder, "change", () => {
      app.settings.set(FOLDER_SETTING, this.folder.value);
      void this.loadFiles();
    }, signal);
    on(this.refresh, "click", () => void this.loadFiles(), signal);
    on(this.search, "input", () => this.#show(), signal);
    on(this.search, "keydown", (event) => {
      if (!isComposing(event)) this.list.handleKey(event);
    }, signal);
    on(this.list.element, "dblclick", () => this.#add(this.list.activeItem), signal);
  }

  #translate() {
    const { t } = this.app.i18n;
    this.folder.setAttribute("aria-label", t("panels.models.folder"));
    this.refresh.textContent = t("panels.models.refresh");
    if (this.files.length > 0) this.#show();
  }

  async loadFolders() {
    await this.#try(async () => {
      /** @type {readonly { name: string }[]} */
      const folders = await this.app.api.json("/api/experiment/models", { signal: this.signal });
      this.folder.replaceChildren(...folders.map(({ name }) => element("option", { value: name }, name)));
      this.folder.value = this.app.settings.get(FOLDER_SETTING);
    });
    await this.loadFiles();
  }

  async loadFiles() {
    const folder = this.folder.value;
    if (!folder) return;
    await this.#try(async () => {
      /** @type {readonly ModelFile[]} */
      const files = await this.app.api.json(`/api/experiment/models/${encodeURIComponent(folder)}`, { signal: this.signal });
      if (folder !== this.folder.value) return;
      this.files = files.map((file) => ({ ...file, label: file.name }));
      this.#show();
    });
  }

  /** @param {() => Promise<void>} load */
  async #try(load) {
    try {
      await load();
    } catch (error) {
      if (!this.signal.aborted) this.status.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  #show() {
    const found = matchChoices(this.files, this.search.value);
    this.list.setItems(found, this.search.value && found.length ? 0 : -1);
    const { t } = this.app.i18n;
    const none = this.files.length ? t("widgets.combo.no_match") : t("panels.models.none", { folder: this.folder.value });
    this.status.textContent = found.length ? "" : none;
  }

  /** @param {ModelRow} file @param {HTMLElement} row */
  #renderRow(file, row) {
    const folder = this.folder.value;
    const address = this.app.api.url(modelPreviewPath(folder, file.name, file.pathIndex));
    const date = new Intl.DateTimeFormat(this.app.i18n.language.get(), { dateStyle: "medium" }).format(file.modified * 1000);
    row.classList.add("model-row");
    row.title = file.name;
    row.append(thumbnail(address), element("span", { class: "model-text" },
      element("span", { class: "model-name" }, file.name),
      element("span", { class: "model-facts" }, `${sizeText(file.size)} · ${date}`)));
    const loader = loaderOf(folder, this.app.catalogue.get());
    if (loader) makeDraggable(row, loader.type.name, { [loader.input]: file.name });
  }

  /** A click marks, Enter adds. @param {ModelRow} file @param {Event} event */
  #pick(file, event) {
    if (event.type === "click") this.list.setActive(this.list.items.indexOf(file));
    else this.#add(file);
  }

  /** @param {ModelRow | undefined} file */
  #add(file) {
    if (!file) return;
    const folder = this.folder.value;
    const loader = loaderOf(folder, this.app.catalogue.get());
    if (loader) addNode(this.app, loader.type, undefined, { [loader.input]: file.name });
    else this.app.ui.toast("info", this.app.i18n.t("panels.models.no_loader", { folder }));
  }
}

/** @param {number} bytes */
function sizeText(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value.toFixed(value < 10 && power > 0 ? 1 : 0)} ${units[power]}`;
}
