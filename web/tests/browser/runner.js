/** An editor whose runs are watched, with nodes that take their time or fail; no run outlives its test. */

import { afterEach, beforeEach } from "node:test";

import { EditorPage, useServer } from "./page.js";
import { addSlowPack, closePanels } from "./shell_page.js";

class Runner {
  use = useServer(addSlowPack);
  #slowOnes = 0;

  get server() {
    return this.use.server;
  }

  async start() {
    await closePanels(this.server.url);
    this.editor = await EditorPage.open(this.use.browser, this.server);
    this.editor.page.setDefaultTimeout(60_000);
  }

  async stop() {
    const { url } = this.server;
    await fetch(`${url}/queue`, { method: "POST", body: '{"clear": true}' });
    await fetch(`${url}/interrupt`, { method: "POST" });
    await fetch(`${url}/api/tessera/queue/resume`, { method: "POST" });
    await this.editor?.page.close();
  }

  /** A node that takes so long, a little longer each time: none is found in the cache of another test. @param {number} seconds */
  slow(seconds) {
    this.#slowOnes += 1;
    return { class_type: "Slow", inputs: { seconds: seconds + this.#slowOnes / 1000 } };
  }

  /** What waits and runs, as the server says. @returns {Promise<any>} */
  async queue() {
    return (await fetch(`${this.server.url}/api/tessera/queue`)).json();
  }
}

/** Call once, at the top of a file of tests. */
export function useRunner() {
  const runner = new Runner();
  beforeEach(() => runner.start());
  afterEach(() => runner.stop());
  return /** @type {Runner & { editor: EditorPage }} */ (runner); // from the first test on
}
