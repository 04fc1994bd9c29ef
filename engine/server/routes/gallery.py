"""The pictures that were made: a light list of them, and small versions."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from aiohttp import web

from engine.server.answers import RequestError, json_answer
from engine.server.description import described
from engine.server.pictures import thumbnail_of
from engine.server.routes.view import asked_file, converted
from engine.server.services import services_of

bare_routes = web.RouteTableDef()

_BASE = "/api/tessera"
_MOST = 500
_EDGES = range(32, 1025)
_WORDS = 20


@bare_routes.get(f"{_BASE}/gallery")
@described(
    query={
        "before": "only jobs of a smaller place; all without it",
        "limit": "how many jobs at most (100; up to 500)",
        "search": "words that all occur in its texts, model files, node types or file names",
    }
)
async def get_gallery(request: web.Request) -> web.Response:
    """List finished jobs with their files, the newest first, without their prompts.

    A page may be short though more follows: `next` is null only at the end.
    """
    before = request.query.get("before")
    page = await services_of(request).jobs.overview.finished(
        before=None if before is None else _number("before", before),
        limit=max(1, min(_MOST, _number("limit", request.query.get("limit", "100")))),
        words=request.query.get("search", "").split()[:_WORDS],
    )
    return json_answer(asdict(page))


@bare_routes.get(f"{_BASE}/thumbnail")
@described(
    query={
        "filename": "a picture",
        "subfolder": "inside its folder",
        "type": "input, output (default) or temp",
        "edge": "pixels of the longer side, 32 to 1024 (256)",
    },
    answer="image/webp",
)
async def get_thumbnail(request: web.Request) -> web.StreamResponse:
    """Return a small version of a picture."""
    edge = _number("edge", request.query.get("edge", "256"))
    if edge not in _EDGES:
        raise RequestError(f'"edge" must be {_EDGES.start} to {_EDGES.stop - 1}.')
    path = await asked_file(request)
    return await converted(request, path, partial(thumbnail_of, edge=edge))


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise RequestError(f'"{name}" must be a whole number of at least 0.')
    return int(text)
