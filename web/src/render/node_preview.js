/**
 * Results on a node: the newest preview while it runs, its pictures after it, or else its text.
 * Pictures are decoded off the main thread; the latest wins.
 */

/** @import { App, FileReference, NodeOutputs, NodeRun } from "../app_types.js" */
/** @import { PreviewPlace } from "./preview_place.js" */

import { make } from "./dom.js";

const MOST_SHOWN = 4;
/** More letters than anyone reads on a node. */
const MOST_LETTERS = 5000;
/** How pictures on nodes are asked for. */
export const SMALL = { preview: "webp;80" };

export class NodePreview {
  /** @param {App} app @param {HTMLElement} node @param {HTMLElement} badge Small pictures stand in front of it. */
  constructor(app, node, badge) {
    this.app = app;
    this.node = node;
    this.badge = badge;
    this.element = make("div", "node-preview");
    this.element.hidden = true;
    node.append(this.element);
    this.shown = "";
    /** The request whose pictures may still come in. */
    this.turn = 0;
  }

  /** @param {PreviewPlace} place */
  place({ where, y, height }) {
    const { element } = this;
    element.classList.toggle("below", where === "below");
    element.classList.toggle("small", where === "header");
    element.style.top = `${y}px`;
    element.style.height = where === "header" ? "" : `${height}px`;
    if (where === "header") this.badge.before(element);
    else if (element.parentElement !== this.node) this.node.append(element);
  }

  /** @param {NodeRun | undefined} run */
  update(run) {
    const urls = this.#urls(run);
    const text = run && urls.length === 0 ? textOf(run.outputs) : "";
    const key = [...urls, text].join("\n");
    if (key === this.shown) return;
    this.shown = key;
    this.turn += 1;
    this.element.classList.toggle("words", text !== "");
    if (text !== "") {
      this.element.dataset["count"] = "1";
      this.element.replaceChildren(make("div", "node-text", text));
      this.element.hidden = false;
      return;
    }
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
    return this.app.api.viewUrl(file, SMALL);
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

/** What a node says in words; what packs send may be anything. @param {NodeOutputs | undefined} outputs @returns {string} */
function textOf(outputs) {
  const text = outputs?.text;
  if (!Array.isArray(text)) return "";
  return text.filter((part) => typeof part === "string").join("\n").slice(0, MOST_LETTERS);
}
