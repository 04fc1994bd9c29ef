import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const vendor = new URL("../../vendor/", import.meta.url).pathname;

/** @returns {Map<string, string>} */
function statedChecksums() {
  const lines = readFileSync(join(vendor, "CHECKSUMS"), "utf8").trim().split("\n");
  return new Map(lines.map((line) => /** @type {[string, string]} */ (line.split("  ").reverse())));
}

test("every vendored file is the one whose checksum was stated", () => {
  for (const [path, sum] of statedChecksums()) {
    const found = createHash("sha256").update(readFileSync(join(vendor, path))).digest("hex");
    assert.equal(found, sum, path);
  }
});

test("no vendored file lacks a checksum", () => {
  const paths = readdirSync(vendor, { recursive: true, encoding: "utf8" });
  const files = paths.filter((path) => statSync(join(vendor, path)).isFile());
  assert.deepEqual(new Set(files), new Set([...statedChecksums().keys(), "CHECKSUMS"]));
});

test("every library has its licence beside it", () => {
  const folders = readdirSync(vendor, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of folders) {
    assert.match(readFileSync(join(vendor, folder.name, "LICENSE"), "utf8"), /copyright/i, folder.name);
  }
});

test("the libraries load", async () => {
  const { layout, Graph } = await import("../../vendor/dagre/dagre.esm.js");
  const { marked } = await import("../../vendor/marked/marked.esm.js");
  const graph = new Graph().setGraph({ rankdir: "LR" });
  graph.setNode("a", { width: 10, height: 10 }).setNode("b", { width: 10, height: 10 });
  graph.setEdge("a", "b", {});
  layout(graph);
  assert.ok((graph.node("a").x ?? 0) < (graph.node("b").x ?? 0));
  assert.equal(marked.parse("*a*"), "<p><em>a</em></p>\n");
});
