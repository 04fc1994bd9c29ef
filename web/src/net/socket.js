/** The socket on which the server tells what happens; it comes back by itself when it was lost. */

/** @import { Connection, Preview, Socket, Unsubscribe } from "../app_types.js" */

import { createStore } from "../core/store.js";
import { readFrame } from "./frames.js";

/** What this client can take; the server counts a flag only when it is exactly true. */
const FLAGS = { supports_preview_metadata: true, supports_progress_delta: true };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

/** @typedef {(data: any) => void} Listener */

/** @implements {Socket} */
export class ServerSocket {
  /** @type {Map<string, Set<Listener>>} */
  #listeners = new Map();
  /** @type {Set<(preview: Preview) => void>} */
  #previewListeners = new Set();
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  #stopped = false;

  /**
   * @param {string} clientId jobs queued with it are told here, also after a reload
   * @param {(url: string) => WebSocket} [open]
   */
  constructor(clientId, open = (url) => new WebSocket(url)) {
    this.clientId = clientId;
    this.open = open;
    this.state = createStore(/** @type {Connection} */ ("connecting"));
  }

  /** Connect, and stay connected. */
  start() {
    this.#connect();
    globalThis.addEventListener?.("online", () => this.retryNow());
    globalThis.document?.addEventListener("visibilitychange", () => this.retryNow());
  }

  /** Do not wait any longer for the next try. */
  retryNow() {
    if (this.state.get() !== "lost" || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  /**
   * @param {string} type
   * @param {Listener} listener
   * @param {AbortSignal} [signal]
   * @returns {Unsubscribe}
   */
  on(type, listener, signal) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return untilAborted(() => listeners.delete(listener), signal);
  }

  /**
   * @param {(preview: Preview) => void} listener
   * @param {AbortSignal} [signal]
   * @returns {Unsubscribe}
   */
  onPreview(listener, signal) {
    this.#previewListeners.add(listener);
    return untilAborted(() => this.#previewListeners.delete(listener), signal);
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = this.open(`${scheme}://${location.host}/ws?clientId=${encodeURIComponent(this.clientId)}`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ type: "feature_flags", data: FLAGS }));
      this.#failures = 0;
      this.state.set("open");
    });
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => {
      if (this.#socket === socket) this.#lost();
    });
  }

  #lost() {
    if (this.#stopped) return;
    this.state.set("lost");
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Not all windows at the same moment when a server comes back.
    this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    if (typeof data === "string") {
      const { type, data: content } = JSON.parse(data);
      this.#tell(this.#listeners.get(type), content);
      return;
    }
    const frame = readFrame(data);
    if (frame?.kind === "preview") this.#tell(this.#previewListeners, frame.preview);
    else if (frame?.kind === "text") this.#tell(this.#listeners.get("progress_text"), frame);
  }

  /**
   * A listener that throws must not keep a message from the others.
   * @template T
   * @param {Set<(value: T) => void> | undefined} listeners
   * @param {T} value
   */
  #tell(listeners, value) {
    for (const listener of [...(listeners ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** @param {Unsubscribe} unsubscribe @param {AbortSignal} [signal] @returns {Unsubscribe} */
function untilAborted(unsubscribe, signal) {
  signal?.addEventListener("abort", unsubscribe, { once: true });
  return unsubscribe;
}
