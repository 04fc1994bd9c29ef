"""Cuts a stream of bytes into messages, and makes the bytes of one: no sockets in here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from engine.workers.wire import FRAME_LIMIT, VERSION, FromWorker, ToWorker, WireError

_HEAD = 4

M = TypeVar("M")


def encode_frame(message: ToWorker | FromWorker) -> bytes:
    """Return the frame of a message. Raises: WireError, when it is larger than `FRAME_LIMIT`."""
    body = msgspec.msgpack.encode(message)
    if len(body) > FRAME_LIMIT:
        kind = type(message).__name__
        raise WireError(f"a {kind} of {len(body):,} bytes is above the limit of {FRAME_LIMIT:,}")
    return len(body).to_bytes(_HEAD, "big") + body


class FrameDecoder(Generic[M]):
    """Turns what arrives into messages; keeps at most one unfinished frame.

    After a `WireError` the stream cannot be read any further.

    Args:
        kinds: The union of messages that may come; everything else is an error.
        limit: Bytes of one frame.
    """

    def __init__(self, kinds: Any, limit: int = FRAME_LIMIT) -> None:
        self._decoder: msgspec.msgpack.Decoder[M] = msgspec.msgpack.Decoder(kinds)
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[M]:
        """Return the messages that `data` completes, in order. Raises: WireError."""
        self._buffer += data
        messages = []
        begin = 0
        for begin, end in self._frames():
            messages.append(self._decode(self._buffer[begin:end]))
            begin = end
        del self._buffer[:begin]
        return messages

    def _frames(self) -> Iterator[tuple[int, int]]:
        begin = 0
        while len(self._buffer) - begin >= _HEAD:
            length = int.from_bytes(self._buffer[begin : begin + _HEAD], "big")
            if length > self._limit:
                raise WireError(f"a frame announces {length:,} bytes; at most {self._limit:,} may")
            end = begin + _HEAD + length
            if len(self._buffer) < end:
                return
            yield begin + _HEAD, end
            begin = end

    def _decode(self, body: bytearray) -> M:
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise WireError(f"a frame holds no known message ({error})") from error


def worker_decoder() -> FrameDecoder[ToWorker]:
    """Return a decoder for what a worker receives."""
    return FrameDecoder(ToWorker)


def server_decoder() -> FrameDecoder[FromWorker]:
    """Return a decoder for what the server receives."""
    return FrameDecoder(FromWorker)


def check_version(version: int) -> None:
    """Raises: WireError, when the other process speaks another version."""
    if version != VERSION:
        raise WireError(
            f"the other process speaks version {version} of the protocol, this one {VERSION}; "
            "start the server anew"
        )
