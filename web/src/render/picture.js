/** What the layers of the canvas paint: what is shown, and what marks and runs say of it. */

/** @import { Picture } from "./static_layer.js" */
/** @import { CanvasView } from "./view.js" */

import { groupSeconds } from "./run_sums.js";
import { durationText } from "./run_text.js";
import { titleOf } from "./titles.js";

/** @param {CanvasView} view @returns {Picture | null} Null while nothing is shown. */
export function pictureOf({ app, camera, isFar, linkStyle, shown, stage, thumbnails }) {
  if (!shown?.scene.exists) return null;
  const { tab, scene, marks, selection } = shown;
  return {
    scene,
    camera,
    selection,
    style: linkStyle,
    lift: stage.lift,
    far: isFar,
    titleOf: (shape) => titleOf({ app, tab, scene }, shape),
    outlineOf: (id) => marks.outlineOf(id, selection),
    heatOf: ({ record }) => marks.heatOf(record.id),
    thumbnailOf: ({ record }) => thumbnails.of(tab.run.get(tab.executionId(record.id))),
    timeOf: (group) => {
      const seconds = groupSeconds(tab.run, group, (id) => tab.executionId(id));
      return seconds > 0 ? durationText(seconds) : "";
    },
  };
}
