"""How much of a running job is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.jobs.progress import JobProgress
from engine.workers.pool import JobEvent
from engine.workers.wire import JobEnded, JobMessage
from tests.jobs.recording import submit
from tests.jobs.service_bench import begun
from tests.workers.fake_pool import FakePool, encode


def state(value: float, total: float = 1, name: str = "running") -> dict[str, Any]:
    return {"value": value, "max": total, "state": name}


def test_nodes_from_the_cache_finished_and_half_done_ones_add_up() -> None:
    progress = JobProgress()
    progress.hear("execution_cached", {"nodes": ["1"]})
    progress.hear("progress_state", {"nodes": {"2": state(3, 10), "3": state(0, 1, "finished")}})
    progress.hear("progress_state", {"nodes": {"2": state(5, 10)}})
    progress.hear("executing", {"node": "4"})
    assert progress.share_of(4) == pytest.approx(2.5 / 4)


def test_the_steps_of_the_running_node_count_and_nothing_is_taken_back() -> None:
    progress = JobProgress()
    progress.hear("execution_cached", {"nodes": ["1"]})
    shares = []
    for step in [20, 300, 600, 0, 200]:  # it is called again, with the next element of a list
        progress.hear("progress_state", {"nodes": {"2": state(step, 600)}})
        shares.append(progress.share_of(3))
    assert shares == pytest.approx([(1 + part) / 3 for part in (20 / 600, 0.5, 1, 1, 1)])


def test_a_node_that_does_not_say_how_much_there_is_to_do_has_done_nothing() -> None:
    progress = JobProgress()
    progress.hear("progress_state", {"nodes": {"1": state(7, 0), "2": state(0, 0, "finished")}})
    assert progress.share_of(2) == 0.5


@given(
    st.dictionaries(st.sampled_from("abc"), st.tuples(st.floats(0, 1e9), st.floats(0, 1e9))),
    st.integers(0, 10**6),
)
def test_a_share_is_never_more_than_all(told: dict[str, tuple[float, float]], nodes: int) -> None:
    progress = JobProgress()
    progress.hear("progress_state", {"nodes": {node: state(*done) for node, done in told.items()}})
    assert 0 <= progress.share_of(nodes) <= 1


class TellingPool(FakePool):
    """Its jobs say first that their second node is half done."""

    async def run(
        self,
        worker: str,
        job_id: str,
        prompt: Mapping[str, Any],
        outputs: Sequence[str],
        extra_data: Mapping[str, Any],
        on_event: Callable[[JobEvent], None],
    ) -> JobEnded:
        data = encode({"prompt_id": job_id, "nodes": {"2": state(1, 2)}})
        on_event(JobMessage(job_id=job_id, kind="progress_state", data=data, keep=False))
        return await super().run(worker, job_id, prompt, outputs, extra_data, on_event)


async def test_only_jobs_that_run_have_progress(path: Path) -> None:
    bench = await begun(path, TellingPool())
    await submit(bench.service, "Wait", "Run", prompt_id="runs")
    await bench.pool.until_running("runs")
    await submit(bench.service, "Run", prompt_id="waits")
    assert bench.service.progress() == {"runs": 0.25}
    await bench.service.cancel("runs")
    await bench.finished("waits")
    assert bench.service.progress() == {}
    await bench.service.stop()
    await bench.pool.stop()
    bench.store.close()
