"""Builds the web application out of its services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import PurePosixPath

from aiohttp import ClientSession, hdrs, web

from engine.server import security, web_files
from engine.server.hashes import HASHES, FileHashes
from engine.server.journal import Journals
from engine.server.last_run import LAST_RUN, LastRun
from engine.server.metrics import METRICS, Metrics, measured
from engine.server.object_info import ObjectInfoCache
from engine.server.pack_routes import PACK_ROUTES, SESSION, PackRoutes, forward
from engine.server.routes import (
    examples,
    extensions,
    gallery,
    internal,
    journal,
    models,
    node_types,
    prompt,
    system,
    tessera,
    upload,
    userdata,
    users,
    view,
    websocket,
)
from engine.server.services import SERVICES, Services, services_of
from engine.server.serving import PICTURE_AGE_S
from engine.server.web_files import editor_file, start_page

_TABLES = (
    *(prompt, node_types, view, upload, models, system),
    *(extensions, users, userdata, websocket),
)
_BARE = (internal, tessera, examples, journal, gallery, extensions)
_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".svg", ".ico"}


def build_app(services: Services) -> web.Application:
    """Return the application; every route of the contract exists bare and under /api."""
    settings = services.settings
    app = web.Application(
        middlewares=[measured, security.guard(settings)],
        client_max_size=settings.max_upload_bytes,
    )
    app[SERVICES] = services
    app[METRICS] = Metrics()
    app[HASHES] = FileHashes()
    app[LAST_RUN] = LastRun(services)
    app[node_types.OBJECT_INFO] = ObjectInfoCache(
        services.pool, services.folders, app[LAST_RUN], lambda: _tell_new_types(services)
    )
    app[PACK_ROUTES] = PackRoutes(services.pool)
    web_files.prepare(app)
    users.prepare(app)
    app[journal.JOURNALS] = Journals()
    for module in _BARE:
        app.router.add_routes(module.bare_routes)
    for module in _TABLES:
        for route in module.routes:
            assert isinstance(route, web.RouteDef)
            for prefix in ("", "/api"):
                path = prefix + route.path
                web.RouteDef(route.method, path, route.handler, route.kwargs).register(app.router)
    app.router.add_get("/", _start)
    app.router.add_route("*", "/{path:.*}", _anything_else)
    app.on_response_prepare.append(security.protect(settings))
    app.on_response_prepare.append(_say_how_long_to_keep)
    app.cleanup_ctx.append(_session)
    app.cleanup_ctx.append(_log_messages)
    app.cleanup_ctx.append(_remembering)
    app.on_shutdown.append(_drop_clients)
    return app


async def _start(request: web.Request) -> web.StreamResponse:
    """Return the editor."""
    return await start_page(request)


async def _anything_else(request: web.Request) -> web.StreamResponse:
    """Return a file of the editor, or what a pack answers."""
    target = await request.config_dict[PACK_ROUTES].find(request)
    if target is not None:
        return await forward(request, target)
    if request.method not in ("GET", "HEAD"):
        raise web.HTTPNotFound
    return await editor_file(request, request.match_info["path"])


async def _say_how_long_to_keep(request: web.Request, response: web.StreamResponse) -> None:
    """Set the contract's cache headers where a handler set none."""
    if hdrs.CACHE_CONTROL in response.headers:
        return
    path = PurePosixPath(request.path)
    if request.path.endswith("/view"):
        path = PurePosixPath(request.query.get("filename", ""))
    suffix = path.suffix.lower()
    if suffix in (".js", ".css") or (path.name.startswith("index") and suffix == ".json"):
        response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    elif suffix in _PICTURES:
        response.headers[hdrs.CACHE_CONTROL] = _age(request, response.status)


def _age(request: web.Request, status: int) -> str:
    if status in (302, 303, 307):
        return "no-cache"
    # What needs a token belongs into no shared cache.
    scope = "public" if services_of(request).settings.token is None else "private"
    if status == 404:
        return f"{scope}, max-age=3600"
    return f"{scope}, max-age={PICTURE_AGE_S}" if status < 400 else "no-store"


async def _session(app: web.Application) -> AsyncIterator[None]:
    # Nothing of the environment (proxies, netrc) may send a pack's request elsewhere.
    async with ClientSession(trust_env=False, auto_decompress=False) as session:
        app[SESSION] = session
        yield


async def _log_messages(app: web.Application) -> AsyncIterator[None]:
    """Send new log lines to the clients that subscribed."""
    services, loop = app[SERVICES], asyncio.get_running_loop()

    def publish(line: dict[str, str]) -> None:
        for client in list(services.logs.subscribers):
            services.hub.send("logs", services.logs.message([line]), client_id=client)

    def on_line(line: dict[str, str]) -> None:
        loop.call_soon_threadsafe(publish, line)

    services.logs.on_line = on_line
    yield
    services.logs.on_line = None


async def _remembering(app: web.Application) -> AsyncIterator[None]:
    """Look what the last run left, before the workers load what may change in the meantime."""
    await app[LAST_RUN].recall()
    yield
    app[node_types.OBJECT_INFO].close()


def _tell_new_types(services: Services) -> None:
    services.hub.send("node_types_changed", {}, client_id=None)


async def _drop_clients(app: web.Application) -> None:
    app[SERVICES].hub.drop_all("The server stops.")
