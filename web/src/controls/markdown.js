/** Markdown from packs and notes as elements: sanitised, no scripts, no styles, no forms. */

import { element } from "./dom.js";

const ALLOWED = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "dialog", "iframe", "object", "embed"],
  FORBID_ATTR: ["style", "class", "id", "name", "popover", "slot", "is", "srcset"],
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
};

/**
 * Show Markdown in an element, the text as it is until the libraries are loaded.
 * @param {HTMLElement} place its content is replaced
 * @param {string} text
 * @param {{ base?: string, breaks?: boolean }} [options] `base`: address of the page, for relative
 *   pictures, of which there are none without it; `breaks`: lines end where they end in the text
 */
export async function showMarkdown(place, text, { base, breaks = false } = {}) {
  place.textContent = text;
  const [{ default: DOMPurify }, { marked }] = await libraries();
  const html = marked.parse(text, { async: false, gfm: true, breaks });
  const content = DOMPurify.sanitize(html, { ...ALLOWED, RETURN_DOM_FRAGMENT: true });
  for (const link of content.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
  const from = base === undefined ? undefined : new URL(base, document.baseURI);
  for (const image of content.querySelectorAll("img")) placePicture(image, from);
  place.classList.add("markdown");
  place.replaceChildren(content);
}

/**
 * What a short Markdown text says, without its marks: for places that show plain text alone, as
 * the browser's own tooltips do.
 * @param {string} text
 */
export function plainText(text) {
  // By turns: text, the ticks around code, the code.
  return text.split(/(`+)(.+?)\1(?!`)/).map((part, index) => [unmarked(part), "", part][index % 3]).join("");
}

/** @param {string} text without code in it */
function unmarked(text) {
  return text
    .replace(/!?\[([^\]]*)\]\([^)\s]*\)/g, "$1")
    .replace(/\*\*(\S|\S[^*]*\S)\*\*/g, "$1")
    .replace(/(?<![\w*])\*(\S|\S[^*]*\S)\*(?![\w*])/g, "$1")
    .replace(/^#{1,6} +/gm, "");
}

/** Large, and needed for notes and help alone. */
function libraries() {
  return Promise.all([import("../../vendor/dompurify/purify.es.js"), import("../../vendor/marked/marked.esm.js")]);
}

/**
 * Pictures of this server are shown; others become links, as their server would hear who reads.
 * @param {HTMLImageElement} image
 * @param {URL} [from] address of the page; a text without one can mean whole addresses alone
 */
function placePicture(image, from) {
  const source = image.getAttribute("src") ?? "";
  const base = from?.href ?? (source.startsWith("/") ? document.baseURI : undefined);
  const address = URL.canParse(source, base) ? new URL(source, base) : undefined;
  // What is not shown is not to be asked for either, and that would begin when this task ends.
  image.removeAttribute("src");
  if (address && (address.origin === location.origin || address.protocol === "data:")) {
    image.loading = "lazy";
    image.src = address.href;
  } else if (address) {
    image.replaceWith(element("a", { href: address.href, target: "_blank", rel: "noopener noreferrer" }, image.alt || address.href));
  } else {
    image.replaceWith(image.alt);
  }
}
