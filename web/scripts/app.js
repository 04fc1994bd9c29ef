/* For scripts written for ComfyUI: see src/extensions/comfy/. */
const place = globalThis[Symbol.for("tessera.comfyui")];
export const app = place.app;
