/** @import { Point, Rect } from "../core/types.js" */

/**
 * core/layout.js in a worker of its own.
 * @param {readonly { id: string, rect: Rect }[]} nodes
 * @param {readonly { from: string, to: string }[]} links
 * @returns {Promise<Map<string, Point>>} New places, by id.
 */
export function layoutInWorker(nodes, links) {
  const worker = new Worker(new URL("./layout_worker.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", ({ message }) => {
      reject(new Error(`The nodes could not be arranged: ${message || "the worker did not start"}.`));
    });
    worker.postMessage({ nodes, links: links.map(({ from, to }) => ({ from, to })) });
  }).finally(() => worker.terminate());
}
