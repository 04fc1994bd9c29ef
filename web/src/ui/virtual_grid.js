/** A grid of equal tiles of which only those in view exist, however many there are. */

/** Rows beyond the view that exist as well, on each side. */
const OVERSCAN = 2;

/**
 * @template T
 * @typedef {object} GridOptions
 * @property {number} tile smallest edge of a tile, CSS pixels
 * @property {number} gap
 * @property {(item: T, index: number) => HTMLElement} make
 * @property {() => void} onNearEnd less than a view's height follows
 */

/** @template T */
export class VirtualGrid {
  /** @type {readonly T[]} */
  #items = [];
  /** @type {Map<T, HTMLElement>} */
  #shown = new Map();
  #columns = 1;
  #edge = 0;

  /**
   * @param {HTMLElement} scroller what scrolls; the grid lies in it
   * @param {GridOptions<T>} options
   * @param {AbortSignal} signal
   */
  constructor(scroller, options, signal) {
    this.scroller = scroller;
    this.options = options;
    this.element = document.createElement("div");
    this.element.className = "virtual-grid";
    this.element.setAttribute("role", "list");
    scroller.addEventListener("scroll", () => this.#show(), { signal, passive: true });
    const observer = new ResizeObserver(() => this.#measure());
    observer.observe(this.element);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** How many tiles exist now. */
  get mounted() {
    return this.#shown.size;
  }

  get columns() {
    return this.#columns;
  }

  /** @param {readonly T[]} items an item that was there before keeps its tile */
  setItems(items) {
    this.#items = items;
    this.#measure();
  }

  /** @param {number} index */
  reveal(index) {
    const row = Math.floor(index / this.#columns);
    const top = this.element.offsetTop + row * this.#step;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.#edge > scrollTop + clientHeight) this.scroller.scrollTop = top + this.#edge - clientHeight;
    this.#show();
    /** @type {HTMLElement | undefined} */ (this.#shown.get(/** @type {T} */ (this.#items[index])))?.focus({ preventScroll: true });
  }

  get #step() {
    return this.#edge + this.options.gap;
  }

  #measure() {
    const width = this.element.clientWidth;
    if (width === 0) return;
    const { tile, gap } = this.options;
    this.#columns = Math.max(1, Math.floor((width + gap) / (tile + gap)));
    this.#edge = Math.floor((width - gap * (this.#columns - 1)) / this.#columns);
    const rows = Math.ceil(this.#items.length / this.#columns);
    this.element.style.height = `${Math.max(0, rows * this.#step - gap)}px`;
    this.#show();
  }

  #show() {
    if (this.#edge === 0) return;
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    const top = scrollTop - this.element.offsetTop;
    const first = Math.max(0, Math.floor(top / this.#step) - OVERSCAN) * this.#columns;
    const last = Math.min(this.#items.length, (Math.ceil((top + clientHeight) / this.#step) + OVERSCAN) * this.#columns);
    const wanted = new Set(this.#items.slice(first, last));
    for (const [item, tile] of this.#shown) {
      if (wanted.has(item)) continue;
      tile.remove();
      this.#shown.delete(item);
    }
    for (let index = first; index < last; index += 1) this.#place(/** @type {T} */ (this.#items[index]), index);
    if (scrollHeight - scrollTop - clientHeight < clientHeight) this.options.onNearEnd();
  }

  /** @param {T} item @param {number} index */
  #place(item, index) {
    let tile = this.#shown.get(item);
    if (!tile) {
      tile = this.options.make(item, index);
      this.#shown.set(item, tile);
      this.element.append(tile);
    }
    const { style } = tile;
    style.width = style.height = `${this.#edge}px`;
    style.left = `${(index % this.#columns) * this.#step}px`;
    style.top = `${Math.floor(index / this.#columns) * this.#step}px`;
  }
}
