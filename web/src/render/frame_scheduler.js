/**
 * One animation frame callback for the whole canvas, requested only while something is dirty.
 */
export class FrameScheduler {
  /**
   * @param {(now: number) => boolean} draw Draws what is dirty; true asks for a further frame.
   * @param {(callback: FrameRequestCallback) => number} [raf]
   */
  constructor(draw, raf = (callback) => requestAnimationFrame(callback)) {
    this.draw = draw;
    this.raf = raf;
    /** Frames drawn so far; an idle canvas adds none. */
    this.frames = 0;
    this.pending = false;
    this.stopped = false;
  }

  /** Asks for one frame; further calls before it are free. */
  request() {
    if (this.pending || this.stopped) return;
    this.pending = true;
    this.raf((now) => this.#run(now));
  }

  stop() {
    this.stopped = true;
  }

  /** @param {number} now */
  #run(now) {
    this.pending = false;
    if (this.stopped) return;
    this.frames += 1;
    if (this.draw(now)) this.request();
  }
}
