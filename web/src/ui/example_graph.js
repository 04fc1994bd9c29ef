/**
 * A small graph that shows a node type at work: what it needs is made by the plainest types there
 * are, what it gives is shown. Made from the catalogue, so that it fits what is installed.
 */

import { compatible, isAny } from "../core/type_rules.js";

/** @typedef {import("../core/types.js").Catalogue} Catalogue */
/** @typedef {import("../core/types.js").NodeType} NodeType */
/**
 * @typedef {object} ExampleNode
 * @property {NodeType} type
 * @property {number} column 0 is the type itself, sources are negative
 */
/** @typedef {{ from: number, output: string, to: number, input: string }} ExampleLink by index of the nodes */
/** @typedef {{ nodes: ExampleNode[], links: ExampleLink[] }} Example */

/** The plainest maker of a type, where there are many. @type {{ readonly [type: string]: string }} */
const MAKERS = {
  MODEL: "CheckpointLoaderSimple",
  CLIP: "CheckpointLoaderSimple",
  VAE: "CheckpointLoaderSimple",
  CONDITIONING: "CLIPTextEncode",
  LATENT: "EmptyLatentImage",
  IMAGE: "LoadImage",
  MASK: "LoadImage",
  CONTROL_NET: "ControlNetLoader",
  SAMPLER: "KSamplerSelect",
  SIGMAS: "BasicScheduler",
  NOISE: "RandomNoise",
  GUIDER: "BasicGuider",
};
/** What shows a type, or leads to it. @type {{ readonly [type: string]: string }} */
const SHOWERS = { LATENT: "VAEDecode", IMAGE: "PreviewImage", MASK: "MaskToImage" };
const MAX_DEPTH = 4;
const MAX_NODES = 24;

/**
 * @param {NodeType} type
 * @param {Catalogue} catalogue
 * @returns {Example}
 */
export function exampleGraph(type, catalogue) {
  const example = new ExampleBuilder(catalogue);
  const self = example.add(type, 0);
  example.feed(self, 0);
  example.show(self, 0);
  return { nodes: example.nodes, links: example.links };
}

class ExampleBuilder {
  /** @param {Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
    /** @type {ExampleNode[]} */
    this.nodes = [];
    /** @type {ExampleLink[]} */
    this.links = [];
  }

  /** @param {NodeType} type @param {number} column */
  add(type, column) {
    return this.nodes.push({ type, column }) - 1;
  }

  /**
   * Link makers to the sockets a node must have filled.
   * @param {number} to
   * @param {number} depth
   * @param {string} [filled] an input that has its link
   */
  feed(to, depth, filled) {
    const node = /** @type {ExampleNode} */ (this.nodes[to]);
    if (depth >= MAX_DEPTH) return;
    for (const input of node.type.inputs) {
      if (!input.required || input.name === filled || input.hidden || input.widget || isAny(input.type)) continue;
      const found = this.#source(input.type, node, depth);
      if (found) this.links.push({ ...found, to, input: input.name });
    }
  }

  /** @param {string} wanted @param {ExampleNode} node @param {number} depth */
  #source(wanted, node, depth) {
    const maker = this.#maker(wanted, node.type);
    if (!maker || this.nodes.length >= MAX_NODES) return undefined;
    const output = /** @type {NodeType["outputs"][number]} */ (maker.outputs.find((one) => compatible(one.type, wanted)));
    // Loaders are used again; two prompts are two nodes.
    const needsNothing = maker.inputs.every((input) => !input.required || input.widget);
    const known = needsNothing ? this.nodes.findIndex(({ type, column }) => type === maker && column < 0) : -1;
    if (known >= 0) {
      const kept = /** @type {ExampleNode} */ (this.nodes[known]);
      this.nodes[known] = { ...kept, column: Math.min(kept.column, node.column - 1) };
      return { from: known, output: output.key };
    }
    const from = this.add(maker, node.column - 1);
    this.feed(from, depth + 1);
    return { from, output: output.key };
  }

  /** @param {string} wanted @param {NodeType} user */
  #maker(wanted, user) {
    const usual = MAKERS[wanted.split(",")[0] ?? ""];
    const known = usual === undefined ? undefined : this.catalogue.get(usual);
    if (known && known !== user) return known;
    const makers = [...this.catalogue.values()].filter((type) =>
      type !== user && !type.deprecated && type.outputs.some((output) => !isAny(output.type) && compatible(output.type, wanted)));
    return makers.sort((a, b) => needs(a) - needs(b))[0];
  }

  /**
   * Show the first output that can be shown.
   * @param {number} from
   * @param {number} column
   */
  show(from, column) {
    const { type } = /** @type {ExampleNode} */ (this.nodes[from]);
    if (type.isOutput) return;
    for (const output of type.outputs) {
      const shower = this.catalogue.get(SHOWERS[output.type] ?? "");
      const input = shower?.inputs.find((one) => one.required && compatible(one.type, output.type));
      if (!shower || !input || shower === type) continue;
      const to = this.add(shower, column + 1);
      this.links.push({ from, output: output.key, to, input: input.name });
      this.feed(to, MAX_DEPTH - 1, input.name);
      this.show(to, column + 1);
      return;
    }
  }
}

/** How much a type asks for. @param {NodeType} type */
function needs(type) {
  return type.inputs.filter((input) => input.required && !input.widget).length;
}
