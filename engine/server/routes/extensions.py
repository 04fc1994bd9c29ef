"""What packs bring for the editor: scripts, texts, example workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from engine.models.folders import inside
from engine.server import packs
from engine.server.answers import json_answer
from engine.server.last_run import LAST_RUN
from engine.server.services import Services, services_of
from engine.server.serving import served_file
from engine.server.web_files import editor_file, sent_web_file

routes = web.RouteTableDef()
bare_routes = web.RouteTableDef()
"""Files are served under one address only."""

T = TypeVar("T")


@routes.get("/extensions")
async def get_extensions(request: web.Request) -> web.Response:
    """List the addresses of all extension scripts."""
    services = services_of(request)
    return json_answer(await packs.scripts(services.settings.web_root, await _web_folders(request)))


@routes.get("/i18n")
async def get_translations(request: web.Request) -> web.Response:
    """Return the packs' translations by language."""
    services = services_of(request)
    return json_answer(await asyncio.to_thread(_of_packs, packs.translations, services))


@routes.get("/workflow_templates")
async def get_templates(request: web.Request) -> web.Response:
    """List the packs' example workflows."""
    services = services_of(request)
    return json_answer(await asyncio.to_thread(_of_packs, packs.template_names, services))


@bare_routes.get("/api/workflow_templates/{pack}/{file:.+}")
async def get_template(request: web.Request) -> web.StreamResponse:
    """Return a file of a pack's example workflows."""
    known = await asyncio.to_thread(_of_packs, packs.templates, services_of(request))
    root = known.get(request.match_info["pack"])
    if root is None:
        raise web.HTTPNotFound
    path = inside(root, request.match_info["file"], "example workflow")
    if not path.is_file():
        raise web.HTTPNotFound
    return served_file(path)


@bare_routes.get("/extensions/{pack}/{file:.+}")
async def get_extension_file(request: web.Request) -> web.StreamResponse:
    """Return a browser file of the editor's extensions or of a pack."""
    name = request.match_info["pack"]
    file = request.match_info["file"]
    root = (await _web_folders(request)).get(name)
    if root is None:  # the editor's own
        return await editor_file(request, f"extensions/{name}/{file}")
    return await sent_web_file(request, root, file)


async def _web_folders(request: web.Request) -> dict[str, Path]:
    return await packs.web_folders(services_of(request).pool, request.config_dict[LAST_RUN])


def _of_packs(read: Callable[[Iterable[Path]], dict[str, T]], services: Services) -> dict[str, T]:
    return read(packs.pack_folders(services))
