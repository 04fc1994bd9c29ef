/** Requests that tell how much of their body has been sent; `fetch` cannot. */

/**
 * A sender with the shape of `fetch`, for bodies that are worth waiting for.
 * @param {(share: number) => void} onProgress told 0 to 1
 * @returns {typeof globalThis.fetch}
 */
export function sendWithProgress(onProgress) {
  return (url, { method = "GET", body = null, signal } = {}) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, String(url));
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
