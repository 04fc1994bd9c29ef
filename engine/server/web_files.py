"""The editor's files, and a plain page where there are none yet."""

from __future__ import annotations

from pathlib import Path

from aiohttp import hdrs, web

from engine.models.folders import inside
from engine.server.security import PAGE_POLICY

_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Tessera</title>
<body style="font: 16px/1.5 system-ui; max-width: 40em; margin: 4em auto; padding: 0 1em">
<h1>Tessera is running</h1>
<p>The server and its API are ready; this copy holds no editor.
Queue workflows with <code>POST /prompt</code>, or run one with
<code>python3 main.py run workflow.json</code>.</p>
<p lang="zh">服务器与接口已经就绪；此副本不含编辑器。</p>
"""


def served_web_file(request: web.Request, root: Path, name: str) -> web.StreamResponse:
    """Return a file of the editor or of a pack's browser part.

    Raises: HTTPNotFound, ForbiddenPathError.
    """
    path = inside(root, name, "web file")
    media_type = _TYPES.get(path.suffix.lower())
    if media_type is None or not path.is_file():
        raise web.HTTPNotFound
    response = web.FileResponse(path, headers={"Content-Security-Policy": PAGE_POLICY})
    response.content_type = media_type
    if media_type.startswith("text/") or media_type.endswith("json"):
        response.charset = "utf-8"
    if path.suffix == ".html":
        response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    return response


def start_page(request: web.Request, root: Path) -> web.StreamResponse:
    """Return the editor, or a page that says that the server runs."""
    if (root / "index.html").is_file():
        return served_web_file(request, root, "index.html")
    return web.Response(
        text=_PAGE, content_type="text/html", headers={hdrs.CACHE_CONTROL: "no-cache"}
    )
