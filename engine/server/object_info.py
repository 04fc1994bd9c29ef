"""What the workers know of node types, kept here so that asking again costs nothing.

The menus of file names are part of it, so an answer is used only as long as the workers and the
listings of all model folders stay the same. What packs read by themselves cannot be watched:
no answer is used for longer than `MAX_AGE_S`.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from engine.models.folders import ModelFolders
from engine.workers.pool import WorkerPool

MAX_AGE_S = 10.0
_Stamp: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """All node types as JSON.

    Attributes:
        body: {type: description}.
        packed: The same, compressed.
        types: One type's description each.
    """

    body: bytes
    packed: bytes
    etag: str
    types: dict[str, msgspec.Raw]


class ObjectInfoCache:
    """Asks the workers once for as long as the answer holds."""

    def __init__(self, pool: WorkerPool, folders: ModelFolders) -> None:
        self._pool, self._folders = pool, folders
        self._known: ObjectInfo | None = None
        self._stamp: _Stamp = ()
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> ObjectInfo:
        """Return what is known of all node types. Raises: WorkerDiedError."""
        async with self._lock:
            await self._pool.ready()
            stamp = await asyncio.to_thread(self._make_stamp)
            fresh = stamp == self._stamp and time.monotonic() < self._until
            if self._known is None or not fresh:
                body = await self._pool.query("object_info")
                if self._known is None or body != self._known.body:
                    self._known = await asyncio.to_thread(_pack, body)
                self._stamp, self._until = stamp, time.monotonic() + MAX_AGE_S
            return self._known

    def _make_stamp(self) -> _Stamp:
        workers = [(worker.name, worker.restarts) for worker in self._pool.workers()]
        keys = [*self._folders.keys(), "input", "output", "temp"]
        return (*workers, *((key, tuple(self._folders.names(key))) for key in keys))


def _pack(body: bytes) -> ObjectInfo:
    return ObjectInfo(
        body=body,
        packed=gzip.compress(body, 6, mtime=0),
        etag=hashlib.sha256(body).hexdigest()[:32],
        types=msgspec.json.decode(body, type=dict[str, msgspec.Raw]),
    )
