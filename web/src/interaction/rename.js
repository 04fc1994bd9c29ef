/** Names are written where they stand. Leaving the field keeps the name, Esc does not. */

/** @import { Tab } from "../app_types.js" */
/** @import { CanvasView } from "../render/view.js" */

import { make } from "../render/dom.js";
import { isBoundary } from "../render/boundary.js";
import { isComposing } from "./keyboard.js";

/** @param {CanvasView} view @param {Tab} tab @param {string} id */
export function renameNode(view, tab, id) {
  const mounted = view.nodes?.views.get(id);
  const scene = view.shown?.scene;
  if (!mounted || !scene || isBoundary(id)) return;
  mounted.title.hidden = true;
  askName(mounted.title, "node-title-field", mounted.title.textContent ?? "", (name) => {
    mounted.title.hidden = false;
    if (name === undefined) return;
    tab.edit("edit.rename", (tx) => tx.updateNode(scene.graphId, id, { title: name || undefined }));
  });
}

/** @param {CanvasView} view @param {Tab} tab @param {string} id */
export function renameGroup(view, tab, id) {
  const scene = view.shown?.scene;
  const group = scene?.graph.groups.get(id);
  if (!scene || !group) return;
  const anchor = make("span", "group-title-anchor");
  const place = view.camera.toView(group);
  anchor.style.transform = `translate(${Math.max(place.x, 0) + 6}px, ${Math.max(place.y, 0) + 4}px)`;
  view.root.append(anchor);
  askName(anchor, "group-title-field", group.title, (name) => {
    anchor.remove();
    if (name === undefined) return;
    tab.edit("edit.rename", (tx) => tx.updateGroup(scene.graphId, id, { title: name }));
  });
}

/**
 * @param {HTMLElement} anchor The field is put in after it; inside it when it is a mere place.
 * @param {string} className
 * @param {string} name
 * @param {(name: string | undefined) => void} done Undefined when nothing is to be changed.
 */
function askName(anchor, className, name, done) {
  const field = make("input", className);
  field.value = name;
  let open = true;
  /** @param {boolean} keep */
  const close = (keep) => {
    if (!open) return;
    open = false;
    const text = field.value.trim();
    field.remove();
    done(keep && text !== name ? text : undefined);
  };
  field.addEventListener("blur", () => close(true));
  field.addEventListener("pointerdown", (event) => event.stopPropagation());
  field.addEventListener("keydown", (event) => {
    // Undo is heard by all fields alike.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (isComposing(event)) return;
    if (event.key !== "Enter" && event.key !== "Escape") return;
    const root = /** @type {HTMLElement | null} */ (anchor.closest(".canvas-root"));
    close(event.key === "Enter");
    root?.focus({ preventScroll: true });
  });
  if (className === "group-title-field") anchor.append(field);
  else anchor.after(field);
  field.focus();
  field.select();
}
