/**
 * What wheel and pointer mean on the empty canvas, by preset:
 * - standard: drag selects; held Space or the middle button pans; wheel pans; Mod+wheel zooms.
 * - comfy: drag pans; Mod+drag selects; wheel zooms.
 * - dcc: drag selects; middle button or Alt+drag pans; wheel zooms.
 */

/** @typedef {"standard" | "comfy" | "dcc"} NavigationPreset */
/** @typedef {{ button: number, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean, pointerType: string }} PressKeys */
/** @typedef {{ deltaX: number, deltaY: number, deltaMode: number, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean }} WheelKeys */

/** @type {readonly NavigationPreset[]} */
export const PRESETS = ["standard", "comfy", "dcc"];

const LINE_PX = 16;
const PAGE_PX = 400;
const PINCH_PX = 50;
/** A wheel notch of 100 px zooms by this factor. */
const NOTCH_ZOOM = 1.2;

/**
 * @param {NavigationPreset} preset
 * @param {PressKeys} press
 * @param {boolean} spaceHeld
 * @returns {"pan" | "marquee"} What a drag from the empty canvas does.
 */
export function emptyDrag(preset, press, spaceHeld) {
  if (press.button === 1 || spaceHeld) return "pan";
  if (press.pointerType === "touch") return "pan";
  if (preset === "comfy") return press.ctrlKey || press.metaKey || press.shiftKey ? "marquee" : "pan";
  if (preset === "dcc" && press.altKey) return "pan";
  return "marquee";
}

/**
 * Whether a press pans wherever it lands, nodes included.
 * @param {NavigationPreset} preset
 * @param {PressKeys} press
 * @param {boolean} spaceHeld
 */
export function pansAnywhere(preset, press, spaceHeld) {
  return press.button === 1 || spaceHeld || (preset === "dcc" && press.altKey && press.shiftKey);
}

/**
 * @param {NavigationPreset} preset
 * @param {WheelKeys} wheel A pinch on a trackpad comes as a wheel with ctrlKey.
 * @returns {{ pan: { x: number, y: number } } | { zoom: number }} Pan in pixels, or a factor.
 */
export function wheelAction(preset, wheel) {
  const scale = wheel.deltaMode === 1 ? LINE_PX : wheel.deltaMode === 2 ? PAGE_PX : 1;
  const dx = wheel.deltaX * scale, dy = wheel.deltaY * scale;
  const zooms = preset === "standard" ? wheel.ctrlKey || wheel.metaKey : !wheel.shiftKey;
  if (!zooms) {
    const sideways = wheel.shiftKey && dx === 0;
    return { pan: { x: sideways ? -dy : -dx, y: sideways ? 0 : -dy } };
  }
  // Pinches send steps of a few pixels, wheel notches about a hundred; no event may jump.
  const pinch = wheel.ctrlKey && Math.abs(dy) < PINCH_PX;
  const step = Math.min(Math.max(pinch ? dy * 4 : dy, -240), 240);
  return { zoom: NOTCH_ZOOM ** (-step / 100) };
}
