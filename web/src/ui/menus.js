/** Menus at a point: keyboard, submenus, kept inside the window. */

/** @import { MenuItem } from "../app_types.js" */
/** @import { Point } from "../core/types.js" */

import { element } from "../controls/dom.js";
import { icon } from "./icons.js";

const EDGE = 6;

/** @type {AbortController | undefined} The open menu; a new one closes it. */
let open;

/**
 * @param {HTMLElement} overlay
 * @param {Point} point client pixels
 * @param {readonly MenuItem[]} items
 * @returns {Promise<void>} when it is closed
 */
export function showMenu(overlay, point, items) {
  open?.abort();
  const closing = (open = new AbortController());
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const menu = menuOf(items, closing);
  overlay.append(menu);
  placeAt(menu, point);
  menu.focus();
  return new Promise((resolve) => {
    closing.signal.addEventListener("abort", () => {
      menu.remove();
      if (document.activeElement === document.body) before?.focus({ preventScroll: true });
      resolve();
    });
    const outside = (/** @type {Event} */ event) => {
      if (!(event.target instanceof Node && menu.contains(event.target))) closing.abort();
    };
    const listen = { signal: closing.signal, capture: true };
    document.addEventListener("pointerdown", outside, listen);
    // Captured too: the blur of every element in the page, as the mouse moves along the menu.
    window.addEventListener("blur", ({ target }) => target === window && closing.abort(), listen);
    window.addEventListener("resize", () => closing.abort(), listen);
  });
}

/** @param {readonly MenuItem[]} items @param {AbortController} closing */
function menuOf(items, closing) {
  const menu = element("div", { class: "menu", role: "menu", tabindex: -1 });
  for (const item of items) menu.append("separator" in item ? element("hr", {}) : row(item, closing));
  menu.addEventListener("keydown", (event) => onKey(event, menu, closing));
  menu.addEventListener("contextmenu", (event) => event.preventDefault());
  return menu;
}

/** @param {Exclude<MenuItem, { separator: true }>} item @param {AbortController} closing */
function row(item, closing) {
  const button = element("button", {
    type: "button", class: item.danger ? "menu-item danger" : "menu-item", role: "menuitem",
    disabled: item.disabled, tabindex: -1, "aria-checked": item.checked === undefined ? null : String(item.checked),
  });
  const mark = item.checked ? "check" : item.icon;
  button.append(mark ? icon(mark, 14) : element("span", { class: "no-icon" }), element("span", {}, item.title));
  if (item.hint) button.append(element("kbd", {}, item.hint));
  if (item.items) return withSubmenu(button, item.items, closing);
  button.addEventListener("pointerenter", () => button.focus({ preventScroll: true }));
  button.addEventListener("click", () => {
    closing.abort();
    item.run?.();
  });
  return button;
}

/** @param {HTMLButtonElement} button @param {readonly MenuItem[]} items @param {AbortController} closing */
function withSubmenu(button, items, closing) {
  const holder = element("div", { class: "menu-holder" }, button);
  button.append(icon("right", 12));
  button.setAttribute("aria-haspopup", "menu");
  const show = () => {
    button.focus({ preventScroll: true });
    if (holder.querySelector(".menu")) return;
    const menu = menuOf(items, closing);
    holder.append(menu);
    const box = button.getBoundingClientRect();
    placeAt(menu, { x: box.right - 2, y: box.top - 5 }, box.left + 2);
  };
  button.addEventListener("pointerenter", show);
  button.addEventListener("click", show);
  holder.addEventListener("pointerleave", () => holder.querySelector(".menu")?.remove());
  return holder;
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} menu
 * @param {AbortController} closing
 */
function onKey(event, menu, closing) {
  event.stopPropagation();
  const rows = /** @type {HTMLElement[]} */ (
    [...menu.querySelectorAll(":scope > .menu-item, :scope > .menu-holder > .menu-item")]
  ).filter((item) => !item.hasAttribute("disabled"));
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const go = (/** @type {number} */ index) => rows[(index + rows.length) % rows.length]?.focus();
  const holder = menu.parentElement?.classList.contains("menu-holder") ? menu.parentElement : null;
  if (event.key === "ArrowDown") go(at + 1);
  else if (event.key === "ArrowUp") go(at < 0 ? rows.length - 1 : at - 1);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(rows.length - 1);
  else if (event.key === "ArrowRight") openSubmenu(rows[at]);
  else if (event.key === "ArrowLeft" && holder) leaveSubmenu(menu, holder);
  else if (event.key === "Escape" || event.key === "Tab") closing.abort();
  else if (event.key.length === 1) startingWith(rows, at, event.key)?.focus();
  if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
}

/** @param {HTMLElement | undefined} button */
function openSubmenu(button) {
  if (!button?.hasAttribute("aria-haspopup")) return;
  button.click();
  /** @type {HTMLElement | null | undefined} */ (button.parentElement?.querySelector(".menu .menu-item"))?.focus();
}

/** @param {HTMLElement} menu @param {HTMLElement} holder */
function leaveSubmenu(menu, holder) {
  menu.remove();
  /** @type {HTMLElement | null} */ (holder.querySelector(".menu-item"))?.focus();
}

/** @param {HTMLElement[]} rows @param {number} at @param {string} letter */
function startingWith(rows, at, letter) {
  const order = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
  return order.find((item) => item.textContent?.trim().toLowerCase().startsWith(letter.toLowerCase()));
}

/**
 * @param {HTMLElement} menu
 * @param {Point} point
 * @param {number} [flipped] where its right edge goes when there is no room on the right
 */
function placeAt(menu, { x, y }, flipped) {
  const { width, height } = menu.getBoundingClientRect();
  const tooWide = x + width + EDGE > innerWidth;
  const left = tooWide && flipped !== undefined ? flipped - width : Math.min(x, innerWidth - width - EDGE);
  menu.style.left = `${Math.max(EDGE, left)}px`;
  menu.style.top = `${Math.max(EDGE, Math.min(y, innerHeight - height - EDGE))}px`;
}
