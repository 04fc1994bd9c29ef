"""Finished jobs are listed within bounds, and no result is lost on its way there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.jobs import history, notes, store
from engine.jobs.database import DatabaseError
from tests.jobs.recording import PATIENCE_S, submit, until
from tests.jobs.service_bench import Bench, begun
from tests.workers.fake_pool import FakePool


async def test_history_is_paged_and_deleted(bench: Bench) -> None:
    for job_id in "abcd":
        await submit(bench.service, "Run", prompt_id=job_id)
    await bench.finished(*"abcd")
    assert list(await bench.history(2)) == ["c", "d"]
    assert list(await bench.history(2, 1)) == ["b", "c"]
    await bench.service.delete_history(["b", "unknown"])
    assert list(await bench.history()) == ["a", "c", "d"]
    assert await bench.service.history_entry("b") == {}
    await bench.service.clear_history()
    assert await bench.history() == {}


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
    assert list(await bench.history()) == ["shows", "quick"]


async def test_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "TRIM_EVERY", 4)
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool(), history_jobs=3)
    for number in range(8):
        await submit(bench.service, "Run", prompt_id=f"job{number}")
    await bench.finished(*(f"job{number}" for number in range(8)))
    await until(lambda: not bench.service._dispatcher._tasks, "the trimming")
    assert list(await bench.history()) == ["job5", "job6", "job7"]
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
    entry = (await bench.history())["a"]
    assert entry["outputs"] == {"1": {"text": ["hello"]}}
    assert entry["status"]["completed"]


async def test_what_a_node_shows_is_on_disk_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "DELAY_S", 100)
    await submit(bench.service, "Show", "Wait", prompt_id="a")
    await bench.pool.until_running("a")
    async with asyncio.timeout(PATIENCE_S):
        while not await bench.store.outputs("a"):
            await asyncio.sleep(0.001)
    kinds = [message.type for message in await bench.store.messages("a")]
    assert kinds == ["execution_start", "execution_cached"]


async def test_the_pages_of_history_hold_what_was_written_in_the_order_of_the_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PAGE_BYTES", 1)
    extra = {"extra_pnginfo": {"workflow": {"title": "红苹果 \u2028", "zoom": 1.5}}}
    for job_id in ("b", "a"):
        await submit(bench.service, "Show", "Fail", prompt_id=job_id, extra_data=extra)
    await bench.finished("a", "b")
    pages = [msgspec.json.decode(msgspec.json.encode(p)) async for p in bench.service.history()]
    assert [list(page) for page in pages] == [["b"], ["a"]]
    for (entry,) in map(dict.values, pages):
        job_id = entry["prompt"][1]
        job = await bench.service.job(job_id)
        outputs, messages = await bench.store.outputs(job_id), await bench.store.messages(job_id)
        assert job is not None
        assert outputs
        assert messages[-1].type == "execution_error"
        assert entry == {
            "prompt": [job.number, job_id, job.prompt, job.extra_data, list(job.outputs)],
            "outputs": {output.node_id: output.ui for output in outputs},
            "status": {
                "status_str": "error",
                "completed": False,
                "messages": [[message.type, message.data] for message in messages],
            },
            "meta": {output.node_id: output.meta for output in outputs},
        }


async def test_history_that_is_deleted_while_it_is_read_is_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PAGE_BYTES", 1)
    for job_id in "abcd":
        await submit(bench.service, "Run", prompt_id=job_id)
    await bench.finished(*"abcd")
    read: list[str] = []
    async for page in bench.service.history():
        read += page
        await bench.service.delete_history(["b", "c"])
    assert read == ["a", "d"]
