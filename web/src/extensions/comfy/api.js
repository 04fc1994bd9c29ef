/** The object that scripts written for ComfyUI import from `/scripts/api.js`. */

import { previewMethod } from "../../state/runs.js";

/** @typedef {import("../../app_types.js").App} App */

/** Messages that scripts listen to; others are subscribed to when a script asks for them. */
export class ComfyApi extends EventTarget {
  /** @param {App} app */
  constructor(app) {
    super();
    this.app = app;
    /** @type {Set<string>} */
    this.subscribed = new Set();
    app.socket.onPreview(({ image, nodeId, displayNodeId, promptId }) => {
      this.dispatchEvent(new CustomEvent("b_preview", { detail: image }));
      this.dispatchEvent(new CustomEvent("b_preview_with_metadata", {
        detail: { blob: image, nodeId, displayNodeId, promptId },
      }));
    });
  }

  get clientId() { return this.app.socket.clientId; }
  get initialClientId() { return this.app.socket.clientId; }

  /**
   * @override
   * @param {string} type
   * @param {EventListenerOrEventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    if (!this.subscribed.has(type) && !type.startsWith("b_preview")) {
      this.subscribed.add(type);
      this.app.socket.on(type, (detail) => this.dispatchEvent(new CustomEvent(type, { detail: eventDetail(type, detail) })));
    }
    super.addEventListener(type, listener, options);
  }

  /** @param {string} path */
  apiURL(path) { return this.app.api.url(`/api${path}`); }
  /** @param {string} path */
  fileURL(path) { return this.app.api.url(path); }
  /** @param {string} path */
  internalURL(path) { return this.app.api.url(`/internal${path}`); }

  /**
   * The answer as fetch gives it, whatever its status: scripts look at it themselves.
   * @param {string} path
   * @param {RequestInit} [options]
   */
  fetchApi(path, options) { return this.app.api.answer(`/api${path}`, options); }

  getNodeDefs() { return this.app.api.objectInfo(); }
  getEmbeddings() { return this.app.api.embeddings(); }
  async interrupt() { await this.app.runs.interrupt(); }

  /** @param {number} number @param {{ output: any, workflow: any }} prompt */
  async queuePrompt(number, { output, workflow }) {
    return this.app.api.queuePrompt({
      prompt: output, client_id: this.clientId, front: number === -1,
      extra_data: { extra_pnginfo: { workflow }, preview_method: previewMethod(this.app.settings) },
    });
  }

  /** @param {string} id */
  async getSetting(id) { return this.app.settings.get(id); }
  /** @param {string} id @param {any} value */
  async storeSetting(id, value) { this.app.settings.set(id, value); }
  /** @param {string} file */
  async getUserData(file) { return this.fetchApi(`/userdata/${encodeURIComponent(file)}`); }
  /** @param {string} file @param {any} content */
  async storeUserData(file, content) {
    const body = typeof content === "string" ? content : JSON.stringify(content);
    return this.fetchApi(`/userdata/${encodeURIComponent(file)}?overwrite=true`, { method: "POST", body });
  }
}

/**
 * Scripts get the node alone for "executing", and the whole message for all others.
 * @param {string} type
 * @param {any} detail
 */
function eventDetail(type, detail) {
  return type === "executing" ? (detail?.display_node ?? detail?.node ?? null) : detail;
}
