"""The WebSocket every client listens on."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from engine.server.answers import RequestError
from engine.server.description import described
from engine.server.routes.system import feature_flags
from engine.server.services import services_of
from engine.server.ws.connection import Connection
from engine.server.ws.messages import message

routes = web.RouteTableDef()

_ID_CHARACTERS = 200
_MESSAGE_BYTES = 1 << 20


class ClientMessage(msgspec.Struct, kw_only=True):
    """What a client sends."""

    type: str
    data: dict[str, Any] = {}


@routes.get("/ws")
@described(query={"clientId": "the client's id; the server makes one when it is left out"})
async def get_websocket(request: web.Request) -> web.WebSocketResponse:
    """Send messages about prompts, and take the client's feature flags."""
    services = services_of(request)
    sid = request.query.get("clientId", "") or uuid.uuid4().hex
    if len(sid) > _ID_CHARACTERS:
        raise RequestError(f'"clientId" is longer than {_ID_CHARACTERS} characters.')
    socket = web.WebSocketResponse(max_msg_size=_MESSAGE_BYTES, compress=False)
    await socket.prepare(request)
    transport = request.transport
    assert transport is not None  # the answer went out a moment ago
    connection = Connection(sid, socket, transport.abort)
    services.hub.connect(connection, services.jobs.queue_remaining())
    try:
        await _listen(socket, connection, feature_flags(services))
    finally:
        services.hub.disconnect(connection)
        if not services.hub.client_connected(sid):
            services.logs.subscribers.discard(sid)
        await connection.finish()
    return socket


async def _listen(
    socket: web.WebSocketResponse, connection: Connection, flags: dict[str, Any]
) -> None:
    """Read until the client leaves. Only a first message with feature flags means anything."""
    is_first = True
    async for received in socket:
        if is_first and received.type is WSMsgType.TEXT:
            found = _parse(received.data)
            if found is not None and found.type == "feature_flags":
                connection.flags = found.data
                connection.send(message("feature_flags", flags))
        is_first = False


def _parse(text: str) -> ClientMessage | None:
    """Return a client's message, or None for what is none; there is nobody to tell."""
    try:
        return msgspec.json.decode(text, type=ClientMessage)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
