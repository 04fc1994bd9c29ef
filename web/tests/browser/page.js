/** The editor in a browser, with its real server: what browser tests talk to. */

/** @import { Browser, Locator, Page } from "playwright-core" */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { launch } from "../harness/browser.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** How long a server may take until it answers, in ms. */
const START_WITHIN = 60_000;

/** @returns {string} the interpreter that has what the engine needs */
function python() {
  const own = join(ROOT, ".venv/bin/python");
  return process.env.TESSERA_PYTHON ?? (existsSync(own) ? own : "python3");
}

/** @returns {Promise<number>} a port nobody listens on */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}

/** A server of its own with an empty base directory. */
export class Server {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #process;
  #log = "";

  /**
   * @param {string} folder base directory
   * @param {number} port
   * @param {readonly string[]} [options] of the program, beside those of every test
   */
  constructor(folder, port, options = []) {
    this.folder = folder;
    this.port = port;
    this.options = options;
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * @param {(folder: string) => Promise<void>} [prepare] puts files into the base directory first
   * @param {readonly string[]} [options] of the program
   * @returns {Promise<Server>} one that answers
   */
  static async start(prepare, options) {
    const server = new Server(await mkdtemp(join(tmpdir(), "tessera-")), await freePort(), options);
    await prepare?.(server.folder);
    await server.run();
    return server;
  }

  /** Start the process, again after `kill`, and wait until it answers. */
  async run() {
    const place = ["--base-directory", this.folder, "--port", String(this.port)];
    const options = ["main.py", "--no-bootstrap", "serve", ...place, "--cpu", "--no-browser", ...this.options];
    const started = spawn(python(), options, { cwd: ROOT, env: { ...process.env, OMP_NUM_THREADS: "1" } });
    this.#process = started;
    for (const stream of [started.stdout, started.stderr]) stream.on("data", (text) => (this.#log += text));
    const deadline = Date.now() + START_WITHIN;
    while (!(await this.#answers())) {
      if (Date.now() > deadline || started.exitCode !== null) {
        await this.kill();
        throw new Error(`the server did not answer at ${this.url}:\n${this.#log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #answers() {
    try {
      return (await fetch(`${this.url}/api/object_info/KSampler`)).ok;
    } catch (error) {
      if (error instanceof TypeError) return false; // nobody listens yet
      throw error;
    }
  }

  /** End the process at once, as a crash would. */
  async kill() {
    const process = this.#process;
    this.#process = undefined;
    if (!process || process.exitCode !== null) return;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  /** End the process and remove its folder. */
  async stop() {
    const process = this.#process;
    if (process && process.exitCode === null) {
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGTERM");
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * A server and a browser for all tests of a file.
 * @param {(folder: string) => Promise<void>} [prepare] puts files into the base directory first
 * @param {readonly string[]} [options] of the program
 * @returns {{ server: Server, browser: Browser }} filled before the first test
 */
export function useServer(prepare, options) {
  const used = /** @type {{ server: Server, browser: Browser }} */ ({});
  before(async () => {
    [used.server, used.browser] = await Promise.all([Server.start(prepare, options), launch()]);
  });
  after(async () => {
    await used.browser?.close();
    await used.server?.stop();
  });
  return used;
}

/** The editor in one browser tab. What went wrong in the page is collected in `errors`. */
export class EditorPage {
  /** @type {string[]} */
  errors = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /**
   * Open the editor and wait until it can be used.
   *
   * @param {Browser} browser
   * @param {Server} server
   */
  static async open(browser, server) {
    const editor = new EditorPage(await browser.newPage({ viewport: { width: 1280, height: 800 } }));
    await editor.page.goto(server.url);
    await editor.ready();
    return editor;
  }

  /** Wait until a workflow is open and nothing is waited for any more. */
  async ready() {
    await this.page.locator("#topbar .tab-open").first().waitFor({ timeout: START_WITHIN });
    await this.page.locator(".start-note").waitFor({ state: "detached", timeout: START_WITHIN });
  }

  /**
   * Return a node drawn near the viewport.
   *
   * @param {string} title
   * @returns {Locator}
   */
  node(title) {
    return this.page.locator(".node", { has: this.page.locator(".node-title", { hasText: title }) }).first();
  }
}

export { launch };
