/**
 * Measures the canvas at 200, 1,000 and 3,000 nodes and prints a table. Counters gate (exit code
 * 1), times are only reported: they depend on the machine. Frame intervals come in steps of 16.7 ms
 * and hold what a browser without GPU paints in software; "main ms" is the CPU time a frame takes of
 * the main thread, which is what the editor itself costs.
 *
 * Run: node tests/bench/canvas_bench.js [--pan-seconds=60] [nodes …]
 */

import { parseArgs } from "node:util";

import { launch } from "../harness/browser.js";
import { serveEditor } from "../harness/static_server.js";
import { afterPanning } from "./heap.js";
import { gatesOf } from "./gates.js";
import { openCanvas, runAll, VIEWPORT } from "./scenarios.js";

/** @import { Result } from "./scenarios.js" */

const { positionals, values } = parseArgs({ allowPositionals: true, options: { "pan-seconds": { type: "string", default: "60" } } });
const panSeconds = Number(values["pan-seconds"]);
const sizes = positionals.map(Number);
if (sizes.length === 0) sizes.push(200, 1000, 3000);

const server = await serveEditor();
const browser = await launch();
let failed = 0;
try {
  console.log(`Chromium ${browser.version()}, headless without GPU, ${VIEWPORT.width}x${VIEWPORT.height}, device pixel ratio 1`);
  for (const size of sizes) failed += await benchmark(size);
} finally {
  await browser.close();
  await server.close();
}
process.exitCode = failed > 0 ? 1 : 0;

/** @param {number} size @returns {Promise<number>} Gates that do not hold. */
async function benchmark(size) {
  const { page, session, errors } = await openCanvas(browser, server.url, String(size));
  const results = await runAll(page, session);
  print(size, results);
  const broken = gatesOf(results).filter((gate) => !gate.holds);
  for (const { result, text } of broken) console.log(`  GATE ${result}: ${text}`);
  const { text, holds } = await afterPanning(page, session, panSeconds);
  console.log(`  ${holds ? "" : "GATE "}after ${panSeconds} s of panning: ${text}`);
  for (const error of errors) console.log(`  PAGE ERROR ${error}`);
  await page.close();
  return broken.length + errors.length + (holds ? 0 : 1);
}

/** @param {number} size @param {readonly Result[]} results */
function print(size, results) {
  const head = ["scenario", "p50 ms", "p95 ms", "max ms", "main ms", "frames", "paints", "mounts", "DOM layouts", "transforms", "links traced"];
  const rows = results.filter(({ name }) => name !== "after all").map(({ name, times, counters }) => [
    name, ms(times?.p50), ms(times?.p95), ms(times?.max), ms(times ? (counters["mainMs"] ?? 0) / times.frames : undefined),
    ...["frames", "paints", "mounts", "domLayouts", "transformWrites", "linksTraced"].map((key) => counted(counters[key])),
  ]);
  const last = /** @type {Result} */ (results.at(-1));
  console.log(`\n${size} nodes: opened in ${ms(last.milliseconds)} ms; after all ${last.counters["domNodes"]} DOM nodes, `
    + `${last.counters["mounted"]} mounted, heap ${last.counters["heapMb"]?.toFixed(0)} MB`);
  const widths = head.map((text, at) => Math.max(text.length, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of [head, ...rows]) {
    console.log(row.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join("  "));
  }
}

/** A counter that began anew, as with another tab, says nothing. @param {number | undefined} value */
function counted(value) {
  return value === undefined || value < 0 ? "–" : String(value);
}

/** @param {number | undefined} value */
function ms(value) {
  return value === undefined ? "–" : value.toFixed(1);
}
