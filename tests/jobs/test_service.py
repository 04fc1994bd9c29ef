"""The job service: what clients ask for and are told, on a pool without processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidValueError
from engine.jobs import history, notes
from engine.jobs.database import DatabaseError
from engine.jobs.errors import PromptRejectedError
from engine.jobs.model import Job, JobState, NodeOutput
from engine.jobs.publish import NOBODY
from engine.jobs.service import JobService
from engine.jobs.store import JobExistsError, JobStore
from engine.workers.pool import WorkerDiedError
from engine.workers.wire import JobEnded, Validated
from tests.jobs.recording import Recording, prompt, submit, until
from tests.workers.fake_pool import FakePool


@dataclass
class Bench:
    """A service with its parts in reach."""

    path: Path
    pool: FakePool
    publish: Recording
    store: JobStore
    service: JobService

    async def finished(self, *job_ids: str) -> None:
        """Wait until the end of each job was told."""

        def all_told() -> bool:
            ended = {d["prompt_id"] for d in self.publish.data("executing") if d["node"] is None}
            return ended.issuperset(job_ids)

        await until(all_told, f"the end of {job_ids}")

    async def restart(self, pool: FakePool | None = None) -> None:
        """Stop in order and begin again on the same file."""
        await self.service.stop()
        self.store.close()
        self.store = JobStore(self.path)
        self.pool, self.publish = pool or FakePool(), Recording()
        await self.pool.start()
        self.service = JobService(self.store, self.pool, self.publish)
        await self.service.start()


async def begun(path: Path, pool: FakePool, **options: Any) -> Bench:
    store, publish = JobStore(path), Recording()
    service = JobService(store, pool, publish, **options)
    await pool.start()
    await service.start()
    return Bench(path, pool, publish, store, service)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool())
    yield bench
    await bench.service.stop()
    await bench.pool.stop()
    bench.store.close()


def names(jobs: Sequence[Job]) -> list[str]:
    return [job.id for job in jobs]


# --- submitting -----------------------------------------------------------------------------------


async def test_numbers_count_up_and_front_is_the_negative_number(bench: Bench) -> None:
    await bench.service.pause()
    assert (await submit(bench.service, "Run")).number == 1
    assert (await submit(bench.service, "Run", front=True)).number == -2
    assert (await submit(bench.service, "Run", number=7.5, front=True)).number == 7.5
    assert (await submit(bench.service, "Run")).number == 4


async def test_numbers_go_on_after_a_restart(bench: Bench) -> None:
    await submit(bench.service, "Run", prompt_id="a")
    await bench.finished("a")
    await bench.restart()
    assert (await submit(bench.service, "Run")).number == 2


async def test_a_prompt_gets_an_id_of_its_own_or_the_clients(bench: Bench) -> None:
    await bench.service.pause()
    ids = {(await submit(bench.service, "Run")).prompt_id for _ in range(3)}
    assert len(ids) == 3
    assert (await submit(bench.service, "Run", prompt_id="mine")).prompt_id == "mine"
    with pytest.raises(JobExistsError, match="mine"):
        await submit(bench.service, "Run", prompt_id="mine")
    assert bench.service.queue_remaining() == 4


async def test_an_invalid_prompt_is_refused_with_the_reason(bench: Bench) -> None:
    with pytest.raises(PromptRejectedError) as caught:
        await submit(bench.service, "Missing")
    assert caught.value.error["type"] == "invalid_prompt"
    assert caught.value.error["details"] in str(caught.value)
    assert bench.service.queue_remaining() == 0


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"prompt_id": ""}, "invalid_prompt_id"),
        ({"prompt_id": "x" * 256}, "invalid_prompt_id"),
        ({"number": float("nan")}, "invalid_number"),
        ({"number": float("inf")}, "invalid_number"),
    ],
)
async def test_unusable_ids_and_numbers_are_refused(
    bench: Bench, options: dict[str, Any], kind: str
) -> None:
    with pytest.raises(PromptRejectedError) as caught:
        await submit(bench.service, "Run", **options)
    assert caught.value.error["type"] == kind


async def test_a_prompt_with_a_valid_output_is_taken_with_its_node_errors(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = b'{"2":{"errors":[],"dependent_outputs":["2"],"class_type":"Show"}}'

    async def validate(request: Any, targets: Any, extra: Any) -> Validated:
        return Validated(
            request=0,
            outputs=["1"],
            prompt=b'{"1":{"class_type":"Show","inputs":{"text":"unwrapped"}}}',
            error=b"null",
            node_errors=wrong,
        )

    monkeypatch.setattr(bench.pool, "validate", validate)
    submission = await submit(bench.service, "Show", "Show", prompt_id="a")
    assert set(submission.node_errors) == {"2"}
    await bench.finished("a")
    assert bench.pool.ran[0].outputs == ["1"]
    assert bench.pool.ran[0].prompt["1"]["inputs"] == {"text": "unwrapped"}


async def test_validation_is_tried_once_more_when_a_worker_dies(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate, calls = bench.pool.validate, 0

    async def dies_once(request: Any, targets: Any, extra: Any) -> Validated:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise WorkerDiedError("cpu", "it was killed")
        return await validate(request, targets, extra)

    monkeypatch.setattr(bench.pool, "validate", dies_once)
    await submit(bench.service, "Run")
    assert calls == 2


async def test_a_client_that_hangs_up_while_its_prompt_is_written_loses_nothing(
    bench: Bench,
) -> None:
    await bench.service.pause()
    waiting = asyncio.create_task(submit(bench.service, "Run", prompt_id="a"))
    while not bench.service._writing:
        await asyncio.sleep(0)
    waiting.cancel()
    await until(lambda: bench.service.queue_remaining() == 1, "the job in the queue")
    assert names(await bench.service.pending()) == ["a"]


async def test_secrets_reach_the_worker_but_not_the_disk(bench: Bench) -> None:
    extra = {"api_key_comfy_org": "secret", "extra_pnginfo": {"workflow": {}}}
    await submit(bench.service, "Run", prompt_id="a", client_id="tab", extra_data=extra)
    await bench.finished("a")
    assert bench.pool.ran[0].extra_data == {**extra, "client_id": "tab"}
    (entry,) = (await bench.service.history_entry("a")).values()
    assert entry["prompt"][3] == {"extra_pnginfo": {"workflow": {}}, "client_id": "tab"}


# --- running and telling --------------------------------------------------------------------------


async def test_a_jobs_messages_go_to_its_owner_and_end_when_history_has_it(bench: Bench) -> None:
    await submit(bench.service, "Show", prompt_id="a", client_id="tab")
    await bench.finished("a")
    kinds = [kind for kind, _ in bench.publish.of("a")]
    assert kinds == [
        "execution_start",
        "execution_cached",
        "executing",
        "executed",
        "execution_success",
        "executing",
    ]
    assert {to for _, to in bench.publish.of("a")} == {"tab"}
    assert set(await bench.service.history_entry("a")) == {"a"}


async def test_without_an_owner_most_messages_reach_nobody(bench: Bench) -> None:
    await submit(bench.service, "Show", prompt_id="a")
    await bench.finished("a")
    assert {to for _, to in bench.publish.of("a")} == {NOBODY}


async def test_an_interruption_without_an_owner_is_told_to_all(bench: Bench) -> None:
    await submit(bench.service, "Wait", prompt_id="a")
    await bench.pool.until_running("a")
    await bench.service.interrupt("a")
    await bench.finished("a")
    assert ("execution_interrupted", None) in bench.publish.of("a")


async def test_changes_of_the_queue_are_told_to_all_and_the_last_is_true(bench: Bench) -> None:
    await bench.service.pause()
    for _ in range(20):
        await submit(bench.service, "Run")
    expected = {"status": {"exec_info": {"queue_remaining": 20}}}
    await until(lambda: expected in bench.publish.data("status"), "status 20")
    assert {to for kind, _, to in bench.publish.sent if kind == "status"} == {None}
    await bench.service.resume()
    none_left = {"status": {"exec_info": {"queue_remaining": 0}}}
    await until(lambda: none_left in bench.publish.data("status"), "status 0")


async def test_history_has_the_contracts_structure(bench: Bench) -> None:
    await submit(bench.service, "Show", "Run", prompt_id="a", client_id="tab")
    await bench.finished("a")
    entry = (await bench.service.history())["a"]
    messages = entry["status"].pop("messages")
    assert entry == {
        "prompt": [1.0, "a", prompt("Show", "Run"), {"client_id": "tab"}, ["1", "2"]],
        "outputs": {"1": {"text": ["hello"]}},
        "status": {"status_str": "success", "completed": True},
        "meta": {
            "1": {"node_id": "1", "display_node": "1", "parent_node": None, "real_node_id": "1"}
        },
    }
    assert [kind for kind, _ in messages] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    assert all(data["prompt_id"] == "a" and data["timestamp"] for _, data in messages)


async def test_a_failed_job_is_history_with_its_error(bench: Bench) -> None:
    await submit(bench.service, "Fail", prompt_id="a")
    await bench.finished("a")
    status = (await bench.service.history())["a"]["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    kind, data = status["messages"][-1]
    assert (kind, data["exception_message"]) == ("execution_error", "hello")
    job = await bench.service.job("a")
    assert job is not None
    assert "ValueError: hello" in (job.error or "")


async def test_a_pool_that_fails_fails_the_job_not_the_queue(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.pool.run

    async def fails_once(worker: str, job_id: str, *rest: Any) -> JobEnded:
        if job_id == "a":
            raise RuntimeError("a bug")
        return await run(worker, job_id, *rest)

    monkeypatch.setattr(bench.pool, "run", fails_once)
    await submit(bench.service, "Run", prompt_id="a")
    await submit(bench.service, "Run", prompt_id="b")
    await bench.finished("a", "b")
    history = await bench.service.history()
    (_, data) = history["a"]["status"]["messages"][-1]
    assert data["exception_message"] == "RuntimeError: a bug"
    assert history["b"]["status"]["completed"]


async def test_an_end_that_makes_no_sense_does_not_stop_the_queue(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.pool.run

    async def babbles_once(worker: str, job_id: str, *rest: Any) -> JobEnded:
        ended = await run(worker, job_id, *rest)
        return JobEnded(job_id=job_id, state="babble") if job_id == "a" else ended

    monkeypatch.setattr(bench.pool, "run", babbles_once)
    await submit(bench.service, "Run", prompt_id="a")
    await submit(bench.service, "Run", prompt_id="b")
    await bench.finished("b")
    assert names(await bench.service.running()) == ["a"]
    await bench.restart()
    await bench.finished("a")


async def test_jobs_fill_all_workers(tmp_path: Path) -> None:
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool(["gpu0", "gpu1"]))
    for job_id in "abc":
        await submit(bench.service, "Wait", prompt_id=job_id)
    await bench.pool.until_running("b")
    assert sorted(run.worker for run in bench.pool.ran) == ["gpu0", "gpu1"]
    assert names(await bench.service.running()) == ["a", "b"]
    assert names(await bench.service.pending()) == ["c"]
    assert bench.service.queue_remaining() == 3
    bench.pool.release("a")
    await bench.pool.until_running("c")
    await bench.service.stop()
    bench.store.close()


async def test_a_packs_message_goes_where_it_says(bench: Bench) -> None:
    bench.pool.send("my-pack", {"x": 1})
    bench.pool.send("my-pack", {"x": 2}, sid="tab")
    assert bench.publish.sent == [("my-pack", {"x": 1}, None), ("my-pack", {"x": 2}, "tab")]


# --- changing the queue ---------------------------------------------------------------------------


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
    assert list(await bench.service.history()) == ["running"]


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


async def test_a_job_cancelled_before_its_worker_has_it_does_not_run(bench: Bench) -> None:
    await submit(bench.service, "Wait", prompt_id="a")
    await until(lambda: bool(bench.service._attempts), "the attempt")
    await bench.service.interrupt("a")
    await bench.finished("a")
    assert bench.pool.ran == []


async def test_a_cancelled_waiting_job_is_history(bench: Bench) -> None:
    await bench.service.pause()
    await submit(bench.service, "Run", prompt_id="a", client_id="tab")
    assert await bench.service.cancel("a")
    assert not await bench.service.cancel("a")
    entry = (await bench.service.history_entry("a"))["a"]
    assert [kind for kind, _ in entry["status"]["messages"]] == ["execution_interrupted"]
    assert entry["status"]["status_str"] == "error"
    assert bench.publish.of("a") == [("execution_interrupted", "tab"), ("executing", "tab")]


# --- death and restart ----------------------------------------------------------------------------


async def test_a_job_goes_on_after_its_worker_died_and_fails_after_the_second(bench: Bench) -> None:
    await submit(bench.service, "Wait", prompt_id="a", client_id="tab")
    for _ in range(2):
        await bench.pool.until_running("a")
        bench.pool.kill("cpu")
        await until(lambda: "a" not in bench.pool._running, "the death")
    await bench.finished("a")
    assert len(bench.pool.ran) == 2
    entry = (await bench.service.history())["a"]
    kind, data = entry["status"]["messages"][-1]
    assert kind == "execution_error"
    assert (data["node_id"], data["node_type"]) == ("1", "Wait")
    assert "died 2 times" in data["exception_message"]
    assert ("execution_error", "tab") in bench.publish.of("a")


async def test_a_job_cancelled_while_its_worker_dies_is_cancelled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(bench.service, "Wait", prompt_id="a")
    await bench.pool.until_running("a")
    monkeypatch.setattr(bench.pool, "cancel", lambda job_id: None)  # it hangs
    await bench.service.interrupt("a")
    bench.pool.kill("cpu", "it hung")
    await bench.finished("a")
    job = await bench.service.job("a")
    assert job is not None
    assert job.state is JobState.CANCELLED


async def test_a_running_job_is_left_at_a_stop_and_taken_up_at_the_next_start(
    bench: Bench,
) -> None:
    await submit(bench.service, "Show", "Wait", prompt_id="a", client_id="tab")
    await submit(bench.service, "Run", prompt_id="b")
    await bench.pool.until_running("a")
    await bench.restart()
    await bench.pool.until_running("a")
    assert bench.pool.ran[0].outputs == ["2"], "what was shown is not run again"
    assert ("executed", "tab") in bench.publish.of("a"), "but told again"
    bench.pool.release("a")
    await bench.finished("a", "b")
    entry = (await bench.service.history())["a"]
    assert entry["outputs"] == {"1": {"text": ["hello"]}}
    assert [kind for kind, _ in entry["status"]["messages"]].count("execution_start") == 1


async def test_a_job_that_had_shown_everything_is_finished_without_running(
    tmp_path: Path,
) -> None:
    store = JobStore(tmp_path / "jobs.sqlite3")
    await store.submit(Job(id="a", number=1, turn=1, prompt=prompt("Show"), outputs=("1",)))
    await store.claim("a", "cpu")
    await store.record("a", [NodeOutput("1", {"text": ["x"]}, {"display_node": "1"})])
    store.close()
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool())
    await bench.finished("a")
    assert bench.pool.ran == []
    entry = (await bench.service.history())["a"]
    assert entry["status"]["completed"]
    kinds = [kind for kind, _ in bench.publish.of("a")]
    assert kinds == ["execution_start", "executed", "execution_success", "executing"]
    await bench.service.stop()
    bench.store.close()


async def test_what_was_shown_in_temporary_files_is_run_again(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs.sqlite3")
    await store.submit(Job(id="a", number=1, turn=1, prompt=prompt("Show"), outputs=("1",)))
    await store.claim("a", "cpu")
    shown = {"images": [{"filename": "x.png", "subfolder": "", "type": "temp"}]}
    await store.record("a", [NodeOutput("1", shown, {})])
    store.close()
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool())
    await bench.finished("a")
    assert (await bench.service.history())["a"]["outputs"] == {"1": {"text": ["hello"]}}
    await bench.service.stop()
    bench.store.close()


# --- history --------------------------------------------------------------------------------------


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


async def test_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "TRIM_EVERY", 4)
    bench = await begun(tmp_path / "jobs.sqlite3", FakePool(), history_jobs=3)
    for number in range(8):
        await submit(bench.service, "Run", prompt_id=f"job{number}")
    await bench.finished(*(f"job{number}" for number in range(8)))
    await until(lambda: not bench.service._tasks, "the trimming")
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


# --- trouble --------------------------------------------------------------------------------------


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
