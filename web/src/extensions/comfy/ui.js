/** The small element builder and dialog that scripts import from `/scripts/ui.js`. */

/**
 * `$el("div.name", { style: {…}, onclick }, [children])`.
 * @param {string} tag with classes after dots
 * @param {any} [properties] or the children
 * @param {any} [children]
 */
export function $el(tag, properties, children) {
  const [name = "div", ...classes] = tag.split(".");
  const element = document.createElement(name);
  element.classList.add(...classes.filter(Boolean));
  const isChildren = typeof properties === "string" || Array.isArray(properties) || properties instanceof Node;
  const { parent, $: seen, dataset, style, for: target, ...rest } = isChildren ? /** @type {any} */ ({}) : properties ?? {};
  Object.assign(element, rest);
  Object.assign(element.dataset, dataset);
  if (typeof style === "string") element.style.cssText = style;
  else Object.assign(element.style, style);
  if (target) element.setAttribute("for", target);
  element.append(.../** @type {(Node | string)[]} */ ([isChildren ? properties : children ?? []].flat()));
  parent?.append(element);
  seen?.(element);
  return element;
}

export class ComfyDialog {
  constructor() {
    this.element = $el("div.extension-dialog", { parent: document.body, hidden: true, role: "dialog" }, [
      $el("div.extension-dialog-content", { $: (/** @type {HTMLElement} */ content) => { this.content = content; } }),
      $el("button", { type: "button", textContent: "OK", onclick: () => this.close() }),
    ]);
  }

  /** @param {string | Node | Node[]} body text is shown as text */
  show(body) {
    this.content?.replaceChildren(.../** @type {(Node | string)[]} */ ([body].flat()));
    this.element.hidden = false;
  }

  close() {
    this.element.hidden = true;
  }
}
