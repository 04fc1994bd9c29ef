"""The job store: every answered change is on disk, and nothing happens twice."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from engine.jobs.database import DatabaseError
from engine.jobs.model import JobState, KeptMessage, NodeOutput
from engine.jobs.store import MAX_ATTEMPTS, JobExistsError, JobStore
from tests.jobs.job_samples import PROMPT, make_job


async def test_a_submitted_job_is_there_after_a_restart(path: Path) -> None:
    store = JobStore(path)
    await store.submit(make_job("a", 2.0, "tab"))
    store.close()
    store = JobStore(path)
    found = await store.get("a")
    store.close()
    assert found is not None
    assert (found.prompt, found.outputs, found.client_id) == (PROMPT, ("1",), "tab")
    assert found.state is JobState.QUEUED


async def test_a_second_job_of_the_same_id_is_refused_and_harms_no_other(store: JobStore) -> None:
    await store.submit(make_job("a"))
    results = await asyncio.gather(
        store.submit(make_job("a")), store.submit(make_job("b")), return_exceptions=True
    )
    assert isinstance(results[0], JobExistsError)
    assert results[1] is None
    assert [job.id for job in await store.unfinished()] == ["a", "b"]


async def test_work_that_breaks_a_rule_fails_alone(store: JobStore) -> None:
    output = NodeOutput("1", {}, {})
    results = await asyncio.gather(
        store.record("nobody", [output]), store.submit(make_job("b")), return_exceptions=True
    )
    assert isinstance(results[0], sqlite3.IntegrityError)
    assert results[1] is None
    assert [job.id for job in await store.unfinished()] == ["b"]


async def test_a_job_is_claimed_once(store: JobStore) -> None:
    await store.submit(make_job("a"))
    first, second = await asyncio.gather(store.claim("a", "w1"), store.claim("a", "w2"))
    assert first is not None
    assert (first.job.state, first.job.worker, first.job.attempts) == (JobState.RUNNING, "w1", 1)
    assert second is None


async def test_the_queue_is_ordered_by_number_then_id(store: JobStore) -> None:
    for job_id, number in (("c", 1.0), ("b", 1.0), ("a", 5.0), ("front", -3.0)):
        await store.submit(make_job(job_id, number))
    assert [job.id for job in await store.unfinished()] == ["front", "b", "c", "a"]
    assert await store.set_number("a", -9.0)
    front = (await store.unfinished())[0]
    assert front.id == "a"


async def test_a_job_whose_workers_die_twice_is_failed_with_the_reason(store: JobStore) -> None:
    await store.submit(make_job("a"))
    assert await store.claim("a", "w")
    again = await store.return_to_queue("a", worker_died=True)
    assert again is not None
    assert (again.state, again.deaths) == (JobState.QUEUED, 1)
    assert await store.claim("a", "w")
    failed = await store.return_to_queue("a", worker_died=True, node_id="1")
    assert failed is not None
    assert failed.state is JobState.ERROR
    assert "died 2 times" in (failed.error or "")
    assert not await store.claim("a", "w")
    assert await store.finished() == ["a"]
    (words,) = await store.messages("a")
    assert (words.type, words.data["node_type"]) == ("execution_error", "A")
    assert "died 2 times" in words.data["exception_message"]


async def test_what_ran_when_the_process_ended_is_queued_again(store: JobStore) -> None:
    await store.submit(make_job("a"))
    await store.claim("a", "w")
    recovered = await store.recover()
    assert [(job.id, job.state, job.deaths) for job in recovered] == [("a", JobState.QUEUED, 0)]
    assert await store.claim("a", "w")


async def test_messages_of_an_attempt_that_came_to_nothing_are_forgotten(store: JobStore) -> None:
    await store.submit(make_job("a"))
    for _ in range(2):
        await store.claim("a", "w")
        await store.record("a", [KeptMessage("execution_start", {})])
        await store.recover()
    assert [message.type for message in await store.messages("a")] == ["execution_start"]


async def test_a_job_that_takes_the_server_down_again_and_again_is_failed(store: JobStore) -> None:
    await store.submit(make_job("a"))
    for _ in range(MAX_ATTEMPTS):
        assert [job.id for job in await store.recover()] == ["a"]
        assert await store.claim("a", "w")
    assert await store.recover() == []
    (failed,) = filter(None, [await store.get("a")])
    assert f"begun {MAX_ATTEMPTS} times" in (failed.error or "")


async def test_leaving_a_job_is_no_attempt(store: JobStore) -> None:
    await store.submit(make_job("a"))
    for _ in range(MAX_ATTEMPTS + 1):
        assert await store.claim("a", "w")
        left = await store.return_to_queue("a", worker_died=False, left=True)
        assert left is not None
        assert (left.state, left.attempts) == (JobState.QUEUED, 0)


async def test_a_closed_store_says_so(path: Path) -> None:
    store = JobStore(path)
    store.close()
    store.close()
    with pytest.raises(DatabaseError, match="closed"):
        await store.get("a")


async def test_a_full_disk_fails_what_is_asked_and_nothing_else(path: Path) -> None:
    store = JobStore(path)
    await store.submit(make_job("a"))
    # The database may not grow: to SQLite this is what a full disk is.
    await store._database.run(lambda db: db.execute("PRAGMA max_page_count=1").fetchone())
    large = replace(make_job("b"), prompt={"1": {"inputs": {"text": "x" * 1_000_000}}})
    with pytest.raises(DatabaseError, match="full"):
        await store.submit(large)
    assert [job.id for job in await store.unfinished()] == ["a"]
    await store._database.run(lambda db: db.execute("PRAGMA max_page_count=100000").fetchone())
    await store.submit(large)
    assert [job.id for job in await store.unfinished()] == ["a", "b"]
    store.close()


async def test_an_output_of_a_job_taken_up_again_stands_once(store: JobStore) -> None:
    await store.submit(make_job("a"))
    for name in ("first.png", "second.png"):
        ui = {"images": [{"filename": name}]}
        await store.record("a", [NodeOutput("9", ui, {"node_id": "9"})])
    outputs = await store.outputs("a")
    assert [output.ui["images"][0]["filename"] for output in outputs] == ["second.png"]


async def test_a_job_finishes_once(store: JobStore) -> None:
    await store.submit(make_job("a"))
    assert await store.finish("a", JobState.SUCCESS)
    assert not await store.finish("a", JobState.ERROR, "late")
    assert await store.finished() == ["a"]
    (job,) = filter(None, [await store.get("a")])
    assert (job.state, job.error) == (JobState.SUCCESS, None)


async def test_history_pages_from_the_oldest_or_shows_the_newest(store: JobStore) -> None:
    for number in range(5):
        await store.submit(make_job(f"job{number}"))
        await store.finish(f"job{number}", JobState.SUCCESS)
    assert await store.finished(limit=2) == ["job3", "job4"]
    assert await store.finished(limit=2, offset=1) == ["job1", "job2"]
    assert await store.trim_history(3) == 2
    assert await store.finished() == ["job2", "job3", "job4"]


async def test_history_keeps_to_its_bytes_but_keeps_the_newest(store: JobStore) -> None:
    for number in range(5):
        await store.submit(make_job(f"job{number}"))
        ui = {"text": ["x" * 10_000]}
        await store.finish(f"job{number}", JobState.SUCCESS, kept=[NodeOutput("1", ui, {})])
    assert await store.trim_history(10, 25_000) == 3
    assert await store.finished() == ["job3", "job4"]
    assert await store.trim_history(10, 1) == 1
    assert await store.finished() == ["job4"]
    assert await store.outputs("job3") == []


async def test_deleting_touches_only_jobs_of_the_named_state(store: JobStore) -> None:
    for job_id in ("queued", "running", "done"):
        await store.submit(make_job(job_id))
    await store.claim("running", "w")
    await store.finish("done", JobState.SUCCESS)
    everything = ["queued", "running", "done", "unknown"]
    assert await store.delete(everything, state="queued") == ["queued"]
    assert await store.delete(everything, state="finished") == ["done"]
    assert [job.id for job in await store.unfinished()] == ["running"]


async def test_messages_count_up_over_all_jobs(store: JobStore) -> None:
    for job_id in ("a", "b"):
        await store.submit(make_job(job_id))
    (first,) = await store.record("a", [KeptMessage("execution_start", {"timestamp": 1})])
    (second,) = await store.record("b", [KeptMessage("execution_start", {"timestamp": 2})])
    assert second.seq > first.seq
    assert [message.job_id for message in await store.messages(after=first.seq)] == ["b"]
    assert [message.data for message in await store.messages("a")] == [{"timestamp": 1}]


async def test_secrets_are_not_stored(store: JobStore) -> None:
    extra = {"client_id": "c", "api_key_comfy_org": "secret"}
    await store.submit(replace(make_job("a"), extra_data=extra))
    found = await store.get("a")
    assert found is not None
    assert found.extra_data == {"client_id": "c"}
