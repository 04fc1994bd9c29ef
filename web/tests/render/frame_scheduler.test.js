import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameScheduler } from "../../src/render/frame_scheduler.js";

/** A clock that runs frames when it is told to. */
function manualFrames() {
  /** @type {FrameRequestCallback[]} */
  const waiting = [];
  return {
    waiting,
    raf: (/** @type {FrameRequestCallback} */ callback) => waiting.push(callback),
    next: () => waiting.shift()?.(0),
  };
}

test("many requests make one frame", () => {
  const clock = manualFrames();
  let draws = 0;
  const scheduler = new FrameScheduler(() => { draws += 1; return false; }, clock.raf);
  scheduler.request();
  scheduler.request();
  assert.equal(clock.waiting.length, 1);
  clock.next();
  assert.equal(draws, 1);
  assert.equal(clock.waiting.length, 0, "nothing is asked for once all is drawn");
});

test("a draw that has more to do gets a further frame", () => {
  const clock = manualFrames();
  let left = 3;
  const scheduler = new FrameScheduler(() => (left -= 1) > 0, clock.raf);
  scheduler.request();
  while (clock.waiting.length > 0) clock.next();
  assert.equal(left, 0);
  assert.equal(scheduler.frames, 3);
});

test("a stopped scheduler draws nothing", () => {
  const clock = manualFrames();
  const scheduler = new FrameScheduler(() => assert.fail("it drew"), clock.raf);
  scheduler.request();
  scheduler.stop();
  clock.next();
  scheduler.request();
  assert.equal(scheduler.frames, 0);
  assert.equal(clock.waiting.length, 0);
});
