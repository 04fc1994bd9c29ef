"""Writes down what a running job shows and says, in order, while the job goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.jobs.database import DatabaseError
from engine.jobs.model import KeptMessage, NodeOutput
from engine.jobs.store import JobStore

T = TypeVar("T")

DELAY_S = 0.02
RETRY_S = 1.0
CLOSE_S = 2.0

_LOG = logging.getLogger(__name__)


async def until_written(write: Callable[[], Awaitable[T]]) -> T:
    """Try until the database takes it: a full disk delays a result, it does not lose it."""
    while True:
        try:
            return await write()
        except DatabaseError as error:
            _LOG.error("%s Trying again in %g s.", error, RETRY_S)
            await asyncio.sleep(RETRY_S)


class JobNotes:
    """What one job's nodes show and what is said about it, on its way to the disk.

    What a node shows is written at once, since its files are in the folder already: a crash in
    between has the node write them again. What is said waits `DELAY_S` for what follows.
    """

    def __init__(self, store: JobStore, job_id: str) -> None:
        self._store, self._job_id = store, job_id
        self._waiting: list[NodeOutput | KeptMessage] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self._ended = False

    def add(self, item: NodeOutput | KeptMessage) -> None:
        """Take something to be written soon."""
        self._waiting.append(item)
        if self._writer is not None:
            return
        if isinstance(item, NodeOutput):
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self._begin)

    async def rest(self) -> list[NodeOutput | KeptMessage]:
        """Return what is not on disk yet; nothing is written any more."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._writer is not None:
            await asyncio.shield(self._writer)
        rest, self._waiting = self._waiting, []
        return rest

    async def flush(self) -> None:
        """Wait until everything is on disk."""
        if rest := await self.rest():
            await until_written(lambda: self._store.record(self._job_id, rest))

    async def close(self) -> None:
        """Write what can be written within `CLOSE_S`, then nothing more."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.flush()
        except TimeoutError:
            if self._writer is not None:
                self._writer.cancel()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting and not self._ended:
            batch, self._waiting = self._waiting, []
            await until_written(lambda batch=batch: self._store.record(self._job_id, batch))  # type: ignore[misc]
        self._writer = None
