"""The workflows that come with Tessera."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.models.folders import inside
from engine.server.answers import json_answer
from engine.server.services import services_of
from engine.server.serving import served_file

bare_routes = web.RouteTableDef()

_BASE = "/api/tessera/examples"
_SERVED = {".json", ".png"}


@bare_routes.get(_BASE)
async def get_examples(request: web.Request) -> web.Response:
    """List the example workflows, those in folders last, and which of them have a picture."""
    return json_answer(await asyncio.to_thread(_examples, services_of(request).settings.examples))


@bare_routes.get(f"{_BASE}/{{file:.+}}")
async def get_example(request: web.Request) -> web.StreamResponse:
    """Return an example workflow (NAME.json, FOLDER/NAME.json) or its picture (.png)."""
    root = services_of(request).settings.examples
    if root is None:
        raise web.HTTPNotFound
    path = inside(root, request.match_info["file"], "example workflow")
    if path.suffix not in _SERVED or not path.is_file():
        raise web.HTTPNotFound
    return served_file(path)


def _examples(root: Path | None) -> list[dict[str, Any]]:
    if root is None or not root.is_dir():
        return []
    files = sorted(root.rglob("*.json"), key=lambda file: (len(file.parts), file))
    return [
        {
            "name": file.relative_to(root).with_suffix("").as_posix(),
            "picture": file.with_suffix(".png").is_file(),
        }
        for file in files
    ]
