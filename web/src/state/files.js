/** Opening and saving: the server's workflow folder, the disk, pictures that hold a workflow. */

/** @import { App } from "../app_types.js" */
/** @import { Json } from "../core/types.js" */
/** @import { Tab } from "./tab.js" */
/** @import { TabList } from "./tabs.js" */

import { toApi } from "../core/convert/to_api.js";
import { writeWorkflow } from "../core/convert/write_canvas.js";
import { jsonText, parseJson } from "../core/json.js";
import { ApiError } from "../net/api_error.js";
import { offerDownload, pickFiles } from "./disk.js";
import { fileAddress, FOLDER, HeldFiles, inFolder } from "./held_files.js";

export class Files {
  /** Files that are being opened, by path. @type {Map<string, Promise<void>>} */
  #opening = new Map();
  /** What has to be over before anything is opened. @type {Promise<unknown> | null} */
  #start = null;

  /**
   * @param {App} app
   * @param {{ tabs: TabList, onOpened: (tab: Tab) => void }} parts `onOpened` looks for missing
   *   nodes and models
   */
  constructor(app, { tabs, onOpened }) {
    this.app = app;
    this.tabs = tabs;
    this.onOpened = onOpened;
    this.held = new HeldFiles(app.api);
    tabs.list.subscribe((open) => this.held.release(new Set(open.map(({ id }) => id))));
  }

  /* ---------------------------------------------------------------------------------- opening */

  /**
   * Let what is opened wait: without the node types no value could be given to its input.
   * @param {Promise<unknown>} start
   */
  waitFor(start) {
    this.#start = start.finally(() => (this.#start = null));
  }

  /** @param {string} name */
  async #started(name) {
    if (!this.#start) return;
    this.#say("info", "files.waitsForStart", { name });
    await this.#start;
  }

  /** The workflows of the server's folder. */
  list() {
    return this.app.api.listUserFiles(FOLDER);
  }

  /** @param {string} path in the workflow folder @returns {Promise<void>} */
  async openPath(path) {
    const known = this.tabs.list.get().find((tab) => tab.file.get() === path);
    if (known) {
      this.tabs.active.set(known);
      return;
    }
    const opening = this.#opening.get(path) ?? this.#openFresh(path).finally(() => this.#opening.delete(path));
    this.#opening.set(path, opening);
    await opening;
  }

