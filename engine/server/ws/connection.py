"""One client's socket: a bounded queue and the one task that writes."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from aiohttp import WSCloseCode, WSMsgType

from engine.server.ws.messages import Frame

_LOG = logging.getLogger(__name__)

QUEUE_FRAMES = 4096
QUEUE_BYTES = 64 << 20
RESULT_BYTES = 512 << 20
"""Results wait beside all else, in a bound of their own: a batch of large pictures is no flood."""
PING_S = 30.0
"""After so long in silence a ping keeps the way open, and lets the system notice a client that is
gone. Nobody has to answer it: a script may do other things for hours before it reads again."""
_CLOSE_S = 1.0


class Socket(Protocol):
    """The part of a WebSocket that a connection writes to."""

    async def send_frame(self, message: bytes, opcode: WSMsgType) -> None:
        """Write one message; waits while the other side does not read."""
        ...

    async def close(self, *, code: int, message: bytes) -> bool:
        """Say why, and close."""
        ...


class Connection:
    """Sends frames to one client, in order, without ever making the sender wait.

    A client that cannot keep up is dropped with a reason. Frames sent with the same `slot` replace
    one another while they wait: of previews only the newest is worth showing.

    Args:
        abort: Cuts the connection; used on clients that do not even read why they are dropped.

    Attributes:
        sid: The client's id.
        flags: What the client said it can take; a flag counts when it is exactly True.
        drop_reason: Why nothing more is sent; None while it is open.
    """

    def __init__(self, sid: str, socket: Socket, abort: Callable[[], None]) -> None:
        self.sid = sid
        self.flags: Mapping[str, Any] = {}
        self.drop_reason: str | None = None
        self._socket, self._abort = socket, abort
        self._waiting: dict[str | int, Frame] = {}
        self._bytes = self._result_bytes = 0
        self._numbers = itertools.count()
        self._close_code: int = WSCloseCode.OK
        self._wake = asyncio.Event()
        self._writer = asyncio.create_task(self._write())

    def can(self, flag: str) -> bool:
        """Tell whether the client said it can take something."""
        return self.flags.get(flag) is True

    def send(self, frame: Frame, *, slot: str | None = None) -> None:
        """Queue a frame; returns at once."""
        if self.drop_reason is not None:
            return
        key = next(self._numbers) if slot is None else slot
        replaced = self._waiting.pop(key, None)
        if replaced is not None:
            self._count(replaced, -1)
        self._waiting[key] = frame
        self._count(frame, 1)
        self._wake.set()
        is_full = self._bytes > QUEUE_BYTES or self._result_bytes > RESULT_BYTES
        if is_full or len(self._waiting) > QUEUE_FRAMES:
            self.drop("The client does not read its messages fast enough.")

    def drop(self, reason: str, code: int = WSCloseCode.TRY_AGAIN_LATER) -> None:
        """Close the socket with a reason; what is queued is not sent any more."""
        if self.drop_reason is not None:
            return
        self.drop_reason, self._close_code = reason, code
        _LOG.info("Client %s was dropped: %s", ascii(self.sid), reason)
        self._waiting.clear()
        self._bytes = self._result_bytes = 0
        self._wake.set()
        # The writer may hang in a socket that is never read; cancelling it there would not help,
        # for all who wait for the same socket share its fate.
        asyncio.get_running_loop().call_later(_CLOSE_S, self._abort)

    async def finish(self) -> None:
        """End the writer; call it when the socket is closed."""
        self.drop_reason = self.drop_reason or "The client left."
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    def _count(self, frame: Frame, sign: Literal[-1, 1]) -> None:
        if frame.is_result:
            self._result_bytes += sign * len(frame.body)
        else:
            self._bytes += sign * len(frame.body)

    async def _write(self) -> None:
        try:
            while self.drop_reason is None:
                if not await self._woken():
                    await self._socket.send_frame(b"", WSMsgType.PING)
                await self._send_waiting()
            await self._socket.close(code=self._close_code, message=self.drop_reason.encode())
        except (ConnectionError, RuntimeError) as error:  # it closed in the meantime
            self.drop_reason = self.drop_reason or f"The connection broke ({error})."

    async def _woken(self) -> bool:
        """Wait for something to send; return False when it was quiet for long."""
        try:
            async with asyncio.timeout(PING_S):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _send_waiting(self) -> None:
        while self._waiting:
            frame = self._waiting.pop(next(iter(self._waiting)))
            self._count(frame, -1)
            kind = WSMsgType.TEXT if frame.is_text else WSMsgType.BINARY
            await self._socket.send_frame(frame.body, kind)
