/* For scripts written for ComfyUI: see src/extensions/comfy/. */
const place = globalThis[Symbol.for("tessera.comfyui")];
export const $el = place.$el;
export const ComfyDialog = place.ComfyDialog;
