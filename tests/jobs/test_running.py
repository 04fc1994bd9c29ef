"""What a running job tells, and whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.jobs.publish import NOBODY
from engine.workers.wire import JobEnded
from tests.jobs.recording import prompt, submit, until
from tests.jobs.service_bench import Bench, begun, names
from tests.workers.fake_pool import FakePool


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
    entry = (await bench.history())["a"]
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
    status = (await bench.history())["a"]["status"]
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
    history = await bench.history()
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
