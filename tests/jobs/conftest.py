"""A job service for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.jobs.service_bench import Bench, begun
from tests.workers.fake_pool import FakePool


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool())
    yield bench
    await bench.service.stop()
    await bench.pool.stop()
    bench.store.close()
