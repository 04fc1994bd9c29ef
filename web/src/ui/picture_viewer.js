/** The full-screen viewer, loaded when a picture is opened first. */

/** @import { App } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { Picture } from "../state/gallery.js" */
/** @import { Viewer } from "./viewer.js" */

export const INFO_SETTING = "Tessera.Viewer.Info";

export class PictureViewer {
  /** @type {Viewer | undefined} */
  #viewer;

  /** @param {App} app @param {Files} files */
  constructor(app, files) {
    this.app = app;
    this.files = files;
    app.settings.define({ id: INFO_SETTING, type: "hidden", default: true, title: "gallery.info" });
  }

  /** @param {readonly Picture[]} pictures @param {number} index of the one to show */
  async show(pictures, index) {
    const { Viewer } = await import("./viewer.js");
    this.#viewer ??= new Viewer(this.app, this.files);
    this.#viewer.show(pictures, index);
  }
}
