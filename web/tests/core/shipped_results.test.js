/** What the shipped workflows find out is shown, without anyone having to connect it. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const FOLDER = new URL("../../../workflows/", import.meta.url);

for (const [file = "", type, output] of [
  ["train/starter.json", "IconSetPictures", "attribution"],
  ["train/starter.json", "VQRoundTrip", "psnr"],
  ["train/vqgan_on_a_folder.json", "PictureFolder", "report"],
  ["train/vqgan_on_a_folder.json", "VQRoundTrip", "psnr"],
  ["vq_round_trip.json", "VQRoundTrip", "psnr"],
  ["vq_round_trip.json", "VQRoundTrip", "ssim"],
]) {
  test(`${file} shows the ${output} of ${type}`, async () => {
    const { nodes, links } = JSON.parse(await readFile(new URL(file, FOLDER), "utf8"));
    const sources = nodes.filter((/** @type {any} */ node) => node.type === type);
    const wires = sources.flatMap((/** @type {any} */ { outputs }) => outputs.find((/** @type {any} */ { name }) => name === output).links);
    const shown = links.filter(([id = 0]) => wires.includes(id)).map(([, , , to = 0]) => nodes.find((/** @type {any} */ { id }) => id === to).type);
    assert.deepEqual(shown, ["PreviewAny"]);
  });
}
