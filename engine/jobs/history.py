"""Finished jobs, as clients see them, within bounds."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator

import msgspec

from engine.jobs.database import DatabaseError
from engine.jobs.store import JobStore

KEEP_JOBS = 10_000
KEEP_BYTES = 1 << 30
TRIM_EVERY = 64

_LOG = logging.getLogger(__name__)


class History:
    """Reads finished jobs and forgets the oldest.

    Args:
        keep_jobs: So many are kept, and up to `TRIM_EVERY` more for a while.
        keep_bytes: So much they may take; the newest is kept whatever it takes.
    """

    def __init__(self, store: JobStore, keep_jobs: int, keep_bytes: int) -> None:
        self._store, self._keep_jobs, self._keep_bytes = store, keep_jobs, keep_bytes
        self._finished = 0

    async def pages(
        self, limit: int | None, offset: int | None
    ) -> AsyncGenerator[dict[str, msgspec.Raw], None]:
        """Give entries by id, oldest first, as the store pages them; see `JobStore.finished`."""
        ids = iter(await self._store.finished(limit, offset))
        while page := await self._store.entries(ids):
            yield page

    async def count_finished(self) -> None:
        """Note that a job was finished; now and then forget the oldest."""
        self._finished += 1
        if self._finished % TRIM_EVERY == 0:
            try:
                await self.trim()
            except DatabaseError as error:  # the next time will do
                _LOG.warning("History was not trimmed: %s", error)

    async def trim(self) -> None:
        """Forget the oldest jobs beyond the bounds."""
        await self._store.trim_history(self._keep_jobs, self._keep_bytes)
