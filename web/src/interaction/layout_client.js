/** @import { Box, Wire } from "../core/layout.js" */
/** @import { Point } from "../core/types.js" */
/** @import { Scene } from "../render/scene.js" */

/**
 * What is arranged of a scene, as core/layout.js takes it.
 * @param {Scene} scene
 * @param {readonly string[]} ids of nodes
 * @returns {{ nodes: Box[], links: Wire[] }}
 */
export function partsOf(scene, ids) {
  const nodes = ids.flatMap((id) => {
    const rect = scene.nodes.get(id)?.rect;
    return rect ? [{ id, rect }] : [];
  });
  const among = new Set(ids);
  const links = [...scene.graph.links.values()].filter(({ from, to }) => among.has(from) && among.has(to)).map(({ from, output, to, input }) => ({
    from, to,
    fromY: scene.nodes.get(from)?.layout.anchor(output, "out")?.y,
    toY: scene.nodes.get(to)?.layout.anchor(input, "in")?.y,
  }));
  return { nodes, links };
}

/**
 * core/layout.js in a worker of its own.
 * @param {readonly Box[]} nodes
 * @param {readonly Wire[]} links
 * @returns {Promise<Map<string, Point>>} New places, by id.
 */
export function layoutInWorker(nodes, links) {
  const worker = new Worker(new URL("./layout_worker.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", ({ message }) => {
      reject(new Error(`The nodes could not be arranged: ${message || "the worker did not start"}.`));
    });
    worker.postMessage({ nodes, links });
  }).finally(() => worker.terminate());
}
