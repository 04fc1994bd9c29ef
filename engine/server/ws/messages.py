"""Builds what goes over a WebSocket: JSON text and the binary frames of contract §3.2."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

PREVIEW = 1
PREVIEW_WITH_METADATA = 4
_FORMATS = {"image/jpeg": 1, "image/png": 2}


@dataclass(frozen=True, slots=True)
class Frame:
    """One WebSocket message; it is encoded once, however many sockets get it.

    Attributes:
        is_result: A picture the client waits for: a slow one is given more time to read it.
    """

    body: bytes
    is_text: bool
    is_result: bool = False


def message(kind: str, data: Any) -> Frame:
    """Return a JSON message {"type", "data"}."""
    return Frame(msgspec.json.encode({"type": kind, "data": data}), is_text=True)


def preview(image_type: str, image: bytes, *, is_result: bool = False) -> Frame:
    """Return frame 1: u32 1, u32 format (1 JPEG, 2 PNG), the picture; big-endian.

    Raises: KeyError, for another image type.
    """
    head = struct.pack(">II", PREVIEW, _FORMATS[image_type])
    return Frame(head + image, is_text=False, is_result=is_result)


def preview_with_metadata(
    image_type: str, image: bytes, meta: Mapping[str, Any], *, is_result: bool = False
) -> Frame:
    """Return frame 4: u32 4, u32 length, JSON of that length, the picture; big-endian."""
    text = msgspec.json.encode({**meta, "image_type": image_type})
    head = struct.pack(">II", PREVIEW_WITH_METADATA, len(text))
    return Frame(head + text + image, is_text=False, is_result=is_result)


def status(queue_remaining: int, sid: str | None = None) -> Frame:
    """Return the queue's length, and to a socket that connects its id."""
    data: dict[str, Any] = {"status": {"exec_info": {"queue_remaining": queue_remaining}}}
    return message("status", data if sid is None else {**data, "sid": sid})
