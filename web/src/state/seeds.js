/**
 * Seeds that change from run to run. A value is rolled just before a run, and only when a run has
 * used it already: the seed shown is always the seed used, and a file's first run repeats it.
 */

/** @import { Doc } from "../core/document.js" */
/** @import { Catalogue, GraphId, InputType, Json, NodeRecord, SeedControl } from "../core/types.js" */
/** @import { Tab } from "./tab.js" */

const LARGEST = Number.MAX_SAFE_INTEGER;
/** Seeds people can read and note down. */
const ROLL_BELOW = 2 ** 50;

/**
 * Roll what is due, as one step of the tab's history, and note what is used now.
 * @param {Tab} tab
 * @param {Catalogue} catalogue
 * @param {() => number} [random] in [0, 1)
 */
export function rollSeeds(tab, catalogue, random = Math.random) {
  const controlled = [...controlledValues(tab.doc, catalogue)];
  const due = controlled.filter(({ key, value }) => tab.usedSeeds.get(key) === value);
  const rolled = due
    .map((one) => ({ ...one, next: nextValue(one.value, one.control, one.input, random) }))
    .filter(({ value, next }) => next !== value);
  if (rolled.length > 0) {
    tab.edit("edit.rollSeeds", (tx) => {
      for (const { graph, node, input, next } of rolled) tx.setValue(graph, node.id, input.name, next);
    }, { mergeKey: "rollSeeds" });
  }
  for (const { key, graph, node, input } of controlled) {
    const value = tab.doc.graph(graph)?.nodes.get(node.id)?.values[input.name];
    if (value !== undefined) tab.usedSeeds.set(key, value);
  }
}

/**
 * @param {Doc} doc
 * @param {Catalogue} catalogue
 * @returns {Iterable<{ key: string, graph: GraphId, node: NodeRecord, input: InputType, control: SeedControl, value: Json }>}
 */
function* controlledValues(doc, catalogue) {
  for (const graph of doc.graphIds()) {
    for (const node of doc.graph(graph)?.nodes.values() ?? []) {
      for (const [name, control] of Object.entries(node.controls ?? {})) {
        const input = catalogue.get(node.type)?.inputs.find((one) => one.name === name);
        const value = node.values[name];
        if (input && value !== undefined) yield { key: `${graph} ${node.id} ${name}`, graph, node, input, control, value };
      }
    }
  }
}

/**
 * @param {Json} value
 * @param {SeedControl} control
 * @param {InputType} input
 * @param {() => number} random
 * @returns {Json}
 */
export function nextValue(value, control, { choices, options }, random) {
  if (choices) return nextChoice(value, control, choices, random);
  if (typeof value !== "number") return value;
  const least = Math.max(-LARGEST, numberOf(options["min"], 0));
  const most = Math.min(LARGEST, numberOf(options["max"], LARGEST));
  if (control === "increment") return value >= most ? least : value + 1;
  if (control === "decrement") return value <= least ? most : value - 1;
  if (control !== "randomize") return value;
  return least + Math.floor(random() * (Math.min(most, least + ROLL_BELOW) - least + 1));
}

/** @param {Json} value @param {SeedControl} control @param {readonly Json[]} choices @param {() => number} random */
function nextChoice(value, control, choices, random) {
  const at = choices.indexOf(value);
  const step = control === "increment" ? 1 : control === "decrement" ? -1 : 0;
  const place = control === "randomize" ? Math.floor(random() * choices.length) : at + step;
  return choices[(place + choices.length) % choices.length] ?? value;
}

/** @param {Json | undefined} value @param {number} otherwise */
function numberOf(value, otherwise) {
  return typeof value === "number" ? value : otherwise;
}
