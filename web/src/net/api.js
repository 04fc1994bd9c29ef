/** Calls of the server's routes. Nothing here retries: who calls knows whether that is right. */

/**
 * @import { Api, FileReference, I18n, PromptAnswer, PromptRequest, UploadAnswer, UserFile } from "../app_types.js"
 * @import { Json, JsonObject } from "../core/types.js"
 */

import { jsonText, parseJson } from "../core/json.js";
import { ApiError, errorOf } from "./api_error.js";
import { DEFAULT_USER } from "./ids.js";

const USER_HEADER = "Comfy-User";

/** @implements {Api} */
export class ServerApi {
  /**
   * @param {I18n} i18n
   * @param {typeof globalThis.fetch} [send]
   */
  constructor(i18n, send = (...request) => fetch(...request)) {
    this.i18n = i18n;
    this.send = send;
    this.user = DEFAULT_USER;
  }

  /** @param {string} path "/api/…" */
  url(path) {
    return path;
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   * @returns {Promise<Response>} an answer that is no failure
   * @throws {ApiError}
   */
  async fetch(path, options = {}) {
    const response = await this.answer(path, options);
    if (response.ok) return response;
    throw errorOf(response.status, await response.json().catch(() => undefined), this.i18n);
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   * @returns {Promise<Response>} whatever its status, as `fetch` gives it
   * @throws {ApiError} when there is none
   */
  async answer(path, options = {}) {
    try {
      return await this.send(this.url(path), this.#signed(options));
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw new ApiError(this.i18n.t("errors.absent"), { cause });
    }
  }

  /** Say who asks; the server takes who says nothing for the default user. @param {RequestInit} options */
  #signed(options) {
    if (this.user.id === DEFAULT_USER.id) return options;
    const headers = new Headers(options.headers);
    headers.set(USER_HEADER, this.user.id);
    return { ...options, headers };
  }

  /** @returns {Promise<{ [id: string]: string } | undefined>} names by id; undefined: the server keeps no users apart */
  async users() {
    const { users } = /** @type {{ users?: { [id: string]: string } }} */ (await this.json("/api/users"));
    return users;
  }

  /**
   * @template [T=Json]
   * @param {string} path
   * @param {RequestInit} [options]
   * @returns {Promise<T>}
   */
  async json(path, options) {
    return parseJson(await (await this.fetch(path, options)).text());
  }

  /**
   * @template [T=Json]
   * @param {string} path
   * @param {Json} body
   * @returns {Promise<T>} undefined when the answer is empty
   */
  async post(path, body) {
    const headers = { "Content-Type": "application/json" };
    const response = await this.fetch(path, { method: "POST", headers, body: jsonText(body) });
    const text = await response.text();
    return text === "" ? /** @type {T} */ (undefined) : parseJson(text);
  }

  /**
   * Bounds beyond 2^53 are rounded: packs' scripts calculate with them.
   * @returns {Promise<JsonObject>}
   */
  async objectInfo() {
    return (await this.fetch("/api/object_info")).json();
  }

  /** @param {PromptRequest} request @returns {Promise<PromptAnswer>} */
  queuePrompt(request) {
    return this.post("/api/prompt", /** @type {Json} */ (/** @type {unknown} */ (request)));
  }

  /**
   * @param {FileReference} file
   * @param {{ preview?: string, version?: string | number }} [options]
   */
  viewUrl({ filename, subfolder = "", type = "output" }, { preview, version } = {}) {
    const query = new URLSearchParams({ filename, subfolder, type });
    if (preview !== undefined) query.set("preview", preview);
    if (version !== undefined) query.set("rand", String(version));
    return this.url(`/api/view?${query}`);
  }

  /**
   * @param {File | Blob} file
   * @param {string} name
   * @param {{ type?: string, subfolder?: string, overwrite?: boolean, signal?: AbortSignal,
   *   onProgress?: (share: number) => void }} [options]
   * @returns {Promise<UploadAnswer>}
   */
  uploadImage(file, name, { type = "input", subfolder = "", overwrite = false, signal, onProgress } = {}) {
    const body = new FormData();
    body.append("image", file, name);
    body.append("type", type);
    body.append("subfolder", subfolder);
    if (overwrite) body.append("overwrite", "true");
    const api = onProgress ? new ServerApi(this.i18n, sendWithProgress(onProgress)) : this;
    api.user = this.user;
    return api.json("/api/upload/image", { method: "POST", body, signal: signal ?? null });
  }

  /** @param {string} folder @returns {Promise<string[]>} */
  models(folder) {
    return this.json(`/api/models/${encodeURIComponent(folder)}`);
  }

  /** @returns {Promise<string[]>} */
  embeddings() {
    return this.json("/api/embeddings");
  }

  /** @returns {Promise<JsonObject>} */
  translations() {
    return this.json("/api/i18n");
  }

  /** @returns {Promise<string[]>} */
  extensions() {
    return this.json("/api/extensions");
  }

  /** @param {string} path @returns {Promise<string>} */
  async readUserFile(path) {
    return (await this.fetch(userFile(path))).text();
  }

  /**
   * @param {string} path
   * @param {string} text
   * @param {{ overwrite?: boolean }} [options]
   * @returns {Promise<string>} the path it was written to
   */
  writeUserFile(path, text, { overwrite = true } = {}) {
    return this.json(`${userFile(path)}?overwrite=${overwrite}`, { method: "POST", body: text });
  }

  /**
   * All files below a folder; none when there is no such folder yet.
   * @param {string} folder
   * @returns {Promise<UserFile[]>} paths relative to the folder
   */
  async listUserFiles(folder) {
    const query = new URLSearchParams({ dir: folder, recurse: "true", full_info: "true" });
    try {
      return await this.json(`/api/userdata?${query}`);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return [];
      throw error;
    }
  }

  /** @param {string} path */
  async deleteUserFile(path) {
    await this.fetch(userFile(path), { method: "DELETE" });
  }
}

/** @param {string} path */
function userFile(path) {
  return `/api/userdata/${encodeURIComponent(path)}`;
}

/**
 * A sender with the shape of `fetch`, for bodies that are worth waiting for: it tells how much of
 * them has been sent, which `fetch` cannot.
 * @param {(share: number) => void} onProgress told 0 to 1
 * @returns {typeof globalThis.fetch}
 */
function sendWithProgress(onProgress) {
  return (url, { method = "GET", headers, body = null, signal } = {}) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, String(url));
    new Headers(headers).forEach((value, name) => request.setRequestHeader(name, value));
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      const { status, statusText } = request;
      resolve(new Response(request.responseText || null, { status, statusText }));
    });
    request.addEventListener("error", () => reject(new TypeError(`Nothing answered at ${url}.`)));
    request.addEventListener("abort", () => reject(new DOMException("The upload was stopped.", "AbortError")));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(/** @type {XMLHttpRequestBodyInit | null} */ (body));
  });
}
