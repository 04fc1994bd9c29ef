"""Workers die and servers restart; jobs go on from what was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.jobs.model import Job, JobState, NodeOutput
from engine.jobs.store import JobStore
from tests.jobs.recording import prompt, submit, until
from tests.jobs.service_bench import Bench, begun
from tests.workers.fake_pool import FakePool


async def test_a_job_goes_on_after_its_worker_died_and_fails_after_the_second(bench: Bench) -> None:
    await submit(bench.service, "Wait", prompt_id="a", client_id="tab")
    for _ in range(2):
        await bench.pool.until_running("a")
        bench.pool.kill("cpu")
        await until(lambda: "a" not in bench.pool._running, "the death")
    await bench.finished("a")
    assert len(bench.pool.ran) == 2
    entry = (await bench.history())["a"]
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
    entry = (await bench.history())["a"]
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
    entry = (await bench.history())["a"]
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
    assert (await bench.history())["a"]["outputs"] == {"1": {"text": ["hello"]}}
    await bench.service.stop()
    bench.store.close()
