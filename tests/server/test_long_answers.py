"""Long lists of jobs are read piece by piece: however long, they take the memory of a piece."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from aiohttp import ClientPayloadError

from engine.jobs.database import DatabaseError
from engine.jobs.model import Job, JobState, NodeOutput
from tests.server.server_host import Host, show

_Pages: TypeAlias = AsyncGenerator[dict[str, msgspec.Raw], None]
PAGE = {"a": msgspec.Raw(b'"' + b"x" * 100_000 + b'"')}


def replace_history(
    host: Host, monkeypatch: pytest.MonkeyPatch, pages: Callable[[], _Pages]
) -> None:
    monkeypatch.setattr(host.services.jobs, "history", lambda *_: pages())


async def finish_many(host: Host, count: int, text: str) -> list[str]:
    """Write down jobs that showed a text, as if they had run; return their ids."""
    store, ids = host.services.jobs._store, [f"job{n}" for n in range(count)]
    shown = NodeOutput("1", {"text": [text]}, {"node_id": "1"})
    jobs = [Job(id=job_id, number=0, prompt=show(text), outputs=("1",)) for job_id in ids]
    await asyncio.gather(*(store.submit(job) for job in jobs))
    await asyncio.gather(*(store.finish(i, JobState.SUCCESS, kept=[shown]) for i in ids))
    return ids


async def test_all_of_history_is_what_each_entry_is_in_the_order_of_the_ends(host: Host) -> None:
    ids = await finish_many(host, 3, "红苹果")
    answer = await host.client.get("/history")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "Content-Length" not in answer.headers
    entries: dict[str, Any] = await answer.json()
    assert list(entries) == ids
    for prompt_id in ids:
        assert await host.json(f"/history/{prompt_id}") == {prompt_id: entries[prompt_id]}


async def test_an_empty_history_is_an_empty_object(host: Host) -> None:
    assert await (await host.client.get("/history")).text() == "{}"


async def test_many_large_entries_take_no_more_memory_than_a_few(host: Host) -> None:
    await finish_many(host, 64, "x" * 100_000)

    async def peak_of(query: str) -> tuple[int, int]:
        tracemalloc.reset_peak()
        before, size = tracemalloc.get_traced_memory()[0], 0
        async with host.client.get(f"/history{query}") as answer:
            async for chunk in answer.content.iter_chunked(1 << 16):
                size += len(chunk)
        return size, tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        some_size, some_peak = await peak_of("?max_items=16")
        size, peak = await peak_of("")
    finally:
        tracemalloc.stop()
    assert size > 12_800_000
    assert 3.9 < size / some_size < 4.1
    assert peak < 1.5 * some_peak
    assert peak < size / 3


async def test_the_gallery_holds_one_job_at_a_time(host: Host) -> None:
    await finish_many(host, 64, "x" * 100_000)
    tracemalloc.start()
    try:
        page = await host.json("/api/tessera/gallery?search=xxx")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(page["entries"]), page["next"]) == (64, None)
    assert peak < 64 * 100_000 / 3


async def test_a_client_that_leaves_ends_the_reading(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    async def endless() -> _Pages:
        try:
            while True:
                yield PAGE
        finally:
            ended.set()

    replace_history(host, monkeypatch, endless)
    answer = await host.client.get("/history")
    assert (await answer.content.read(1)) == b"{"
    assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 0}}
    assert not ended.is_set()
    answer.close()
    async with asyncio.timeout(10):
        await ended.wait()


async def test_half_a_history_is_never_taken_for_a_whole_one(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks() -> _Pages:
        yield PAGE
        raise DatabaseError(Path("jobs.sqlite3"), "disk I/O error.")

    replace_history(host, monkeypatch, breaks)
    answer = await host.client.get("/history")
    with pytest.raises(ClientPayloadError):
        await answer.read()
    assert "/history was cut off" in caplog.text
    assert "disk I/O error" in caplog.text


async def test_a_history_that_cannot_be_read_at_all_is_answered_as_ever(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> Any:
        raise DatabaseError(Path("jobs.sqlite3"), "it is closed.")

    monkeypatch.setattr(host.services.jobs._store, "finished", fails)
    answer = await host.client.get("/history")
    assert answer.status == 503
    assert (await answer.json())["error"]["type"] == "database_error"


async def test_asking_for_the_head_of_history_sends_none_of_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks() -> _Pages:
        yield PAGE
        raise AssertionError("more was read than the head needs")

    replace_history(host, monkeypatch, breaks)
    answer = await host.client.head("/history")
    assert (answer.status, await answer.read()) == (200, b"")
