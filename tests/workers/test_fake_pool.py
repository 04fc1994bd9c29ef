"""The pool without processes does what every pool does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from tests.workers.fake_pool import FakePool
from tests.workers.pool_contract import PoolContract


@dataclass(frozen=True)
class FakeUnderTest:
    pool: FakePool
    worker: str = "cpu"

    def crash(self) -> None:
        self.pool.kill(self.worker)


@pytest_asyncio.fixture
async def under_test() -> AsyncIterator[FakeUnderTest]:
    pool = FakePool()
    await pool.start()
    yield FakeUnderTest(pool)
    await pool.stop()


@pytest_asyncio.fixture
async def fresh(under_test: FakeUnderTest) -> FakeUnderTest:
    return under_test


class TestFakePool(PoolContract):
    pass
