/** Who works here, on a server that keeps the settings and workflows of several people apart. */

/** @import { I18n, App } from "../app_types.js" */
/** @import { ServerApi } from "../net/api.js" */
/** @import { User } from "../net/ids.js" */
/** @import { Drafts } from "../state/drafts.js" */
/** @import { SettingsStore } from "../state/settings.js" */

import { element, isComposing } from "../controls/dom.js";
import { createStore } from "../core/store.js";
import { BrowserNote } from "../state/draft_places.js";
import { showDialog } from "./dialogs.js";

const KEY = "tessera.user";

/** @typedef {{ readonly [id: string]: string }} Users names by id */

/**
 * Find out who works here, ask where the browser does not know it, and load that user's settings.
 * @param {{ api: ServerApi, settings: SettingsStore, i18n: I18n }} services
 * @param {Users} users
 */
export async function identify({ api, settings, i18n }, users) {
  let user = rememberedUser(users);
  while (!user) user = await askUser(api, i18n, users); // Esc is no answer to this
  api.user = user;
  remember(user);
  await settings.load();
}

/**
 * Let the user be another one. The page is loaded anew for it: all it shows is one user's.
 * @param {App} app
 * @param {{ api: ServerApi, drafts: Drafts, settings: SettingsStore }} parts
 */
export function registerSwitch(app, { api, drafts, settings }) {
  app.commands.register({
    id: "app.switchUser",
    title: "commands.app.switchUser",
    run: async () => {
      const user = await askUser(api, app.i18n, (await api.users()) ?? {}, api.user);
      if (!user || user.id === api.user.id) return;
      await Promise.all([drafts.flush(), settings.save()]);
      remember(user);
      location.reload();
    },
  });
}

/** This window's user: two windows may be two people's. */
function windowNote() {
  return noteIn(() => sessionStorage);
}

/** The user chosen last in this browser: a new window's. */
function browserNote() {
  return noteIn(() => localStorage);
}

/** @param {import("../state/draft_places.js").StorageOf} storage */
function noteIn(storage) {
  const isText = (/** @type {unknown} */ value) => typeof value === "string";
  return new BrowserNote(storage, KEY, /** @type {(value: unknown) => value is string} */ (isText), (error) => {
    console.warn("This browser does not remember who works here.", error);
  });
}

/** @param {User} user */
function remember({ id }) {
  windowNote().write(id);
  browserNote().write(id);
}

/** @param {Users} users @returns {User | undefined} */
function rememberedUser(users) {
  const id = windowNote().read() ?? browserNote().read() ?? "";
  const name = Object.hasOwn(users, id) ? users[id] : undefined;
  return name === undefined ? undefined : { id, name };
}

/**
 * Ask until the server takes the answer.
 * @param {ServerApi} api
 * @param {I18n} i18n
 * @param {Users} users
 * @param {User} [current]
 * @returns {Promise<User | undefined>} undefined when the question was closed
 */
async function askUser(api, i18n, users, current) {
  for (let entered = "", problem = ""; ; ) {
    const answer = await showQuestion(i18n, { users, current, entered, problem });
    if (answer === undefined || typeof answer !== "string") return answer;
    try {
      return await userNamed(api, answer);
    } catch (error) {
      entered = answer;
      problem = error instanceof Error ? error.message : String(error);
    }
  }
}

/** The user of a name, who may be new, or may have been added elsewhere meanwhile. @param {ServerApi} api @param {string} name @returns {Promise<User>} */
async function userNamed(api, name) {
  const known = usersOf((await api.users()) ?? {}).find((user) => user.name === name);
  return known ?? { id: await api.post("/api/users", { username: name }), name };
}

/** @param {Users} users @returns {User[]} */
function usersOf(users) {
  return Object.entries(users).map(([id, name]) => ({ id, name }));
}

/**
 * @param {I18n} i18n
 * @param {{ users: Users, current: User | undefined, entered: string, problem: string }} shown
 * @returns {Promise<User | string | undefined>} one of the list, or the name that was entered
 */
async function showQuestion({ t }, { users, current, entered, problem }) {
  const known = usersOf(users).map((user) => ({ user, ...userRow(user, entered === "" && user.id === current?.id) }));
  const field = element("input", { type: "text", class: "field", autofocus: true, autocomplete: "off", spellcheck: "false" });
  field.value = entered;
  const answer = () => field.value.trim() || known.find(({ box }) => box.checked)?.user;
  const isAnswered = createStore(answer() !== undefined);
  const body = element("div", { class: "users" },
    element("p", { class: "dialog-text" }, t("shell.users.text")),
    element("ul", {}, ...known.map(({ row }) => row)),
    element("label", {}, element("span", {}, t("shell.users.new")), field),
    element("p", { class: "users-problem", role: "alert" }, problem));
  body.addEventListener("input", ({ target }) => {
    // One answer: what is entered, or what is chosen.
    if (target !== field) field.value = "";
    else for (const { box } of known) box.checked = false;
    isAnswered.set(answer() !== undefined);
  });
  body.addEventListener("keydown", (event) => {
    // As in the field: browsers do not submit a form from its radio buttons.
    if (event.key === "Enter" && event.target !== field && !isComposing(event)) body.closest("form")?.requestSubmit();
  });
  const goes = await showDialog({
    title: t("shell.users.title"), body,
    actions: [{ title: t("shell.users.go"), value: true, kind: "primary", allowed: isAnswered }],
  });
  return goes ? answer() : undefined;
}

/** @param {User} user @param {boolean} checked */
function userRow({ name }, checked) {
  const box = element("input", { type: "radio", name: "user", checked });
  return { box, row: element("li", {}, element("label", {}, box, element("span", {}, name))) };
}
