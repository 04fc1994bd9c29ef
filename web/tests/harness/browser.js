/** A Chromium of the system, driven by Playwright. */

/** @import { Browser, Page } from "playwright-core" */

import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run",
  "--disable-component-update", "--disable-sync", "--enable-precise-memory-info",
];

function executable() {
  return execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
}

export async function launch() {
  return chromium.launch({ executablePath: executable(), headless: true, args: FLAGS });
}

/** A browser with a profile that stays, and all of whose processes can be killed at once. */
export class DoomedBrowser {
  /** @param {import("node:child_process").ChildProcess} process @param {Browser} browser */
  constructor(process, browser) {
    this.process = process;
    this.browser = browser;
  }

  /** @param {string} profile folder that a killed one may have left behind @returns {Promise<DoomedBrowser>} */
  static async start(profile) {
    const options = ["--headless", ...FLAGS, "--no-default-browser-check", `--user-data-dir=${profile}`, "--remote-debugging-port=0", "about:blank"];
    // A group of its own: its helpers go down with it.
    const process = spawn(executable(), options, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    const lines = createInterface({ input: /** @type {import("node:stream").Readable} */ (process.stderr) });
    for await (const line of lines) {
      const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address) {
        process.stderr?.resume();
        return new DoomedBrowser(process, await chromium.connectOverCDP(address));
      }
    }
    throw new Error("Chromium ended before it could be driven.");
  }

  /** @returns {Promise<Page>} */
  async newPage() {
    const [context] = this.browser.contexts();
    if (!context) throw new Error("The browser has no profile open.");
    const page = await context.newPage();
    await page.setViewportSize({ width: 1280, height: 800 });
    return page;
  }

  /** End all its processes, as a crash of the machine would. */
  async kill() {
    const { process: { pid, exitCode, signalCode } } = this;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    process.kill(-pid, "SIGKILL");
    await ended;
  }
}
