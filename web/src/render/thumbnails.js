/**
 * Small copies of results, painted on nodes that are seen from afar. They are loaded when a node
 * comes into view there, a few at a time, and kept while there is room.
 */

/** @import { FileReference, NodeRun } from "../app_types.js" */

/** Pixels of the longer side: a node seen from afar is hardly wider. */
const SIDE = 160;
/** Kept at most: about 25 MiB. */
export const MOST_THUMBNAILS = 256;
const AT_ONCE = 4;
/** Pictures that come in close together are painted together. */
const TELL_AFTER_MS = 150;

export class Thumbnails {
  /** @type {Map<string, ImageBitmap | null>} By address, used last at the end; null: not there yet, or never. */
  #bitmaps = new Map();
  /** @type {string[]} Addresses that wait for their turn. */
  #waiting = [];
  #loading = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {(file: FileReference) => string} addressOf
   * @param {() => void} onLoaded More can be painted.
   * @param {(address: string) => Promise<ImageBitmap>} [load]
   */
  constructor(addressOf, onLoaded, load = loadSmall) {
    this.addressOf = addressOf;
    this.onLoaded = onLoaded;
    this.load = load;
  }

  /**
   * The first picture of a run; it is asked for when it is not there yet.
   * @param {NodeRun | undefined} run
   * @returns {ImageBitmap | null | undefined} Null: not there yet, or never; undefined: the run made none.
   */
  of(run) {
    const file = run?.outputs?.images?.[0];
    if (!file) return undefined;
    const address = this.addressOf(file);
    const known = this.#bitmaps.get(address);
    if (known === undefined) this.#waiting.push(address);
    else this.#bitmaps.delete(address);
    this.#bitmaps.set(address, known ?? null);
    this.#loadNext();
    return known ?? null;
  }

  #loadNext() {
    while (this.#loading < AT_ONCE) {
      const address = this.#waiting.shift();
      if (address === undefined) return;
      void this.#fetch(address);
    }
  }

  /** @param {string} address */
  async #fetch(address) {
    this.#loading += 1;
    try {
      const bitmap = await this.load(address);
      if (this.#bitmaps.has(address)) this.#keep(address, bitmap);
      else bitmap.close();
    } catch {
      // The file is gone or no picture: the node looks as it does without one, and says so near by.
    }
    this.#loading -= 1;
    this.#loadNext();
  }

  /** @param {string} address @param {ImageBitmap} bitmap */
  #keep(address, bitmap) {
    this.#bitmaps.set(address, bitmap);
    for (const [oldest, one] of this.#bitmaps) {
      if (this.#bitmaps.size <= MOST_THUMBNAILS) break;
      this.#bitmaps.delete(oldest);
      one?.close?.();
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.onLoaded();
    }, TELL_AFTER_MS);
  }
}

/** @param {string} address @returns {Promise<ImageBitmap>} */
async function loadSmall(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  return createImageBitmap(image, {
    resizeWidth: Math.max(1, Math.round(image.naturalWidth * scale)),
    resizeHeight: Math.max(1, Math.round(image.naturalHeight * scale)),
    resizeQuality: "medium",
  });
}
