"""What the editor's own panels ask for; not served under /api."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from aiohttp import web

from engine.server.answers import json_answer, read_json
from engine.server.description import described
from engine.server.paths import DIRECTORIES
from engine.server.services import services_of

bare_routes = web.RouteTableDef()


class LogSubscription(msgspec.Struct, kw_only=True, rename="camel"):
    """Which client wants new log lines."""

    client_id: str
    enabled: bool


@bare_routes.get("/internal/logs")
async def get_logs(request: web.Request) -> web.Response:
    """Return the last log lines as one text."""
    entries = services_of(request).logs.entries()
    return json_answer("".join(f"{entry['t']} - {entry['m']}" for entry in entries))


@bare_routes.get("/internal/logs/raw")
async def get_raw_logs(request: web.Request) -> web.Response:
    """Return the last log lines with their times."""
    logs = services_of(request).logs
    return json_answer(logs.message(logs.entries()))


@bare_routes.patch("/internal/logs/subscribe")
@described(body=LogSubscription)
async def patch_subscription(request: web.Request) -> web.Response:
    """Begin or end sending new log lines to a client's WebSocket."""
    wish = await read_json(request, LogSubscription)
    services = services_of(request)
    if not wish.enabled:
        services.logs.subscribers.discard(wish.client_id)
    elif services.hub.client_connected(wish.client_id):
        services.logs.subscribers.add(wish.client_id)
    return web.Response()


@bare_routes.get("/internal/folder_paths")
async def get_folder_paths(request: web.Request) -> web.Response:
    """Return the model folders by key."""
    keys = services_of(request).folders.keys()
    return json_answer({key: [str(root) for root in entry.roots] for key, entry in keys.items()})


@bare_routes.get("/internal/files/{type}")
async def get_files(request: web.Request) -> web.Response:
    """List the files of output, input or temp, the newest first; hidden ones are left out."""
    kind = request.match_info["type"]
    if kind not in DIRECTORIES:
        raise web.HTTPBadRequest
    folder = services_of(request).folders.directory(kind)

    def newest_first() -> list[str]:
        if not folder.is_dir():
            return []
        times: dict[str, float] = {}
        for path in folder.iterdir():
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                with suppress(FileNotFoundError):  # removed a moment ago
                    times[path.name] = path.stat().st_mtime
        return sorted(times, key=lambda name: -times[name])

    return json_answer(await asyncio.to_thread(newest_first))
