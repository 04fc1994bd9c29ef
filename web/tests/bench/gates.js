/** Which counts of the canvas' scenarios must hold. */

/** @import { Result } from "./scenarios.js" */

import { ROUNDS } from "./actions.js";

/** @typedef {{ result: string, holds: boolean, text: string }} Gate */

/**
 * What must hold on every machine: counts, never times.
 * @param {readonly Result[]} results
 * @returns {Gate[]}
 */
export function gatesOf(results) {
  /** @param {string} name */
  const of = (name) => {
    const found = results.find((result) => result.name === name);
    if (!found) throw new Error(`The scenario "${name}" was not run.`);
    return found;
  };
  /** @param {string} name @param {string} counter @param {number} most @param {number} [least] @returns {Gate} */
  const gate = (name, counter, most, least = 0) => {
    const value = of(name).counters[counter] ?? NaN;
    return { result: name, holds: value <= most && value >= least, text: `${counter} ${value}, wanted ${least} to ${most}` };
  };
  const panned = of("pan at 0.6"), small = of("pan inside overscan");
  return [
    gate("pan inside overscan", "domLayouts", 0),
    gate("pan inside overscan", "mounts", 0),
    gate("pan inside overscan", "paints", 0),
    gate("pan inside overscan", "transformWrites", small.counters["frames"] ?? 0, 1),
    gate("pan at 0.6", "layouts", 0),
    gate("pan at 0.6", "transformWrites", panned.counters["frames"] ?? 0, 1),
    gate("pan at 0.6", "mounts", 0),
    gate("slow pan at 0.6", "layouts", 0),
    gate("slow pan at 0.6", "mounts", 8 * (of("slow pan at 0.6").counters["frames"] ?? 0), 1),
    gate("pan at fit", "layouts", 0),
    gate("pan at fit", "linksGathered", 1),
    gate("zoom sweep", "resizeObserver", 0),
    gate("zoom sweep", "layouts", 0),
    gate("drag 1", "layouts", 1),
    gate("drag 1", "nodeMoves", 3 * (of("drag 1").counters["frames"] ?? 0), 1),
    gate("drag 200", "domLayouts", 4),
    gate("connect", "layouts", 2 * ROUNDS.actions),
    gate("connect", "mounts", 0),
    gate("undo", "layouts", 2 * ROUNDS.actions),
    gate("undo", "mounts", 0),
    gate("tab switch", "layouts", 0),
    gate("tab switch", "built", 0),
    gate("run, 20 events/s", "paints", 0),
    gate("run, 20 events/s", "frames", ROUNDS.events),
    gate("idle", "raf", 0),
    gate("idle", "frames", 0),
    gate("idle", "domLayouts", 0),
    gate("idle", "resizeObserver", 0),
    gate("after all", "domNodes", 30000),
    { result: "control: 100 ms busy loop", holds: (of("control: 100 ms busy loop").times?.max ?? 0) >= 95, text: "the busy frame is seen" },
  ];
}
