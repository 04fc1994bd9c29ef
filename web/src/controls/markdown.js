/** Markdown from packs and notes as elements: sanitised, no scripts, no styles, no forms. */

import DOMPurify from "../../vendor/dompurify/purify.es.js";
import { marked } from "../../vendor/marked/marked.esm.js";

const ALLOWED = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "dialog", "iframe", "object", "embed"],
  FORBID_ATTR: ["style", "class", "id", "name", "popover", "slot", "is"],
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
};

/**
 * Show Markdown in an element.
 * @param {HTMLElement} place its content is replaced
 * @param {string} text
 * @param {{ base?: string }} [options] `base`: address of the page, for relative pictures
 */
export function showMarkdown(place, text, { base } = {}) {
  const html = marked.parse(text, { async: false, gfm: true });
  const content = DOMPurify.sanitize(html, { ...ALLOWED, RETURN_DOM_FRAGMENT: true });
  for (const link of content.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
  for (const image of content.querySelectorAll("img")) {
    image.loading = "lazy";
    const source = image.getAttribute("src");
    if (base && source) image.src = new URL(source, new URL(base, document.baseURI)).href;
  }
  place.classList.add("markdown");
  place.replaceChildren(content);
}
