"""Waiting jobs are moved, deleted and cancelled; the queue is paused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidValueError
from engine.jobs.model import JobState
from tests.jobs.recording import submit, until
from tests.jobs.service_bench import Bench, begun, names
from tests.workers.fake_pool import FakePool


async def test_waiting_jobs_can_be_deleted_cleared_and_moved(bench: Bench) -> None:
    await submit(bench.service, "Wait", prompt_id="running")
    await bench.pool.until_running("running")
    for job_id in "abcd":
        await submit(bench.service, "Run", prompt_id=job_id)
    await bench.service.delete_pending(["b", "running", "unknown"])
    assert await bench.service.move("d", 0.5)
    assert not await bench.service.move("running", 0.5)
    with pytest.raises(InvalidValueError, match="finite"):
        await bench.service.move("a", float("nan"))
    assert names(await bench.service.pending()) == ["d", "a", "c"]
    await bench.service.clear_pending()
    assert bench.service.queue_remaining() == 1
    bench.pool.release("running")
    await bench.finished("running")
    assert list(await bench.history()) == ["running"]


async def test_a_moved_job_runs_where_it_was_moved(bench: Bench) -> None:
    await bench.service.pause()
    for job_id in "abc":
        await submit(bench.service, "Run", prompt_id=job_id)
    await bench.service.move("c", -1)
    await bench.service.resume()
    await bench.finished("a", "b", "c")
    assert [run.job_id for run in bench.pool.ran] == ["c", "a", "b"]


async def test_a_paused_queue_begins_nothing_but_lets_run_what_runs(bench: Bench) -> None:
    await submit(bench.service, "Wait", prompt_id="a")
    await bench.pool.until_running("a")
    await bench.service.pause()
    assert bench.service.paused
    await submit(bench.service, "Run", prompt_id="b")
    bench.pool.release("a")
    await bench.finished("a")
    assert names(await bench.service.pending()) == ["b"]
    await bench.service.resume()
    await bench.finished("b")


async def test_a_pause_and_its_end_are_told_to_all(bench: Bench) -> None:
    await bench.service.pause()
    await until(lambda: len(bench.publish.data("status")) == 1, "the pause")
    assert bench.service.paused
    await bench.service.resume()
    await until(lambda: len(bench.publish.data("status")) == 2, "its end")
    assert bench.pool.ran == []
    assert not bench.service.paused


async def test_a_paused_queue_stays_paused_over_restarts_until_it_is_resumed(bench: Bench) -> None:
    await bench.service.pause()
    await bench.restart()
    assert bench.service.paused
    await submit(bench.service, "Run", prompt_id="a")
    await asyncio.sleep(0.05)
    assert bench.pool.ran == []
    await bench.service.resume()
    await bench.finished("a")
    await bench.restart()
    assert not bench.service.paused


async def test_interrupting_one_job_leaves_the_others(tmp_path: Path) -> None:
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool(["w1", "w2"]))
    for job_id in "ab":
        await submit(bench.service, "Wait", prompt_id=job_id)
        await bench.pool.until_running(job_id)
    await bench.service.interrupt("unknown")
    await bench.service.interrupt("a")
    await bench.finished("a")
    assert names(await bench.service.running()) == ["b"]
    await bench.service.interrupt(None)
    await bench.finished("b")
    found = [await bench.service.job(job_id) for job_id in "ab"]
    assert [job.state for job in found if job] == [JobState.CANCELLED] * 2
    await bench.service.stop()
    bench.store.close()


async def test_a_job_cancelled_before_its_worker_has_it_does_not_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, may_claim = bench.store.claim, asyncio.Event()

    async def late(*arguments: Any) -> Any:
        await may_claim.wait()
        return await claim(*arguments)

    monkeypatch.setattr(bench.store, "claim", late)
    await submit(bench.service, "Wait", prompt_id="a")
    await until(lambda: bool(bench.service._attempts), "the attempt")
    await bench.service.interrupt("a")
    may_claim.set()
    await bench.finished("a")
    assert bench.pool.ran == []


async def test_a_cancelled_waiting_job_is_history(bench: Bench) -> None:
    await bench.service.pause()
    await submit(bench.service, "Run", prompt_id="a", client_id="tab")
    assert await bench.service.cancel("a")
    assert not await bench.service.cancel("a")
    entry = (await bench.history())["a"]
    assert [kind for kind, _ in entry["status"]["messages"]] == ["execution_interrupted"]
    assert entry["status"]["status_str"] == "error"
    assert bench.publish.of("a") == [("execution_interrupted", "tab"), ("executing", "tab")]
