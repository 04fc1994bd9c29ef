/** The server's workflow folder and the examples. */

/** @import { App, Unsubscribe, UserFile } from "../app_types.js" */
/** @import { Files } from "../state/files.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";
import { ago } from "./texts.js";
import { watch } from "./watch.js";

/** @typedef {{ name: string, picture: boolean }} Example */

/** @param {HTMLElement} place @param {App} app @param {Files} files @returns {Unsubscribe} */
export function mountWorkflows(place, app, files) {
  const gone = new AbortController();
  const search = element("input", { type: "search", class: "field", autocomplete: "off" });
  const list = element("div", { class: "file-list" });
  /** @type {{ saved: UserFile[], examples: Example[], packs: { [pack: string]: string[] } }} */
  let known = { saved: [], examples: [], packs: {} };
  const show = () => list.replaceChildren(...sections(app, files, known, search.value.trim().toLowerCase(), load));
  const load = async () => {
    try {
      const [saved, examples, packs] = await Promise.all([
        files.list(), app.api.json("/api/tessera/examples"), app.api.json("/api/workflow_templates"),
      ]);
      known = /** @type {any} */ ({ saved, examples, packs });
      show();
    } catch (error) {
      list.replaceChildren(element("p", { class: "empty" }, error instanceof Error ? error.message : String(error)));
    }
  };
  search.addEventListener("input", show);
  place.append(element("div", { class: "panel-tools" }, search), list);
  watch(app.i18n.language, () => {
    search.placeholder = app.i18n.t("files.search");
    show();
  }, gone.signal);
  watch(app.tabs.active, () => void load(), gone.signal);
  return () => gone.abort();
}

/**
 * @param {App} app
 * @param {Files} files
 * @param {{ saved: UserFile[], examples: Example[], packs: { [pack: string]: string[] } }} known
 * @param {string} wanted
 * @param {() => Promise<void>} reload
 */
function sections(app, files, { saved, examples, packs }, wanted, reload) {
  const fits = (/** @type {string} */ name) => name.toLowerCase().includes(wanted);
  const own = saved.filter(({ path }) => path.endsWith(".json") && fits(path)).sort((a, b) => b.modified - a.modified);
  const made = [section(app.i18n.t("files.saved"), own.map((file) => savedRow(app, files, file, reload)), app.i18n.t("files.noneSaved"))];
  for (const folder of new Set(examples.map(folderOf))) {
    const heading = examplesHeading(app, folder);
    const shown = examples.filter((one) => folderOf(one) === folder && fits(`${heading} ${exampleTitle(app, one.name)}`));
    made.push(section(heading, shown.map((one) => exampleRow(app, files, one))));
  }
  for (const [pack, names] of Object.entries(packs)) {
    made.push(section(pack, names.filter(fits).map((name) => templateRow(app, files, pack, name))));
  }
  return made.filter((one) => one !== undefined);
}

/** @param {string} title @param {HTMLElement[]} rows @param {string} [empty] */
function section(title, rows, empty) {
  if (rows.length === 0 && empty === undefined) return undefined;
  return element("section", {}, element("h3", {}, title), ...(rows.length > 0 ? rows : [element("p", { class: "empty" }, empty)]));
}

/** @param {App} app @param {Files} files @param {UserFile} file @param {() => Promise<void>} reload */
function savedRow(app, files, { path, modified }, reload) {
  const row = fileRow("file", path.replace(/\.json$/, ""), ago(app.i18n, modified * 1000), () => guarded(app, files.openPath(path)));
  row.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    void app.ui.menu({ x: event.clientX, y: event.clientY }, [
      { title: app.i18n.t("files.openIt"), icon: "open", run: () => guarded(app, files.openPath(path)) },
      { separator: true },
      { title: app.i18n.t("files.deleteIt"), icon: "trash", danger: true, run: () => guarded(app, files.delete(path).then(reload)) },
    ]);
  });
  return row;
}

/** @param {Example} example @returns {string} "" for one that is in none */
function folderOf({ name }) {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

/** @param {App} app @param {string} folder */
function examplesHeading(app, folder) {
  const key = `files.examplesIn.${folder}`, title = app.i18n.t("files.examples");
  if (folder === "") return title;
  return `${title}: ${app.i18n.has(key) ? app.i18n.t(key) : folder.replaceAll("_", " ")}`;
}

/** @param {App} app @param {string} name */
function exampleTitle(app, name) {
  const key = `files.example.${name}`;
  return app.i18n.has(key) ? app.i18n.t(key) : name.slice(name.lastIndexOf("/") + 1).replaceAll("_", " ");
}

/** @param {string} file */
function examplePath(file) {
  return `/api/tessera/examples/${file.split("/").map(encodeURIComponent).join("/")}`;
}

/** @param {App} app @param {Files} files @param {Example} example */
function exampleRow(app, files, { name, picture }) {
  const title = exampleTitle(app, name);
  const open = async () => files.openWorkflow(await app.api.json(examplePath(`${name}.json`)), title);
  const row = fileRow("nodes", title, "", () => guarded(app, open()));
  if (picture) {
    const image = element("img", { alt: "", loading: "lazy", class: "file-picture" });
    image.src = app.api.url(examplePath(`${name}.png`));
    row.firstElementChild?.replaceWith(image);
  }
  return row;
}

/** @param {App} app @param {Files} files @param {string} pack @param {string} name */
function templateRow(app, files, pack, name) {
  const path = `/api/workflow_templates/${encodeURIComponent(pack)}/${encodeURIComponent(name)}.json`;
  const open = async () => files.openWorkflow(await app.api.json(path), name);
  return fileRow("nodes", name, "", () => guarded(app, open()));
}

/** @param {string} drawing @param {string} title @param {string} details @param {() => void} open */
function fileRow(drawing, title, details, open) {
  const row = element("button", { type: "button", class: "file-row" }, icon(drawing, 16), element("span", {}, title), element("small", {}, details));
  row.addEventListener("click", (event) => {
    // The second click of a double-click would open it once more.
    if (event.detail < 2) open();
  });
  return row;
}

/** @param {App} app @param {Promise<unknown>} work */
function guarded(app, work) {
  work.catch((error) => app.ui.toast("error", error.message));
}
