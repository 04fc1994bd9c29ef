"""Local pools for tests: real processes, with the tests' node pack and little patience."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.settings import Settings
from engine.workers.local import LocalPool
from engine.workers.patience import Patience

# Longer than a busy machine makes an obedient worker wait.
QUICK = Patience(tick_s=0.1, silence_s=20.0, cancel_s=10.0, restart_s=0.01, restarts=0)


@dataclass(frozen=True)
class LocalUnderTest:
    """A `PoolUnderTest` of one process."""

    pool: LocalPool
    worker: str = "cpu"

    @property
    def pid(self) -> int:
        pid = self.pool.workers()[0].pid
        assert pid is not None
        return pid

    def crash(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def settings_in(folder: Path) -> Settings:
    pack = folder / "custom_nodes" / "pack"
    shutil.copytree(
        Path(__file__).parent / "pack", pack, ignore=shutil.ignore_patterns("__pycache__")
    )
    return Settings(base=folder)


@asynccontextmanager
async def local_pool(folder: Path, patience: Patience = QUICK) -> AsyncIterator[LocalUnderTest]:
    """Run a pool of one worker; it may still be starting."""
    pool = LocalPool(settings_in(folder), devices=["cpu"], patience=patience)
    await pool.start()
    try:
        yield LocalUnderTest(pool)
    finally:
        await pool.stop()
