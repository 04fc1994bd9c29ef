/**
 * A server that answers what the editor asks at its start, with a node type that has every kind of
 * widget. For tests of controls and panels: nothing runs, and all requests that change something
 * are kept.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("../../", import.meta.url));
/** What the server sends with the editor's page; see engine/server/security.py. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;" +
  " media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self';" +
  " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/** @type {{ [extension: string]: string }} */
const MEDIA_TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml" };
const WEB_SOCKET_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** A red PNG of one pixel. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");

const MODES = Array.from({ length: 200 }, (_, index) => `mode ${index + 1}`);

/** @type {{ [type: string]: object }} */
export const OBJECT_INFO = {
  WidgetZoo: {
    display_name: "Widget Zoo", category: "test/widgets", description: "One widget of **every** kind.", python_module: "nodes.test",
    input: {
      required: {
        width: ["INT", { default: 512, min: 16, max: 16384, step: 8, tooltip: "Pixels." }],
        strength: ["FLOAT", { default: 0.5, min: 0, max: 1, step: 0.01, display: "slider" }],
        cfg: ["FLOAT", { default: 8, min: 0, max: 100, step: 0.1, round: 0.01 }],
        seed: ["INT", { default: 7, min: 0, max: 18446744073709551615, control_after_generate: true }],
        name: ["STRING", { default: "" }],
        prompt: ["STRING", { default: "", multiline: true }],
        enabled: ["BOOLEAN", { default: false, label_on: "yes", label_off: "no" }],
        mode: [MODES, { default: "mode 3" }],
        colour: ["INT", { default: 0x4a7a9a, min: 0, max: 0xffffff, display: "color" }],
        image: [["a.png", "b.png"], { image_upload: true }],
        lora_name: [["detail.safetensors", "style/ink.safetensors"], {}],
        picture: ["IMAGE", {}],
      },
    },
    output: ["IMAGE", "MASK"], output_name: ["IMAGE", "MASK"], output_is_list: [false, false],
  },
  CLIPTextEncode: { input: { required: { text: ["STRING", { multiline: true }], clip: ["CLIP", {}] } }, output: ["CONDITIONING"], output_name: ["CONDITIONING"], display_name: "CLIP Text Encode", category: "conditioning", python_module: "nodes" },
  LoraLoader: { input: { required: { model: ["MODEL", {}], clip: ["CLIP", {}], lora_name: [["detail.safetensors"], {}] } }, output: ["MODEL", "CLIP"], output_name: ["MODEL", "CLIP"], display_name: "Load LoRA", category: "loaders", python_module: "nodes" },
  PreviewImage: { input: { required: { images: ["IMAGE", {}] } }, output: [], output_name: [], output_node: true, display_name: "Preview Image", category: "image", python_module: "nodes" },
  LoadImage: { input: { required: { image: [["a.png"], { image_upload: true }] } }, output: ["IMAGE", "MASK"], output_name: ["IMAGE", "MASK"], display_name: "Load Image", category: "image", python_module: "nodes" },
};
for (let index = 0; index < 1500; index += 1) {
  OBJECT_INFO[`Filler${index}`] = { input: { required: { value: ["FLOAT", {}], image: ["IMAGE", {}] } }, output: ["IMAGE"], output_name: ["IMAGE"], display_name: `Filler ${index}`, category: `pack ${index % 40}`, python_module: "custom_nodes.filler" };
}

const WORKFLOW = {
  version: 0.4, last_node_id: 2, last_link_id: 0, links: [], groups: [], config: {}, extra: {},
  nodes: [0, 1].map((index) => ({ id: index + 1, type: "WidgetZoo", pos: [index * 460, 0], size: [420, 720], flags: {}, order: index, mode: 0, properties: {} })),
};

/** A pack's help page that tries all it can. */
const HOSTILE_HELP = `# Filler

A **page** of the pack. ![A picture](filler.png)
<script>window.harmed = 1</script><img src="x" onerror="window.harmed = 2"><a href="javascript:window.harmed = 3">press</a>
<style>body { display: none }</style><iframe srcdoc="<script>parent.harmed = 4</script>"></iframe><form action="/x"><input name="a"></form>
<p id="canvas" style="position: fixed" onclick="window.harmed = 5">text</p>
`;

