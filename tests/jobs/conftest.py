"""A job service, and a store, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.jobs.store import JobStore
from tests.jobs.service_bench import Bench, begun
from tests.workers.fake_pool import FakePool


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool())
    yield bench
    await bench.service.stop()
    await bench.pool.stop()
    bench.store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[JobStore]:
    store = JobStore(path)
    yield store
    store.close()
