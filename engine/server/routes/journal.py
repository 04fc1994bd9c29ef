"""The editor's journal: documents as they are edited, and what is left of them after a crash."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import msgspec
from aiohttp import web

from engine.server.answers import RequestError, json_answer, read_json
from engine.server.description import described
from engine.server.journal import JournalHead, Journals
from engine.server.users import root_of

bare_routes = web.RouteTableDef()

JOURNALS: web.AppKey[Journals] = web.AppKey("journals", Journals)

_BASE = "/api/tessera/journal"
_TITLE_CHARACTERS = 500


class BeginBody(msgspec.Struct, kw_only=True):
    """A whole document; what is in it is the editor's business."""

    title: str
    file: str | None = None
    document: Any


class AppendBody(msgspec.Struct, kw_only=True):
    """What one edit changed; what is in it is the editor's business."""

    edit: Any


@bare_routes.get(_BASE)
async def get_journals(request: web.Request) -> web.Response:
    """List the documents that have a journal, the last edited first."""
    entries = await asyncio.to_thread(_journals(request).entries, root_of(request))
    return json_answer([asdict(entry) for entry in entries])


@bare_routes.get(f"{_BASE}/{{journal}}")
@described(query={"version": "the number of a version; the newest without it"})
async def get_journal(request: web.Request) -> web.Response:
    """Return a document as it was written down: whole, then edit by edit."""
    text = request.query.get("version")
    version = None if text is None else _number("version", text)
    journal = request.match_info["journal"]
    found = await asyncio.to_thread(_journals(request).read, root_of(request), journal, version)
    return json_answer(found)


@bare_routes.put(f"{_BASE}/{{journal}}")
@described(body=BeginBody)
async def put_journal(request: web.Request) -> web.Response:
    """Write a whole document down as a new version; return its number."""
    body = await read_json(request, BeginBody)
    head = JournalHead(body.title[:_TITLE_CHARACTERS], body.file)
    journal = request.match_info["journal"]
    version = await asyncio.to_thread(
        _journals(request).begin, root_of(request), journal, head, body.document
    )
    return json_answer({"version": version})


@bare_routes.post(f"{_BASE}/{{journal}}/{{version}}/{{number}}")
@described(body=AppendBody)
async def post_edit(request: web.Request) -> web.Response:
    """Write down edit `number` (from 0) of a version; 409 when one before it is missing."""
    body = await read_json(request, AppendBody)
    match = request.match_info
    version, number = _number("version", match["version"]), _number("number", match["number"])
    await asyncio.to_thread(
        _journals(request).append, root_of(request), match["journal"], version, number, body.edit
    )
    return web.Response()


@bare_routes.delete(f"{_BASE}/{{journal}}")
async def delete_journal(request: web.Request) -> web.Response:
    """Forget a document: it was saved, or nobody wants it."""
    journal = request.match_info["journal"]
    await asyncio.to_thread(_journals(request).delete, root_of(request), journal)
    return web.Response(status=204)


def _journals(request: web.Request) -> Journals:
    return request.config_dict[JOURNALS]


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestError(f'"{name}" must be a whole number of at least 0.')
    return int(text)
