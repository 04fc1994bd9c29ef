"""The system's clock is set while jobs wait and run: order, history and durations stay true."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.jobs.model import Job
from engine.jobs.service import JobService
from engine.jobs.store import JobStore
from tests.jobs.clocks import YEAR_S, SetClock
from tests.jobs.recording import PATIENCE_S, Recording, history_of, submit, until
from tests.workers.fake_pool import FakePool

JUMPS_S = (-YEAR_S, -3600, 3600, YEAR_S)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    clock = SetClock()
    clock.install(monkeypatch)
    return clock


class Bench:
    """A service that can be started again on the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def start(self) -> None:
        self.store, self.pool = JobStore(self.path), FakePool()
        self.service = JobService(self.store, self.pool, Recording())
        await self.pool.start()
        await self.service.start()

    async def stop(self) -> None:
        await self.service.stop()
        await self.pool.stop()
        self.store.close()

    async def finished(self, count: int) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while len(found := await history_of(self.service)) < count:
                await asyncio.sleep(0.001)
        return found


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "jobs.sqlite3")
    await bench.start()
    yield bench
    await bench.stop()


def times(job: Job | None) -> list[int]:
    assert job is not None
    found = [job.submitted_ms, job.started_ms, job.finished_ms]
    assert None not in found
    return [time_ms for time_ms in found if time_ms is not None]


def stamps(entry: Any) -> list[int]:
    return [data["timestamp"] for _, data in entry["status"]["messages"] if "timestamp" in data]


async def test_jobs_run_and_are_listed_in_the_order_they_came(
    bench: Bench, clock: SetClock
) -> None:
    await submit(bench.service, "Wait", prompt_id="first")
    await bench.pool.until_running("first")
    for number, jump_s in enumerate(JUMPS_S):
        clock.offset_s = jump_s
        await submit(bench.service, "Run", prompt_id=f"job{number}")
    expected = ["first", *(f"job{number}" for number in range(len(JUMPS_S)))]
    bench.pool.release("first")
    history = await bench.finished(len(expected))
    assert [run.job_id for run in bench.pool.ran] == expected
    assert list(history) == expected


@pytest.mark.parametrize("jump_s", JUMPS_S)
async def test_no_job_ends_before_it_began(bench: Bench, clock: SetClock, jump_s: float) -> None:
    await bench.service.pause()
    await submit(bench.service, "Wait", prompt_id="a")
    clock.offset_s = jump_s
    await bench.service.resume()
    await bench.pool.until_running("a")
    clock.offset_s = 2 * jump_s
    bench.pool.release("a")
    entry = (await bench.finished(1))["a"]
    assert stamps(entry) == sorted(stamps(entry))
    found = times(await bench.service.job("a"))
    assert found == sorted(found)


@pytest.mark.parametrize("jump_s", JUMPS_S)
async def test_a_job_whose_workers_die_meanwhile_ends_after_it_began(
    bench: Bench, clock: SetClock, jump_s: float
) -> None:
    await submit(bench.service, "Show", "Wait", prompt_id="a")
    for death in (1, 2):
        await until(lambda death=death: len(bench.pool.ran) == death, "it is begun (again)")  # type: ignore[misc]
        await bench.pool.until_running("a")
        clock.offset_s = death * jump_s
        bench.pool.kill("cpu")
    entry = (await bench.finished(1))["a"]
    assert entry["status"]["messages"][-1][0] == "execution_error"
    assert stamps(entry) == sorted(stamps(entry))
    found = times(await bench.service.job("a"))
    assert found == sorted(found)


@pytest.mark.parametrize("jump_s", JUMPS_S)
async def test_a_queue_is_taken_up_in_its_order_by_a_server_with_another_clock(
    bench: Bench, clock: SetClock, jump_s: float
) -> None:
    await submit(bench.service, "Wait", prompt_id="runs")
    await bench.pool.until_running("runs")
    for job_id in "abc":
        await submit(bench.service, "Run", prompt_id=job_id)
    await bench.stop()
    clock.offset_s = jump_s
    await bench.start()
    await submit(bench.service, "Run", prompt_id="d")
    await bench.pool.until_running("runs")
    bench.pool.release("runs")
    assert list(await bench.finished(5)) == ["runs", *"abcd"]


def test_two_damaged_databases_of_one_second_are_both_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", itertools.repeat(1_000_000.0).__next__)
    path = tmp_path / "jobs.sqlite3"
    kept = []
    for content in (b"one damaged file" * 1000, b"another damaged file" * 1000):
        path.write_bytes(content)
        store = JobStore(path)
        store.close()
        assert store.set_aside is not None
        kept.append(store.set_aside)
    assert [place.read_bytes()[:7] for place in kept] == [b"one dam", b"another"]
