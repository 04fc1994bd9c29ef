"""Real worker processes do what every pool does, and survive what packs do to them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from engine.workers.local import LocalPool
from engine.workers.log_lines import LINES_PER_S
from engine.workers.pool import (
    JobEvent,
    WorkerDiedError,
    WorkerRefusedError,
    WorkerState,
)
from engine.workers.reporter import PREVIEW_S, PROGRESS_S
from engine.workers.wire import JobMessage, JobOutput, JobPreview
from tests.workers.local_pools import QUICK, LocalUnderTest, local_pool, settings_in
from tests.workers.pool_contract import (
    PoolContract,
    messages,
    prompt_of,
    run,
    start_waiting,
    state_of,
    until,
)

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def under_test(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalUnderTest]:
    # One for all tests: a process takes two seconds to load torch.
    async with local_pool(tmp_path_factory.mktemp("pool")) as pool:
        yield pool


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def impatient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalUnderTest]:
    patience = replace(QUICK, silence_s=5.0, cancel_s=1.0)
    async with local_pool(tmp_path_factory.mktemp("impatient"), patience) as pool:
        yield pool


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path: Path) -> AsyncIterator[LocalUnderTest]:
    async with local_pool(tmp_path) as pool:
        yield pool


class TestLocalPool(PoolContract):
    pass


async def test_a_worker_that_hangs_is_ended_with_the_reason(impatient: LocalUnderTest) -> None:
    task = await start_waiting(impatient, "hangs")
    os.kill(impatient.pid, signal.SIGSTOP)
    with pytest.raises(WorkerDiedError, match="no sign of life for 5 s"):
        await task
    await impatient.pool.ready()


async def test_a_job_deaf_to_its_cancel_costs_the_worker(impatient: LocalUnderTest) -> None:
    await impatient.pool.ready()
    (before,) = impatient.pool.workers()
    events: list[JobEvent] = []
    task = asyncio.create_task(run(impatient, "deaf", prompt_of("Deaf", text=""), events.append))
    await until(lambda: bool(messages(events, "executing")))
    impatient.pool.cancel("deaf")
    assert (await task).state == "cancelled"
    assert messages(events, "execution_interrupted")
    await impatient.pool.ready()
    assert impatient.pool.workers()[0].restarts == before.restarts + 1


async def test_a_node_that_exits_fails_its_job_only(under_test: LocalUnderTest) -> None:
    await under_test.pool.ready()
    pid = under_test.pid
    events: list[JobEvent] = []
    ended = await run(under_test, "exit", prompt_of("Exit", text="bye"), events.append)
    assert ended.state == "error"
    assert ended.error is not None
    assert "exit" in ended.error
    (error,) = messages(events, "execution_error")
    assert error["node_id"] == "1"
    assert under_test.pid == pid


async def test_tasks_a_job_leaves_behind_do_not_meet_the_next(under_test: LocalUnderTest) -> None:
    seen = []
    for job_id in ("litter 1", "litter 2"):
        events: list[JobEvent] = []
        ended = await run(under_test, job_id, prompt_of("Litter", text=""), events.append)
        assert ended.state == "success"
        seen.append(messages(events, "executed")[0]["output"])
    assert seen[0] == seen[1]


async def test_a_process_that_ends_says_what_it_printed_last(under_test: LocalUnderTest) -> None:
    with pytest.raises(WorkerDiedError, match="status 3; it printed last: out of paint"):
        await run(under_test, "die", prompt_of("Die", text="out of paint"))
    await under_test.pool.ready()


async def test_megabytes_of_output_become_a_bounded_log(
    under_test: LocalUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    begun = time.monotonic()
    with caplog.at_level("INFO"):
        ended = await run(under_test, "chatter", prompt_of("Chatter", text="blah " * 50))
    took_s = time.monotonic() - begun
    assert ended.state == "success"
    logged = sum("blah" in record.message for record in caplog.records)
    assert 0 < logged <= LINES_PER_S * (2 + took_s), "of 20,000 lines"


async def test_what_json_cannot_hold_is_an_error_of_its_node(under_test: LocalUnderTest) -> None:
    events: list[JobEvent] = []
    ended = await run(under_test, "odd", prompt_of("Unshowable", text=""), events.append)
    assert ended.state == "error"
    (error,) = messages(events, "execution_error")
    assert (error["node_id"], error["node_type"]) == ("1", "Unshowable")
    assert not [event for event in events if isinstance(event, JobOutput)]


async def test_progress_is_told_with_its_node(under_test: LocalUnderTest) -> None:
    events: list[JobEvent] = []
    task = await start_waiting(under_test, "progress", events)
    await until(lambda: bool(messages(events, "progress")))
    under_test.pool.cancel("progress")
    await task
    progress = messages(events, "progress")[0]
    assert progress.keys() == {"value", "max", "prompt_id", "node"}
    assert (progress["max"], progress["node"]) == (10_000, "1")
    nodes = messages(events, "progress_state")[0]["nodes"]
    assert nodes["1"].keys() == {
        "value",
        "max",
        "state",
        "node_id",
        "prompt_id",
        "display_node_id",
        "parent_node_id",
        "real_node_id",
    }


@pytest.mark.parametrize(("method", "shown"), [("auto", True), ("none", False)])
async def test_a_thousand_pictures_become_the_few_somebody_can_see(
    under_test: LocalUnderTest, method: str, shown: bool
) -> None:
    await under_test.pool.ready()
    events: list[JobEvent] = []
    begun = time.monotonic()
    ended = await under_test.pool.run(
        "cpu",
        f"paint {method}",
        prompt_of("Paint"),
        ["1"],
        {"preview_method": method},
        events.append,
    )
    took_s = time.monotonic() - begun
    previews = [event for event in events if isinstance(event, JobPreview)]
    assert ended.state == "success"
    assert bool(previews) is shown
    assert len(previews) <= 1 + took_s / PREVIEW_S
    progress = messages(events, "progress")
    assert len(progress) <= 2 + took_s / PROGRESS_S
    assert progress[-1]["value"] == 1_000
    assert messages(events, "executed")


async def test_a_job_that_is_valid_no_more_says_so(under_test: LocalUnderTest) -> None:
    ended = await run(under_test, "stale", prompt_of("WasRemoved"))
    assert ended.state == "error"
    assert ended.error is not None
    assert "WasRemoved" in ended.error


async def test_reasons_of_a_job_are_known_afterwards(under_test: LocalUnderTest) -> None:
    await run(under_test, "why", prompt_of("Show", text=""))
    reasons = json.loads(await under_test.pool.query("reasons", "why"))
    assert reasons["1"]["hit"] is False
    assert json.loads(await under_test.pool.query("reasons", "never ran")) == {}


async def test_queries_name_the_worker_they_speak_of(under_test: LocalUnderTest) -> None:
    await under_test.pool.ready()
    devices = json.loads(await under_test.pool.query("devices"))
    assert [device["name"] for device in devices["devices"]] == ["cpu"]
    assert devices["devices"][0]["vram_total"] > 0
    for topic in ("cache", "models"):
        (entry,) = json.loads(await under_test.pool.query(topic))
        assert entry["worker"] == "cpu"
    (pack,) = json.loads(await under_test.pool.query("packs"))
    assert "Show" in pack["node_types"]
    assert list(json.loads(await under_test.pool.query("object_info", "Show"))) == ["Show"]
    assert json.loads(await under_test.pool.query("object_info", "Missing")) == {}
    assert json.loads(await under_test.pool.query("object_info", "Shelfless")) == {}
    reasons = json.loads(await under_test.pool.query("undescribed"))
    assert reasons == {"Shelfless": "LookupError: no shelf"}
    with pytest.raises(WorkerRefusedError):
        await under_test.pool.query("weather")


async def test_memory_can_be_given_back_while_a_job_runs(under_test: LocalUnderTest) -> None:
    task = await start_waiting(under_test, "frees")
    under_test.pool.free(unload_models=True, free_memory=True)
    under_test.pool.cancel("frees")
    await task
    assert (await run(under_test, "freed", prompt_of("Show", text=""))).state == "success"


async def test_a_job_without_a_client_runs_too(under_test: LocalUnderTest) -> None:
    await under_test.pool.ready()
    kinds: list[str] = []

    def take(event: JobEvent) -> None:
        if isinstance(event, JobMessage):
            kinds.append(event.kind)

    ended = await under_test.pool.run("cpu", "alone", prompt_of("Show", text=""), ["1"], {}, take)
    assert ended.state == "success"
    assert "executed" in kinds


async def test_a_listener_that_fails_costs_nothing(under_test: LocalUnderTest) -> None:
    def fail(event: JobEvent) -> None:
        raise RuntimeError("a bug in the listener")

    ended = await run(under_test, "listener", prompt_of("Show", text=""), fail)
    assert ended.state == "success"


async def test_two_workers_run_two_jobs_at_once(tmp_path: Path) -> None:
    names = ("cpu", "cpu:0")  # torch knows the processor by both
    pool = LocalPool(settings_in(tmp_path), devices=names, patience=QUICK)
    await pool.start()
    try:
        await until(lambda: all(w.state is WorkerState.IDLE for w in pool.workers()))
        events: dict[str, list[JobEvent]] = {name: [] for name in names}
        jobs = [
            asyncio.create_task(
                pool.run(name, name, prompt_of("Wait"), ["1"], {}, events[name].append)
            )
            for name in names
        ]
        await until(lambda: all(messages(found, "executing") for found in events.values()))
        devices = json.loads(await pool.query("devices"))["devices"]
        assert [device["name"] for device in devices] == list(names)
        for name in names:
            pool.cancel(name)
        assert [(await job).state for job in jobs] == ["cancelled", "cancelled"]
        assert all(event.job_id == name for name in names for event in events[name])
    finally:
        await pool.stop()


async def test_a_check_that_blocks_is_told_and_ended(tmp_path: Path) -> None:
    async with local_pool(tmp_path, replace(QUICK, answer_s=1.0, restarts=1)) as stuck:
        await stuck.pool.ready()
        with pytest.raises(WorkerRefusedError, match="no answer within 1 s"):
            await stuck.pool.validate(prompt_of("Stubborn", text=""), None, {})
        await until(lambda: state_of(stuck) is WorkerState.STARTING)
        (info,) = stuck.pool.workers()
        assert info.problem == "it gave no answer within 1 s"
