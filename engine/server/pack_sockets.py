"""Hands a browser's WebSocket to the worker that has the pack it is meant for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeAlias

from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
    hdrs,
    web,
)

from engine.server.answers import RequestError
from engine.server.services import services_of

_Socket: TypeAlias = web.WebSocketResponse | ClientWebSocketResponse

_HEARTBEAT_S = 30.0
_CONNECT_S = 5.0
_CLOSE_S = 2.0


async def forward_socket(
    request: web.Request, session: ClientSession, url: str, headers: Mapping[str, str]
) -> web.WebSocketResponse:
    """Pass messages on in both directions until one side leaves; the other is told its reason.

    A side that does not read holds up the other, and nothing else: one message is on its way at
    a time.

    Raises: RequestError, when the worker does not answer or the address takes no WebSocket.
    """
    limit = services_of(request).settings.max_upload_bytes
    offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
    try:
        async with asyncio.timeout(_CONNECT_S):
            theirs = await session.ws_connect(
                url,
                headers=headers,
                protocols=[name.strip() for name in offered.split(",") if name.strip()],
                max_msg_size=limit,
                timeout=ClientWSTimeout(ws_close=_CLOSE_S),
            )
    except WSServerHandshakeError as error:
        raise RequestError("This address of a pack takes no WebSocket.") from error
    except (ClientError, TimeoutError) as error:
        raise no_answer() from error
    async with theirs:
        chosen = (theirs.protocol,) if theirs.protocol else ()
        ours = web.WebSocketResponse(
            protocols=chosen, heartbeat=_HEARTBEAT_S, max_msg_size=limit, timeout=_CLOSE_S
        )
        await ours.prepare(request)
        await _exchange(ours, theirs)
    return ours


def no_answer() -> RequestError:
    """Return what is answered while a worker starts again."""
    return RequestError(
        "The worker that has this pack does not answer; try again in a moment.",
        status=502,
        kind="bad_gateway",
    )


async def _exchange(ours: web.WebSocketResponse, theirs: ClientWebSocketResponse) -> None:
    """Pass messages on until one side has left, then close the other with the same code."""
    ways = [
        asyncio.create_task(_pass_on(source, target))
        for source, target in ((ours, theirs), (theirs, ours))
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:  # a socket that somebody still reads from cannot be closed with a code
        our_code, their_code = ours.close_code, theirs.close_code
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        await theirs.close(code=_passed_on(our_code))
        await ours.close(code=_passed_on(their_code))
    for way in ways:
        if not way.cancelled():
            way.result()


def _passed_on(code: int | None) -> int:
    """Return the code for the other side; 1006 cannot be sent (RFC 6455, 7.4.1)."""
    if code is None or code == WSCloseCode.ABNORMAL_CLOSURE:
        return WSCloseCode.GOING_AWAY
    return code


async def _pass_on(source: _Socket, target: _Socket) -> None:
    """Send what `source` receives to `target`, until either is closed."""
    try:
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
    except ConnectionError:
        return  # the target is gone