/** @type {{ [path: string]: unknown }} */
const ANSWERS = {
  "/api/object_info": OBJECT_INFO, "/api/node_replacements": {},
  "/api/users": { storage: "server", migrated: true }, "/api/i18n": {}, "/api/extensions": [], "/api/queue": { queue_running: [], queue_pending: [] }, "/api/history": {},
  "/api/embeddings": ["easynegative", "style/soft"],
  "/api/models/loras": ["detail.safetensors"],
  "/api/experiment/models": [{ name: "checkpoints", folders: [] }, { name: "loras", folders: [] }],
  "/api/experiment/models/checkpoints": [],
  "/api/experiment/models/loras": [{ name: "detail.safetensors", pathIndex: 0, modified: 1.7e9, created: 1.7e9, size: 151e6 }],
  "/api/system_stats": { system: {}, devices: [] }, "/api/tessera/workers": [], "/api/tessera/queue": { paused: false, jobs: [] },
  "/api/tessera/packs": [], "/api/tessera/examples/mosaic.json": WORKFLOW, "/api/tessera/examples": [], "/api/workflow_templates": {},
};

/**
 * @typedef {object} FakeServer
 * @property {string} url
 * @property {{ method: string, path: string, body: Buffer }[]} posts
 * @property {{ [id: string]: unknown }} settings
 * @property {() => Promise<void>} close
 */

/** @returns {Promise<FakeServer>} */
export async function startFakeServer() {
  /** @type {FakeServer["posts"]} */
  const posts = [];
  /** @type {FakeServer["settings"]} */
  const settings = {};
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const path = decodeURIComponent(url.pathname);
    if (request.method !== "GET") {
      const body = await bodyOf(request);
      posts.push({ method: request.method ?? "", path, body });
      sendJson(response, answerPost(path, body, settings));
    } else if (path === "/api/settings") sendJson(response, settings);
    else if (path === "/api/userdata") sendJson(response, userFiles(url));
    else if (path.startsWith("/api/userdata/")) response.writeHead(200, { "content-type": "text/plain" }).end('blue_sky,0,900,"蓝天"\n');
    else if (path === "/api/view" && url.searchParams.get("filename") !== "gone.png") response.writeHead(200, { "content-type": "image/png" }).end(PICTURE);
    else if (path === "/extensions/filler/docs/Filler0/en.md") response.writeHead(200, { "content-type": "text/markdown" }).end(HOSTILE_HELP);
    else if (/^\/extensions\/filler\/docs\/Filler0\/(filler\.png|x)$/.test(path)) response.writeHead(200, { "content-type": "image/png" }).end(PICTURE);
    else if (path.startsWith("/api/experiment/models/preview/")) response.writeHead(url.searchParams.get("absent") === "empty" ? 204 : 404).end();
    else if (Object.hasOwn(ANSWERS, path)) sendJson(response, ANSWERS[path]);
    else await sendFile(response, path === "/" ? "/index.html" : path);
  });
  server.on("upgrade", acceptWebSocket);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  /** @returns {Promise<void>} */
  const close = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
  return { url: `http://127.0.0.1:${port}/`, posts, settings, close };
}

/** @param {import("node:http").IncomingMessage} request */
async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @param {string} path @param {Buffer} body @param {{ [id: string]: unknown }} settings */
function answerPost(path, body, settings) {
  if (path === "/api/settings") Object.assign(settings, JSON.parse(body.toString()));
  if (path === "/api/upload/image") {
    const name = body.toString("latin1").match(/name="image"; filename="([^"]*)"/)?.[1] ?? "";
    return { name: Buffer.from(name, "latin1").toString(), subfolder: "", type: "input" };
  }
  return {};
}

/** @param {URL} url */
function userFiles(url) {
  const path = { autocomplete: "tags.csv", wildcards: "colours.txt" }[url.searchParams.get("dir") ?? ""];
  return path ? [{ path, size: 10, modified: 0 }] : [];
}

/** @param {import("node:http").ServerResponse} response @param {unknown} json */
function sendJson(response, json) {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(json));
}

/** @param {import("node:http").ServerResponse} response @param {string} path */
async function sendFile(response, path) {
  const file = join(WEB, normalize(path));
  const type = MEDIA_TYPES[extname(file)] ?? "application/octet-stream";
  const content = await readFile(file).catch(() => undefined);
  if (content) response.writeHead(200, { "content-type": `${type}; charset=utf-8`, "content-security-policy": POLICY }).end(content);
  else response.writeHead(404).end();
}

/** Say yes and then nothing. @param {import("node:http").IncomingMessage} request @param {import("node:stream").Duplex} socket */
function acceptWebSocket(request, socket) {
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${WEB_SOCKET_KEY}`).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on("error", () => socket.destroy());
}
