/** What a node is called on the canvas. */

/** @import { NodeEnvironment } from "./node_rows.js" */
/** @import { NodeShape } from "./scene.js" */

import { isBoundary } from "./boundary.js";

/**
 * @param {NodeEnvironment} environment
 * @param {NodeShape} shape
 */
export function titleOf({ app, scene }, { record, type }) {
  if (record.title) return record.title;
  if (isBoundary(record.id)) return app.i18n.t(`canvas.boundary.${record.id.slice(1)}`);
  const inside = scene.doc.graph(record.type);
  if (inside) return inside.record.name;
  return type ? app.i18n.nodeTitle(type) : record.type;
}
