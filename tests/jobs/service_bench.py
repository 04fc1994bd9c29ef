"""A job service with its parts in reach, on a pool without processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.jobs.model import Job
from engine.jobs.service import JobService
from engine.jobs.store import JobStore
from tests.jobs.recording import Recording, history_of, until
from tests.workers.fake_pool import FakePool


@dataclass
class Bench:
    """A service with its parts in reach."""

    path: Path
    pool: FakePool
    publish: Recording
    store: JobStore
    service: JobService

    async def finished(self, *job_ids: str) -> None:
        """Wait until the end of each job was told."""

        def all_told() -> bool:
            ended = {d["prompt_id"] for d in self.publish.data("executing") if d["node"] is None}
            return ended.issuperset(job_ids)

        await until(all_told, f"the end of {job_ids}")

    async def history(self, *page: int) -> dict[str, Any]:
        """Return the history as clients have it; `page` is a limit and an offset."""
        return await history_of(self.service, *page)

    async def restart(self, pool: FakePool | None = None) -> None:
        """Stop in order and begin again on the same file."""
        await self.service.stop()
        self.store.close()
        self.store = JobStore(self.path)
        self.pool, self.publish = pool or FakePool(), Recording()
        await self.pool.start()
        self.service = JobService(self.store, self.pool, self.publish)
        await self.service.start()


async def begun(path: Path, pool: FakePool, **options: Any) -> Bench:
    store, publish = JobStore(path), Recording()
    service = JobService(store, pool, publish, **options)
    await pool.start()
    await service.start()
    return Bench(path, pool, publish, store, service)


def names(jobs: Sequence[Job]) -> list[str]:
    return [job.id for job in jobs]
