/** What is known of a picture: file, time, texts, models and values of the run that made it. */

/** @import { App } from "../app_types.js" */
/** @import { ApiPrompt, Json } from "../core/types.js" */
/** @import { Picture } from "../state/gallery.js" */

import { element } from "../controls/dom.js";
import { historyOf } from "./picture_actions.js";
import { duration } from "./texts.js";

const MODEL = /\.(safetensors|sft|ckpt|pt|pth|bin|gguf)$/i;
/** What people compare between runs, whichever node holds it. */
const TELLING = /^(seed|noise_seed|steps|cfg|guidance|denoise|width|height)$/;
/** Texts shorter than this are names and choices. */
const LONG_TEXT = 24;

/** @typedef {{ texts: string[], models: string[], values: [string, string][] }} Facts */

/** @param {App} app @param {Picture} picture @returns {HTMLElement} */
export function pictureInfo(app, picture) {
  const box = element("div", { class: "picture-info" });
  const facts = element("dl", {}, ...rows(app, [
    ["gallery.meta.file", [picture.file.subfolder, picture.file.filename].filter(Boolean).join("/")],
    ["gallery.meta.label", picture.label],
    ["gallery.meta.made", picture.madeAt === null ? "" : new Date(picture.madeAt).toLocaleString(app.i18n.language.get())],
    ["gallery.meta.seconds", picture.seconds === null ? "" : duration(picture.seconds)],
  ]));
  box.append(facts);
  if (picture.jobId !== null) {
    historyOf(app, picture.jobId)
      .then((entry) => {
        if (entry) box.append(...promptParts(app, factsOf(entry.prompt[2])));
      })
      .catch((error) => box.append(element("p", { class: "empty" }, error.message)));
  }
  return box;
}

/** @param {App} app @param {[string, string][]} facts */
function rows(app, facts) {
  return facts
    .filter(([, value]) => value !== "")
    .flatMap(([key, value]) => [element("dt", {}, app.i18n.t(key)), element("dd", {}, value)]);
}

/** @param {App} app @param {Facts} facts */
function promptParts(app, { texts, models, values }) {
  const parts = [];
  if (texts.length > 0) parts.push(element("h3", {}, app.i18n.t("gallery.meta.prompt")), ...texts.map((text) => element("p", { class: "picture-text" }, text)));
  if (models.length > 0) parts.push(element("h3", {}, app.i18n.t("gallery.meta.models")), ...models.map((name) => element("p", {}, name)));
  if (values.length > 0) {
    const list = values.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
    parts.push(element("h3", {}, app.i18n.t("gallery.meta.values")), element("dl", {}, ...list));
  }
  return parts;
}

/**
 * What people want to know of a prompt: its texts, its model files, and the numbers of samplers.
 * @param {ApiPrompt} prompt
 * @returns {Facts}
 */
export function factsOf(prompt) {
  /** @type {Facts} */
  const facts = { texts: [], models: [], values: [] };
  for (const { class_type: type, inputs } of Object.values(prompt)) {
    for (const [name, value] of Object.entries(inputs)) {
      if (typeof value === "string" && MODEL.test(value)) facts.models.push(value);
      else if (typeof value === "string" && isProse(name, value)) facts.texts.push(value);
      else if ((TELLING.test(name) || /sampler/i.test(type)) && isPlain(value)) facts.values.push([name, String(value)]);
    }
  }
  return { ...facts, texts: [...new Set(facts.texts)], models: [...new Set(facts.models)] };
}

/** @param {string} name @param {string} value */
function isProse(name, value) {
  return value.trim() !== "" && (/text|prompt/i.test(name) || value.length >= LONG_TEXT);
}

/** @param {Json} value */
function isPlain(value) {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "string";
}
