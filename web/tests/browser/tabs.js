/** Tabs of one browser that share what they store, for tests of files and drafts. */

/** @import { BrowserContext } from "playwright-core" */

import { afterEach, beforeEach } from "node:test";

import { EditorPage, useServer } from "./page.js";
import { closePanels } from "./shell_page.js";

/** A browser that has stored nothing, with an editor open, anew for each test of a file. */
class Tabs {
  use = useServer();

  get server() {
    return this.use.server;
  }

  async start() {
    await closePanels(this.server.url);
    await this.begin();
  }

  /** Open the editor in a browser that has stored nothing yet. */
  async begin() {
    /** @type {BrowserContext} */
    this.context = await this.use.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
    this.editor = await this.open();
  }

  /** Another tab of the same browser; it may ask whether to recover work first. */
  async open() {
    const opened = new EditorPage(await this.context.newPage());
    opened.page.setDefaultTimeout(60_000);
    await opened.page.goto(this.server.url);
    await opened.page.locator("dialog .primary, #topbar .tab-open").first().waitFor({ timeout: 60_000 });
    return opened;
  }
}

/** Call once, at the top of a file of tests. */
export function useTabs() {
  const tabs = new Tabs();
  beforeEach(() => tabs.start());
  afterEach(() => tabs.context.close());
  return /** @type {Tabs & { context: BrowserContext, editor: EditorPage }} */ (tabs); // from the first test on
}
