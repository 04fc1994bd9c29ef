/** Files of the artist's own disk, through the browser. */

/** @param {string} name @param {string} text */
export function offerDownload(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name.replaceAll(/[\\/:*?"<>|]/g, "_");
  link.click();
  // The browser reads it after the click returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * @param {string} accept endings and types, as in HTML
 * @returns {Promise<File[]>} none when nothing was chosen
 */
export function pickFiles(accept) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = accept;
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}
