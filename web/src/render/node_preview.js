/**
 * Pictures on a node: the newest preview while it runs, the results after it. In the room the node
 * has left, or hanging below it. Pictures are decoded off the main thread; the latest wins.
 */

/** @import { App, FileReference, NodeRun } from "../app_types.js" */
/** @import { NodeLayout } from "../core/node_layout.js" */

import { make } from "./dom.js";

const MIN_ROOM = 60;
const MOST_SHOWN = 4;
const THUMBNAIL = "webp;80";

export class NodePreview {
  /** @param {App} app @param {HTMLElement} parent */
  constructor(app, parent) {
    this.app = app;
    this.element = make("div", "node-preview");
    this.element.hidden = true;
    parent.append(this.element);
    this.shown = "";
    /** The request whose pictures may still come in. */
    this.turn = 0;
  }

  /** @param {NodeLayout} layout */
  place(layout) {
    const inside = layout.rest.height >= MIN_ROOM;
    this.element.classList.toggle("below", !inside);
    this.element.style.top = inside ? `${layout.rest.y}px` : "100%";
    this.element.style.height = inside ? `${layout.rest.height}px` : "";
  }

  /** @param {NodeRun | undefined} run */
  update(run) {
    const urls = this.#urls(run);
    const key = urls.join("\n");
    if (key === this.shown) return;
    this.shown = key;
    this.turn += 1;
    if (urls.length === 0) {
      this.element.hidden = true;
      this.element.replaceChildren();
      return;
    }
    void this.#show(urls, this.turn, (run?.outputs?.images?.length ?? 0) - urls.length);
  }

  /** @param {NodeRun | undefined} run @returns {string[]} */
  #urls(run) {
    if (!run) return [];
    if (run.previewUrl) return [run.previewUrl];
    const images = run.outputs?.images ?? [];
    return images.slice(0, MOST_SHOWN).map((file) => this.#address(file));
  }

  /** @param {FileReference} file */
  #address(file) {
    return this.app.api.viewUrl(file, { preview: THUMBNAIL });
  }

  /** @param {string[]} urls @param {number} turn @param {number} more Pictures there are beside those shown. */
  async #show(urls, turn, more) {
    const images = urls.map((url) => {
      const image = make("img", "node-image");
      image.draggable = false;
      image.alt = "";
      image.src = url;
      return image;
    });
    const results = await Promise.allSettled(images.map((image) => image.decode()));
    if (turn !== this.turn) return;
    const good = images.filter((_, at) => results[at]?.status === "fulfilled");
    this.element.replaceChildren(...good);
    this.element.dataset["count"] = String(good.length);
    if (more > 0) this.element.append(make("span", "node-image-more", `+${more}`));
    if (good.length === 0) this.element.append(make("span", "node-image-gone", this.app.i18n.t("canvas.preview.gone")));
    this.element.hidden = false;
  }
}
