"""The file of the job database: damaged, of another version, in use, left by a killed process."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.jobs import database
from engine.jobs.database import DatabaseError
from engine.jobs.store import JobStore
from tests.jobs.job_samples import make_job


async def test_a_damaged_database_is_kept_aside_and_begun_anew(path: Path) -> None:
    damaged = b"this is no database, but it may be somebody's only copy" * 100
    path.write_bytes(damaged)
    store = JobStore(path)
    assert store.set_aside is not None
    assert store.set_aside.read_bytes() == damaged
    await store.submit(make_job("a"))
    store.close()


async def _large_and_damaged(path: Path, *, crash: bool) -> None:
    """Write a database with a damaged page in the middle."""
    store = JobStore(path)
    for number in range(40):
        prompt = {"1": {"inputs": {"text": "x" * 20_000}}}
        await store.submit(replace(make_job(f"{number:02}"), prompt=prompt))
    store.close()
    raw = bytearray(path.read_bytes())
    raw[4096 * 2 : 4096 * 30] = b"\xff" * 4096 * 28
    path.write_bytes(raw)
    if crash:
        path.with_name(f"{path.name}-wal").touch()


@pytest.mark.parametrize(
    ("limit", "crash", "found"), [(1 << 30, False, True), (0, False, False), (0, True, True)]
)
async def test_small_files_are_checked_always_and_large_ones_after_a_crash(
    path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, crash: bool, found: bool
) -> None:
    await _large_and_damaged(path, crash=crash)
    monkeypatch.setattr(database, "CHECK_BYTES", limit)
    store = JobStore(path)
    assert (store.set_aside is not None) == found
    store.close()


async def test_damage_that_is_found_in_use_is_looked_at_by_the_next_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _large_and_damaged(path, crash=False)
    monkeypatch.setattr(database, "CHECK_BYTES", 0)
    store = JobStore(path)
    with pytest.raises(DatabaseError, match="Start again"):
        await store.unfinished()
    store.close()
    store = JobStore(path)
    assert store.set_aside is not None
    assert await store.unfinished() == []
    store.close()


def test_a_second_server_on_the_same_file_is_told_so(path: Path, store: JobStore) -> None:
    with pytest.raises(DatabaseError, match="locked"):
        JobStore(path)


def test_a_newer_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    with pytest.raises(DatabaseError, match="newer version"):
        JobStore(path)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.jobs.model import Job
from engine.jobs.store import JobStore

async def main():
    store = JobStore(Path(sys.argv[1]))
    for number in range(10_000):
        await store.submit(Job(id=str(number), number=number, prompt={}, outputs=()))
        print(number, flush=True)
        if number == 25:
            os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_every_answered_submission_survives_a_kill(path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    answered = set(run.stdout.split())
    store = JobStore(path)
    kept = {job.id for job in await store.unfinished()}
    store.close()
    assert len(answered) == 26
    assert answered <= kept
