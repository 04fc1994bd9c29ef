"""Clients of a hub without a network: what they are sent is kept in a list."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType

from engine.server.ws.connection import Connection
from engine.server.ws.hub import Hub


class ListSocket:
    """A socket that keeps what is written; `blocked` never takes anything."""

    def __init__(self, *, blocked: bool = False) -> None:
        self.frames: list[tuple[WSMsgType, bytes]] = []
        self.closed: tuple[int, bytes] | None = None
        self.aborted = False
        self._blocked = blocked

    async def send_frame(self, message: bytes, opcode: WSMsgType) -> None:
        if self._blocked:
            await asyncio.Event().wait()
        self.frames.append((opcode, message))

    async def close(self, *, code: int, message: bytes) -> bool:
        if self._blocked:
            await asyncio.Event().wait()
        self.closed = (code, message)
        return True

    def abort(self) -> None:
        self.aborted = True

    def texts(self, kind: str | None = None) -> list[Any]:
        """Return the data of the messages of a kind, or all messages."""
        found = [json.loads(body) for opcode, body in self.frames if opcode is WSMsgType.TEXT]
        return found if kind is None else [m["data"] for m in found if m["type"] == kind]


class Clients:
    """Connects clients to a hub without a network."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._open: list[Connection] = []

    def connect(self, sid: str, *, blocked: bool = False, **flags: Any) -> ListSocket:
        socket = ListSocket(blocked=blocked)
        connection = Connection(sid, socket, socket.abort)
        connection.flags = flags
        self._open.append(connection)
        self.hub.connect(connection, queue_remaining=0)
        return socket

    async def close(self) -> None:
        for connection in self._open:
            self.hub.disconnect(connection)
            await connection.finish()


async def settle() -> None:
    """Let the writers write."""
    for _ in range(5):
        await asyncio.sleep(0)
