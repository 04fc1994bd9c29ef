"""Sends long JSON answers piece by piece: they take little memory, however long they are."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
from aiohttp import hdrs, web

_LOG = logging.getLogger(__name__)


async def object_text(
    pages: AsyncGenerator[Mapping[str, Any], None],
) -> AsyncGenerator[bytes | memoryview, None]:
    """Give the JSON text of one object of which each page holds some members, and at least one."""
    async with aclosing(pages):
        between = b"{"
        async for page in pages:
            yield between
            yield memoryview(msgspec.json.encode(page))[1:-1]
            between = b","
        yield b"{}" if between == b"{" else b"}"


async def send_json(
    request: web.Request, pieces: AsyncGenerator[bytes | memoryview, None]
) -> web.StreamResponse:
    """Answer with a JSON text, as fast as the client takes it.

    What fails before the first piece is raised and answered as ever. Later the status has been
    sent: then the connection is cut off, so that no client takes half a text for a whole one.
    """
    response = web.StreamResponse()
    response.content_type, response.charset = "application/json", "utf-8"
    async with aclosing(pieces):
        piece = await anext(pieces)
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return response
        try:
            await response.write(piece)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except Exception as error:
            if not isinstance(error, ConnectionError):  # the client may leave
                _LOG.error("The answer to %s was cut off: %s", request.path, error)
            if request.transport is not None:
                request.transport.abort()
            raise
    return response