  /** @param {string} path of a file that is not open here */
  async #openFresh(path) {
    await this.#started(titleOf(path));
    const response = await this.app.api.fetch(fileAddress(path));
    const workflow = await parsed(await response.text());
    const title = titleOf(path);
    if (workflow === undefined) return this.#say("error", "files.notJson", { name: path });
    const held = await this.held.take(path);
    if (!held) this.#say("warn", "files.openElsewhere", { name: title });
    const tab = this.#open(workflow, held ? title : this.app.i18n.t("files.copyOf", { title }), held ? path : null);
    if (!tab || !held) {
      held?.release();
      return;
    }
    this.held.keep(tab.id, held, response.headers.get("ETag"));
  }

  async chooseFromDisk() {
    for (const file of await pickFiles(".json,.png,.webp,.jpg,.jpeg,.avif,.mp4,.webm,.flac,.latent,.safetensors,.svg")) await this.openFile(file);
  }

  /**
   * Open what a file from anywhere holds, always in a new tab.
   * @param {File} file
   * @param {{ onlyBranch?: boolean }} [options] onlyBranch: of a picture, keep what made it
   */
  async openFile(file, { onlyBranch = false } = {}) {
    const title = titleOf(file.name);
    await this.#started(file.name);
    if (isJsonName(file.name)) {
      const workflow = await parsed(await file.text());
      if (workflow === undefined) this.#say("error", "files.notJson", { name: file.name });
      else this.#open(workflow, title, null);
      return;
    }
    const { readEmbedded } = await import("./embedded.js");
    const { workflow, found, ignored } = await readEmbedded(file);
    if (workflow !== undefined) {
      const tab = this.#open(workflow, title, null);
      if (tab && ignored) this.#say("info", ignored.length > 0 ? "files.partOfText" : "files.fromText", { name: file.name, ignored: ignored.join(", ") });
      if (tab && onlyBranch) await this.#keepBranch(tab, file.name);
    } else if (found.length > 0) this.#say("warn", "files.onlyOther", { name: file.name, found: found.join(", ") });
    else this.#say("warn", "files.noWorkflow", { name: file.name });
  }

  /** Take away what did not make a picture; an undo brings it back. @param {Tab} tab @param {string} name */
  async #keepBranch(tab, name) {
    const { branchOf, keepOnly } = await import("../core/branch.js");
    const { root } = tab.doc;
    const kept = branchOf(root, name, this.app.catalogue.get());
    if (kept.size === 0 || kept.size === root.nodes.size) return;
    tab.edit("files.keepBranch", (tx) => keepOnly(tx, "root", kept));
    this.app.view.fit();
    this.#say("info", "files.onlyBranch", { name });
  }

  /**
   * Open a workflow that is at hand: an example, a picture's, a job's.
   * @param {Json} workflow
   * @param {string} title
   */
  async openWorkflow(workflow, title) {
    await this.#started(title);
    this.#open(workflow, title, null);
  }

  /**
   * Open one of our own, whose models need not be here.
   * @param {Json} workflow
   * @param {string} title
   */
  openExample(workflow, title) {
    return this.#open(workflow, title, null, false);
  }

  /**
   * @param {Json} workflow
   * @param {string} title
   * @param {string | null} file
   * @param {boolean} [looksForMissing]
   * @returns {Tab | undefined} undefined when there was nothing to open
   */
  #open(workflow, title, file, looksForMissing = true) {
    const tab = this.tabs.open({ workflow, title, file });
    const fatal = tab.problems.get().find(({ severity }) => severity === "error");
    if (fatal && tab.doc.root.nodes.size === 0) {
      void this.tabs.close(tab);
      this.#say("error", "files.unreadable", { name: title, reason: fatal.message });
      return undefined;
    }
    this.app.view.fit();
    if (looksForMissing) this.onOpened(tab);
    return tab;
  }

  /* ----------------------------------------------------------------------------------- saving */

  /** @param {Tab} tab @returns {Promise<boolean>} whether it is saved now */
  async save(tab) {
    const path = tab.file.get();
    if (path === null) return this.saveAs(tab);
    if (await this.held.isChanged(tab.id, path)) {
      const answer = await this.#askConflict(path);
      if (answer !== "overwrite") return answer === "copy" ? this.saveAs(tab) : false;
    }
    return this.#write(tab, path, true);
  }

  /** @param {Tab} tab @returns {Promise<boolean>} */
  async saveAs(tab) {
    const { i18n, ui } = this.app;
    const wanted = await ui.prompt(i18n.t("files.saveAs"), tab.file.get()?.replace(/\.json$/, "") ?? tab.title.get());
    if (wanted === undefined) return false;
    const path = `${wanted.replace(/^\/+|\.json$/g, "")}.json`;
    if (path === tab.file.get()) return this.#write(tab, path, true);
    try {
      return await this.#write(tab, path, false);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
      const isFine = await ui.confirm(i18n.t("files.replace", { name: path }), { ok: i18n.t("files.replaceIt"), danger: true });
      return isFine && this.#write(tab, path, true);
    }
  }

  /** @param {Tab} tab @param {string} path @param {boolean} overwrite */
  async #write(tab, path, overwrite) {
    const { api } = this.app;
    // Edits made while it is written are in no file yet.
    let isChanged = false;
    const stop = tab.doc.subscribe(() => {
      isChanged = true;
    });
    try {
      await api.writeUserFile(inFolder(path), this.text(tab), { overwrite });
    } finally {
      stop();
    }
    await this.#moveTo(tab, path);
    tab.dirty.set(isChanged);
    return true;
  }

  /** The tab's file is this one, as it is now. @param {Tab} tab @param {string} path */
  async #moveTo(tab, path) {
    const isOther = tab.file.get() !== path;
    if (isOther) await this.held.move(tab.id, path);
    await this.held.stamp(tab.id, path);
    if (!isOther) return;
    tab.file.set(path);
    tab.title.set(titleOf(path));
  }

  /** @param {string} name @returns {Promise<"overwrite" | "copy" | undefined>} */
  #askConflict(name) {
    const { i18n, ui } = this.app;
    return ui.dialog({
      title: i18n.t("files.conflictTitle"),
      body: i18n.t("files.conflict", { name }),
      actions: [
        { title: i18n.t("shell.cancel"), value: /** @type {any} */ (undefined) },
        { title: i18n.t("files.overwrite"), value: "overwrite", kind: "danger" },
        { title: i18n.t("files.saveCopy"), value: "copy", kind: "primary" },
      ],
    });
  }

  /** What is written to a file. @param {Tab} tab */
  text(tab) {
    return jsonText(writeWorkflow(tab.doc, this.app.catalogue.get()), 1);
  }

  /** @param {Tab} tab */
  download(tab) {
    offerDownload(`${tab.title.get()}.json`, this.text(tab));
  }

  /** @param {Tab} tab */
  downloadApi(tab) {
    const { prompt } = toApi(tab.doc, this.app.catalogue.get());
    offerDownload(`${tab.title.get()} (API).json`, jsonText(prompt, 1));
  }

  /** @param {Tab} tab */
  async rename(tab) {
    const title = await this.app.ui.prompt(this.app.i18n.t("files.rename"), tab.title.get());
    if (title === undefined) return;
    const path = tab.file.get();
    if (path === null) tab.title.set(title);
    else await this.#renameFile(tab, path, title);
  }

  /** @param {Tab} tab @param {string} path @param {string} title */
  async #renameFile(tab, path, title) {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    const target = `${folder}${title.replace(/\.json$/, "")}.json`;
    if (target === path) return;
    const to = encodeURIComponent(inFolder(target));
    await this.app.api.fetch(`${fileAddress(path)}/move/${to}?overwrite=false`, { method: "POST" });
    await this.#moveTo(tab, target);
  }

  /** @param {Tab} tab */
  duplicate(tab) {
    this.#open(parseJson(this.text(tab)), this.app.i18n.t("files.copyOf", { title: tab.title.get() }), null)?.dirty.set(true);
  }

  /** Forget a file of the server's folder. @param {string} path */
  async delete(path) {
    const { api, i18n, ui } = this.app;
    const isFine = await ui.confirm(i18n.t("files.delete", { name: path }), { ok: i18n.t("files.deleteIt"), danger: true });
    if (isFine) await api.deleteUserFile(inFolder(path));
    return isFine;
  }

  /** @param {Tab} tab @returns {Promise<boolean>} */
  async mayClose(tab) {
    if (!tab.dirty.get() || tab.doc.root.nodes.size === 0) return true;
    const { i18n, ui } = this.app;
    const answer = await ui.dialog({
      title: i18n.t("files.closeTitle"),
      body: i18n.t("files.close", { name: tab.title.get() }),
      actions: [
        { title: i18n.t("shell.cancel"), value: "cancel" },
        { title: i18n.t("files.dontSave"), value: "drop", kind: "danger" },
        { title: i18n.t("files.saveIt"), value: "save", kind: "primary" },
      ],
    });
    return answer === "drop" || (answer === "save" && this.save(tab));
  }

  /** @param {"info" | "warn" | "error"} kind @param {string} key @param {{ [name: string]: string }} values */
  #say(kind, key, values) {
    this.app.ui.toast(kind, this.app.i18n.t(key, values));
  }
}

/** @param {string} path */
export function titleOf(path) {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");
}

/** @param {string} name */
function isJsonName(name) {
  return /\.json$/i.test(name);
}

/** @param {string} text @returns {Promise<Json | undefined>} undefined when it is no JSON */
async function parsed(text) {
  const { parseLenient } = await import("./embedded.js");
  try {
    return parseLenient(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
