/** A node type at a glance: what it is called, what goes in and comes out, what it does. */

import { element } from "../controls/dom.js";
import { showMarkdown } from "../controls/markdown.js";
import { typeStyle } from "../render/type_style.js";

/** @typedef {import("../app_types.js").App} App */
/** @typedef {import("../core/types.js").NodeType} NodeType */

/**
 * @param {HTMLElement} place its content is replaced
 * @param {App} app
 * @param {NodeType} type
 */
export function showTypeCard(place, app, type) {
  const { i18n } = app;
  const inputs = type.inputs.filter((input) => !input.hidden);
  const ports = element("div", { class: "type-card-ports" },
    element("ul", { "aria-label": i18n.t("panels.type.inputs") }, ...inputs.map((input) =>
      port(i18n.inputLabel(type, input.name), input.type, { isWidget: input.widget !== undefined, isOptional: !input.required }))),
    element("ul", { class: "is-outputs", "aria-label": i18n.t("panels.type.outputs") }, ...type.outputs.map((output) =>
      port(i18n.outputLabel(type, output.key), output.type))));
  const marks = ["deprecated", "experimental"].filter((mark) => type[/** @type {"deprecated" | "experimental"} */ (mark)]);
  const text = element("div", { class: "type-card-text" });
  void showMarkdown(text, i18n.description(type));
  place.replaceChildren(
    element("h3", {}, i18n.nodeTitle(type)),
    element("p", { class: "type-card-name" }, `${type.name} · ${origin(type, i18n)}`),
    ...marks.map((mark) => element("p", { class: "type-card-mark" }, i18n.t(`panels.type.${mark}`))),
    ports, text,
  );
}

/**
 * Where a type comes from, for people: the pack's name, or that it is built in.
 * @param {NodeType} type
 * @param {import("../app_types.js").I18n} i18n
 */
export function origin(type, i18n) {
  const pack = type.module.match(/^custom_nodes\.(.+)/)?.[1];
  return pack ?? i18n.t("panels.type.built_in");
}

/**
 * @param {string} label
 * @param {string} type
 * @param {{ isWidget?: boolean, isOptional?: boolean }} [kind]
 */
function port(label, type, { isWidget = false, isOptional = false } = {}) {
  const item = element("li", { class: `type-card-port${isWidget ? " is-widget" : ""}`, title: type },
    socket(type), element("span", {}, label));
  item.classList.toggle("is-optional", isOptional);
  return item;
}

/**
 * The dot of a socket, in colour and shape of its type.
 * @param {string} type
 */
export function socket(type) {
  const { token, shape } = typeStyle(type);
  const dot = element("span", { class: `socket-dot is-${shape}`, "aria-hidden": "true" });
  dot.style.setProperty("--socket", `var(${token})`);
  return dot;
}
