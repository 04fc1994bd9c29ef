/**
 * The scenes of open documents, each made once: to switch a tab is to take another one. They are
 * gone with their document.
 */

/** @import { Catalogue, GraphId } from "../core/types.js" */
/** @import { Doc } from "../core/document.js" */

import { Scene } from "./scene.js";

/** @type {WeakMap<Doc, Map<GraphId, Scene>>} */
const scenes = new WeakMap();

/**
 * @param {Doc} doc
 * @param {GraphId} graphId
 * @param {Catalogue} catalogue
 */
export function sceneOf(doc, graphId, catalogue) {
  const ofDoc = scenes.get(doc) ?? new Map();
  scenes.set(doc, ofDoc);
  let scene = ofDoc.get(graphId);
  if (!scene || scene.stale) {
    scene?.dispose();
    scene = new Scene(doc, graphId, catalogue);
    ofDoc.set(graphId, scene);
  }
  scene.setCatalogue(catalogue);
  return scene;
}
