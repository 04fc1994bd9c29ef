"""What the workers know of node types, kept here so that asking again costs nothing.

The menus of file names are part of it, so an answer is used only as long as the workers and the
listings of all model folders stay the same. What packs read by themselves cannot be watched:
no answer is used for longer than `MAX_AGE_S`. While the workers start, what the last run knew is
answered, if it holds (`last_run`).
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from engine.models.folders import ModelFolders
from engine.server.last_run import LastRun, Remembered, names_in
from engine.server.packs import told_web_folders
from engine.workers.pool import WorkerDiedError, WorkerPool

MAX_AGE_S = 10.0
_Stamp: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """All node types as JSON.

    Attributes:
        body: {type: description}.
        packed: The same, compressed.
        types: One type's description each.
        replacements: What became of older types, as JSON.
    """

    body: bytes
    packed: bytes
    etag: str
    types: dict[str, msgspec.Raw]
    replacements: bytes


class ObjectInfoCache:
    """Asks the workers once for as long as the answer holds.

    Args:
        changed: Called when the workers say something else than what the last run knew.
    """

    def __init__(
        self,
        pool: WorkerPool,
        folders: ModelFolders,
        last_run: LastRun,
        changed: Callable[[], None],
    ) -> None:
        self._pool, self._folders, self._last_run = pool, folders, last_run
        self._changed = changed
        self._known: ObjectInfo | None = None
        self._confirming: asyncio.Task[None] | None = None
        self._stamp: _Stamp = ()
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> ObjectInfo:
        """Return what is known of all node types. Raises: WorkerDiedError."""
        async with self._lock:
            if (remembered := await self._last_run.recall()) is not None:
                return await self._recalled(remembered)
            await self._pool.ready()
            stamp = await asyncio.to_thread(self._make_stamp)
            fresh = stamp == self._stamp and time.monotonic() < self._until
            known = self._known
            if known is None or not fresh:
                body = await self._pool.query("object_info")
                replacements = await self._pool.query("replacements")
                if known is None or (known.body, known.replacements) != (body, replacements):
                    known = self._known = await asyncio.to_thread(_pack, body, replacements)
                web = await told_web_folders(self._pool)
                await self._last_run.remember(body, replacements, stamp[0], web)
                self._stamp, self._until = stamp, time.monotonic() + MAX_AGE_S
            return known

    def _make_stamp(self) -> _Stamp:
        workers = [(worker.name, worker.restarts) for worker in self._pool.workers()]
        return (names_in(self._folders), *workers)

    def close(self) -> None:
        """Ask nobody any more."""
        if self._confirming is not None:
            self._confirming.cancel()

    async def _recalled(self, left: Remembered) -> ObjectInfo:
        if self._known is None:
            self._known = await asyncio.to_thread(_pack, left.object_info, left.replacements)
            self._confirming = asyncio.create_task(self._confirm(self._known))
        return self._known

    async def _confirm(self, told: ObjectInfo) -> None:
        """Compare what was answered with what the workers say, once they do."""
        try:
            await self._pool.ready()
            info = await self.get()
        except WorkerDiedError:  # who asks next is told
            return
        if info is not told:
            self._changed()


def _pack(body: bytes, replacements: bytes) -> ObjectInfo:
    return ObjectInfo(
        body=body,
        packed=gzip.compress(body, 6, mtime=0),
        etag=hashlib.sha256(body).hexdigest()[:32],
        types=msgspec.json.decode(body, type=dict[str, msgspec.Raw]),
        replacements=replacements,
    )
