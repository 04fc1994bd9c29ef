/** The pictures that were made: search, look, use again. */

/** @import { App, Unsubscribe } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */
/** @import { Picture } from "../state/gallery.js" */
/** @import { RunControl } from "../state/runs.js" */
/** @import { PictureViewer } from "./picture_viewer.js" */

import { element, isComposing } from "../controls/dom.js";
import { Gallery } from "../state/gallery.js";
import { pictureMenu } from "./picture_actions.js";
import { VirtualGrid } from "./virtual_grid.js";
import { watch } from "./watch.js";

const TILE = 124;
const GAP = 6;
const THUMBNAIL_EDGE = 256;
const SEARCH_AFTER_MS = 250;

/** @typedef {{ files: Files, runs: RunControl, viewer: PictureViewer }} Parts */

/** @param {HTMLElement} place @param {App} app @param {Parts} parts @returns {Unsubscribe} */
export function mountGallery(place, app, parts) {
  const gone = new AbortController();
  const gallery = new Gallery(app.api);
  const tell = telling(app);
  const search = searchField(app, (words) => tell(gallery.search(words)), gone.signal);
  const note = element("p", { class: "empty" });
  /** @type {VirtualGrid<Picture>} */
  const grid = new VirtualGrid(place, {
    tile: TILE, gap: GAP,
    make: (/** @type {Picture} */ picture) => tile(app, parts, gallery, grid, picture),
    onNearEnd: () => tell(gallery.more()),
  }, gone.signal);
  place.append(element("div", { class: "panel-tools" }, search), element("div", { class: "gallery" }, grid.element), note);
  const showNote = () => {
    const isEmpty = gallery.pictures.get().length === 0;
    const isLoading = gallery.state.get() === "loading";
    note.hidden = !isEmpty && !isLoading;
    note.textContent = app.i18n.t(isLoading ? "gallery.loading" : search.value ? "gallery.noneFound" : "gallery.none");
  };
  watch(gallery.pictures, (pictures) => {
    grid.setItems(pictures);
    showNote();
  }, gone.signal);
  watch(gallery.state, showNote, gone.signal);
  gone.signal.addEventListener("abort", parts.runs.onEnd(() => tell(gallery.refresh())));
  tell(gallery.search(""));
  return () => gone.abort();
}

/** Says what a piece of work failed with. @param {App} app @returns {(work: Promise<void>) => void} */
function telling(app) {
  return (work) => void work.catch((error) => app.ui.toast("error", error instanceof Error ? error.message : String(error)));
}

/** @param {App} app @param {(words: string) => void} look @param {AbortSignal} signal */
function searchField(app, look, signal) {
  const field = element("input", { type: "search", class: "field", autocomplete: "off" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  field.addEventListener("input", (event) => {
    if (/** @type {InputEvent} */ (event).isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(() => look(field.value.trim()), SEARCH_AFTER_MS);
  });
  field.addEventListener("compositionend", () => look(field.value.trim()));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !isComposing(event)) look(field.value.trim());
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  watch(app.i18n.language, () => {
    field.placeholder = app.i18n.t("gallery.search");
    field.setAttribute("aria-label", field.placeholder);
  }, signal);
  return field;
}

/**
 * @param {App} app
 * @param {Parts} parts
 * @param {Gallery} gallery
 * @param {VirtualGrid<Picture>} grid
 * @param {Picture} picture
 */
function tile(app, { files, viewer }, gallery, grid, picture) {
  const { filename, subfolder = "", type = "output" } = picture.file;
  const query = new URLSearchParams({ filename, subfolder, type, edge: String(THUMBNAIL_EDGE) });
  const tell = telling(app);
  const image = element("img", { alt: filename, decoding: "async", draggable: "false" });
  image.src = app.api.url(`/api/tessera/thumbnail?${query}`);
  const button = element("button", { type: "button", class: "gallery-tile", title: picture.label ? `${picture.label} · ${filename}` : filename }, image);
  const place = () => gallery.pictures.get().indexOf(picture);
  image.addEventListener("error", () => button.classList.add("gone"));
  button.addEventListener("click", () => void viewer.show(gallery.pictures.get(), place()));
  button.addEventListener("keydown", (event) => moveFocus(event, grid, place(), gallery.pictures.get().length));
  button.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    void app.ui.menu({ x: event.clientX, y: event.clientY }, [
      { title: app.i18n.t("gallery.open"), icon: "image", run: () => void viewer.show(gallery.pictures.get(), place()) },
      ...pictureMenu(app, files, picture),
      { separator: true },
      { title: app.i18n.t("gallery.forget"), icon: "trash", danger: true, run: () => tell(forget(app, gallery, picture)) },
    ]);
  });
  return button;
}

/** @param {KeyboardEvent} event @param {VirtualGrid<Picture>} grid @param {number} at @param {number} count */
function moveFocus(event, grid, at, count) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns };
  const step = steps[/** @type {keyof typeof steps} */ (event.key)];
  if (step === undefined) return;
  event.preventDefault();
  if (at + step >= 0 && at + step < count) grid.reveal(at + step);
}

/** Take the whole run of a picture out of the history, which nothing brings back. @param {App} app @param {Gallery} gallery @param {Picture} picture */
async function forget(app, gallery, { jobId }) {
  if (jobId === null) return;
  const { i18n, ui } = app;
  const count = gallery.pictures.get().filter((picture) => picture.jobId === jobId).length;
  const options = { title: i18n.t("gallery.forget.title"), ok: i18n.t("gallery.forget.ok"), danger: true };
  if (!(await ui.confirm(i18n.t("gallery.forget.text", { count }), options))) return;
  await app.api.post("/api/history", { delete: [jobId] });
  gallery.forget(jobId);
}
