"""Finished jobs are listed within bounds, and no result is lost on its way there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.jobs import history, notes
from engine.jobs.database import DatabaseError
from tests.jobs.recording import submit, until
from tests.jobs.service_bench import Bench, begun
from tests.workers.fake_pool import FakePool


async def test_history_is_paged_and_deleted(bench: Bench) -> None:
    for job_id in "abcd":
        await submit(bench.service, "Run", prompt_id=job_id)
    await bench.finished(*"abcd")
    assert list(await bench.service.history(limit=2)) == ["c", "d"]
    assert list(await bench.service.history(limit=2, offset=1)) == ["b", "c"]
    await bench.service.delete_history(["b", "unknown"])
    assert list(await bench.service.history()) == ["a", "c", "d"]
    assert await bench.service.history_entry("b") == {}
    await bench.service.clear_history()
    assert await bench.service.history() == {}


async def test_jobs_come_into_history_in_the_order_they_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, ran = bench.store.record, bench.pool.ran

    async def slow_record(*args: Any) -> Any:
        await until(lambda: len(ran) == 2, "the next job began")
        await asyncio.sleep(0.05)  # it ends within that
        return await record(*args)

    monkeypatch.setattr(bench.store, "record", slow_record)
    await submit(bench.service, "Show", "Wait", prompt_id="shows")
    await bench.pool.until_running("shows")
    await submit(bench.service, "Run", prompt_id="quick")
    bench.pool.release("shows")
    await bench.finished("shows", "quick")
    assert list(await bench.service.history()) == ["shows", "quick"]


async def test_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "TRIM_EVERY", 4)
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool(), history_jobs=3)
    for number in range(8):
        await submit(bench.service, "Run", prompt_id=f"job{number}")
    await bench.finished(*(f"job{number}" for number in range(8)))
    await until(lambda: not bench.service._dispatcher._tasks, "the trimming")
    assert list(await bench.service.history()) == ["job5", "job6", "job7"]
    await bench.service.stop()
    bench.store.close()


async def test_events_can_be_followed_from_any_point(bench: Bench) -> None:
    await submit(bench.service, "Run", prompt_id="a")
    await bench.finished("a")
    events = await bench.service.events_since(0)
    assert [event.type for event in events] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    assert await bench.service.events_since(events[0].seq, limit=1) == [events[1]]
    assert await bench.service.events_since(events[-1].seq) == []


async def test_a_disk_that_is_full_for_a_while_delays_a_result_and_loses_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "RETRY_S", 0.01)
    full = True
    run = bench.store._database.run

    async def refuses(work: Any) -> Any:
        if full:
            raise DatabaseError(bench.path, "database or disk is full.")
        return await run(work)

    await submit(bench.service, "Show", "Wait", prompt_id="a")
    await bench.pool.until_running("a")
    monkeypatch.setattr(bench.store._database, "run", refuses)
    bench.pool.release("a")
    with pytest.raises(DatabaseError, match="full"):
        await submit(bench.service, "Run", prompt_id="b")
    await asyncio.sleep(0.05)
    full = False
    await bench.finished("a")
    entry = (await bench.service.history())["a"]
    assert entry["outputs"] == {"1": {"text": ["hello"]}}
    assert entry["status"]["completed"]


async def test_what_a_node_shows_is_on_disk_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "DELAY_S", 100)
    await submit(bench.service, "Show", "Wait", prompt_id="a")
    await bench.pool.until_running("a")
    async with asyncio.timeout(2):
        while not await bench.store.outputs("a"):
            await asyncio.sleep(0.001)
    kinds = [message.type for message in await bench.store.messages("a")]
    assert kinds == ["execution_start", "execution_cached"]
