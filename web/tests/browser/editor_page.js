/** The editor in a browser, as the tests of widgets and panels use it. */

import { launch } from "../harness/browser.js";
import { startFakeServer } from "./fake_server.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/** A busy machine may take long to start a browser; what follows is quick. */
const START_MS = 90_000;

/**
 * A started editor with two nodes that have every kind of widget.
 * @param {{ locale?: string }} [options]
 */
export async function openEditor({ locale = "en-US" } = {}) {
  const server = await startFakeServer();
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1500, height: 960 }, locale });
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // A picture that was deleted is answered by 404; that is no fault.
    const isGone = message.location().url.includes("gone.png");
    if (message.type() === "error" && !isGone) errors.push(`${message.text()} (${message.location().url})`);
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    await page.goto(server.url, { waitUntil: "commit" });
    await page.locator(".widget-seed").nth(1).waitFor({ timeout: START_MS });
  } catch (error) {
    await close(); // else the test process would wait for ever
    throw new Error(`The editor did not start: ${errors.join("; ") || error}`, { cause: error });
  }
  return { page, server, errors, close };
}

/**
 * The widget of an input, on the first node that has it.
 * @param {Page} page
 * @param {string} input
 * @param {number} [node]
 */
export function widget(page, input, node = 0) {
  return page.locator(`.widget-row[data-widget="${input}"]`).nth(node).locator(".widget");
}

const RIGHT = new Set(["parameters", "help"]);

/** @param {Page} page @param {string} id */
export async function openPanel(page, id) {
  await page.locator(`.rail-button[data-panel="${id}"]`).click();
  const side = page.locator(RIGHT.has(id) ? "#panel-right" : "#panel-left");
  await side.locator(".panel-content").waitFor();
  return side;
}

/** Give the keyboard to the canvas. @param {Page} page */
export async function focusCanvas(page) {
  await page.evaluate(() => /** @type {HTMLElement | null} */ (document.activeElement)?.blur());
}

/** How the editor stands, for telling that no shortcut fired. @param {Page} page */
export async function standing(page) {
  return page.evaluate(() => ({
    nodes: document.querySelectorAll(".widget-seed").length,
    panels: [...document.querySelectorAll(".rail-button[aria-pressed=true]")].map((button) => button.getAttribute("data-panel")),
    tabs: document.querySelectorAll("[role=tab]").length,
    palette: document.querySelector(".palette:popover-open") !== null,
    dialogs: document.querySelectorAll("dialog[open]").length,
  }));
}

/** An input method, as the browser hears of it. */
export class InputMethod {
  /** @param {Page} page */
  static async of(page) {
    return new InputMethod(await page.context().newCDPSession(page));
  }

  /** @param {import("playwright-core").CDPSession} session */
  constructor(session) {
    this.session = session;
  }

  /**
   * Compose a text: each step replaces what was composed so far, with the key events of a real
   * input method, whose letters are shortcuts elsewhere.
   * @param {readonly string[]} steps
   */
  async compose(steps) {
    for (const step of steps) {
      await this.key(step.at(-1) ?? "a");
      await this.session.send("Input.imeSetComposition", { text: step, selectionStart: step.length, selectionEnd: step.length });
    }
  }

  /** Take a text over. @param {string} text */
  async commit(text) {
    await this.key(" ");
    await this.session.send("Input.insertText", { text });
  }

  /** A key that the input method takes for itself. @param {string} letter */
  async key(letter) {
    const code = /[a-z]/i.test(letter) ? `Key${letter.toUpperCase()}` : "Space";
    const event = { key: "Process", code, windowsVirtualKeyCode: 229 };
    await this.session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...event });
    await this.session.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** A named key while composing: choosing a candidate, leaving it. @param {string} name */
  async candidateKey(name) {
    const event = { key: "Process", code: name, windowsVirtualKeyCode: 229 };
    await this.session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...event });
    await this.session.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }
}
