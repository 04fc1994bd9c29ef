"""The editor's files, and a plain page where there are none yet."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

from engine.models.folders import inside
from engine.server.security import EDITOR_POLICY, PAGE_POLICY
from engine.server.services import services_of
from engine.server.serving import StoredFile
from engine.settings import ServerSettings

EDITOR_FOLDERS = frozenset({"src", "vendor", "locales", "styles", "scripts"})
"""What of our editor's folder a browser gets; its tests and tools are nobody's business."""

_INDEX = "index.html"
_VERSION_MARK = "@"
_ENTRY = re.compile(r'<script type="module" src="\./([^"]+)"')
_IMPORT = re.compile(r'^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"(\.[^"]+)"', re.MULTILINE)
_FOR_EVER = "private, max-age=31536000, immutable"
_PACKED_BYTES = 4 << 20

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


@dataclass(frozen=True, slots=True)
class _Packed:
    """A compressed text file, good for as long as `etag` is the file's."""

    etag: str
    body: bytes


@dataclass(slots=True)
class _Start:
    """The start page, good for as long as `version` is the editor's."""

    version: str = ""
    text: str = ""


START: web.AppKey[_Start] = web.AppKey("start_page", _Start)
PACKED: web.AppKey[dict[Path, _Packed]] = web.AppKey("packed_web_files", dict)


async def start_page(request: web.Request) -> web.StreamResponse:
    """Return the editor, or a page that says that the server runs.

    Our own page names its modules under an address that holds the version of all of them: a
    browser keeps them for ever, and never mixes files of two versions.
    """
    settings = services_of(request).settings
    index = settings.web_root / _INDEX
    if not index.is_file():
        return _page(_PAGE)
    if settings.web_folders is None:
        return await sent_web_file(request, settings.web_root, _INDEX)
    known = request.config_dict[START]
    version = await asyncio.to_thread(_version, settings)
    if known.version != version:
        known.text = await asyncio.to_thread(_start_text, settings, index)
        known.version = version
    text = known.text.replace('="./', f'="/{_VERSION_MARK}{version}/')
    return _page(text, {"Content-Security-Policy": EDITOR_POLICY})


async def editor_file(request: web.Request, name: str) -> web.StreamResponse:
    """Return a file of the editor; under its version it may be kept for ever.

    Raises: HTTPNotFound, ForbiddenPathError.
    """
    settings = services_of(request).settings
    if settings.web_folders is None:
        return await sent_web_file(request, settings.web_root, name)
    version = ""
    if name.startswith(_VERSION_MARK):
        version, _, name = name[len(_VERSION_MARK) :].partition("/")
    folder, _, name = name.partition("/")
    if folder not in settings.web_folders or not name:
        raise web.HTTPNotFound
    response = await sent_web_file(request, settings.web_root / folder, name)
    if version and version == request.config_dict[START].version:
        response.headers[hdrs.CACHE_CONTROL] = _FOR_EVER
    return response


async def sent_web_file(request: web.Request, root: Path, name: str) -> web.StreamResponse:
    """Return a file of an editor or of a pack's browser part, compressed where that helps.

    Raises: HTTPNotFound, ForbiddenPathError.
    """
    path = inside(root, name, "web file")
    media_type = _TYPES.get(path.suffix.lower())
    if media_type is None or not path.is_file():
        raise web.HTTPNotFound
    is_text = media_type.startswith("text/") or media_type.endswith("json")
    headers = {"Content-Security-Policy": PAGE_POLICY}
    if path.suffix == ".html":
        headers[hdrs.CACHE_CONTROL] = "no-cache"
    packs = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
    if is_text and packs and path.stat().st_size <= _PACKED_BYTES:
        known = request.config_dict[PACKED]
        packed = known.get(path)
        if packed is None or packed.etag != _etag(path):
            packed = known[path] = await asyncio.to_thread(_packed, path)
        return _compressed(request, packed, media_type, headers)
    response = StoredFile(path, headers=headers)
    response.content_type = media_type
    if is_text:
        response.charset = "utf-8"
    return response


def prepare(app: web.Application) -> None:
    """Give the application what this module keeps."""
    app[PACKED], app[START] = {}, _Start()


def _start_text(settings: ServerSettings, index: Path) -> str:
    """Return the start page with a hint for each module that is needed at once.

    Otherwise a browser learns of a module only when it has read the one that imports it.
    """
    text = index.read_text("utf-8")
    entry = _ENTRY.search(text)
    if entry is None:
        return text
    modules = _modules(settings.web_root.resolve(), entry[1])
    hints = "".join(f'<link rel="modulepreload" href="./{name}">\n' for name in modules)
    return text.replace("</head>", f"{hints}</head>", 1)


def _modules(root: Path, entry: str) -> list[str]:
    """List the modules that `entry` imports statically, it first, each after who imports it."""
    found = {(root / entry).resolve(): entry}
    waiting = [*found]
    for path in waiting:
        for name in _IMPORT.findall(path.read_text("utf-8")):
            module = (path.parent / name).resolve()
            if module not in found and module.is_relative_to(root) and module.is_file():
                found[module] = module.relative_to(root).as_posix()
                waiting.append(module)
    return [*found.values()]


def _page(text: str, headers: dict[str, str] | None = None) -> web.Response:
    known = {hdrs.CACHE_CONTROL: "no-cache", **(headers or {})}
    return web.Response(text=text, content_type="text/html", headers=known)


def _compressed(
    request: web.Request, packed: _Packed, media_type: str, headers: dict[str, str]
) -> web.Response:
    headers = {**headers, hdrs.ETAG: f'W/"{packed.etag}"', hdrs.VARY: hdrs.ACCEPT_ENCODING}
    if any(tag.value in (packed.etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=packed.body, headers=headers, content_type=media_type, charset="utf-8")


def _packed(path: Path) -> _Packed:
    return _Packed(_etag(path), gzip.compress(path.read_bytes(), 6, mtime=0))


def _etag(path: Path) -> str:
    status = path.stat()
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-gzip"


def _version(settings: ServerSettings) -> str:
    """Return a name for the editor's files as they are now."""
    digest = hashlib.sha256()
    for path in _editor_files(settings):
        status = path.stat()
        digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\0".encode())
    return digest.hexdigest()[:16]


def _editor_files(settings: ServerSettings) -> Iterator[Path]:
    yield settings.web_root / _INDEX
    for folder in sorted(settings.web_folders or ()):
        yield from sorted(p for p in (settings.web_root / folder).rglob("*") if p.is_file())
