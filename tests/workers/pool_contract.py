"""What every `WorkerPool` does; its implementations inherit these tests.

Their nodes are those of `tests/workers/pack`, or do as those do.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from engine.workers.pool import JobEvent, WorkerDiedError, WorkerPool, WorkerState
from engine.workers.wire import JobEnded, JobMessage, JobOutput

STOP_S = 60  # the waiting node waits longer
PATIENCE_S = 300


class PoolUnderTest(Protocol):
    """A started pool of one worker, and how to end that worker as a crash would."""

    @property
    def pool(self) -> WorkerPool: ...

    @property
    def worker(self) -> str: ...

    def crash(self) -> None: ...


def prompt_of(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"1": {"class_type": kind, "inputs": inputs}}


async def run(
    under_test: PoolUnderTest,
    job_id: str,
    prompt: dict[str, Any],
    on_event: Callable[[JobEvent], None] = lambda event: None,
) -> JobEnded:
    await under_test.pool.ready()
    return await under_test.pool.run(
        under_test.worker, job_id, prompt, ["1"], {"client_id": "somebody"}, on_event
    )


async def start_waiting(
    under_test: PoolUnderTest, job_id: str, events: list[JobEvent] | None = None
) -> asyncio.Task[JobEnded]:
    """Start a job that waits; return when its node runs."""
    running = asyncio.Event()

    def take(event: JobEvent) -> None:
        if events is not None:
            events.append(event)
        if isinstance(event, JobMessage) and event.kind == "executing":
            running.set()

    task = asyncio.create_task(run(under_test, job_id, prompt_of("Wait"), take))
    async with asyncio.timeout(PATIENCE_S):
        await running.wait()
    return task


def state_of(under_test: PoolUnderTest) -> WorkerState:
    return under_test.pool.workers()[0].state


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


def messages(events: list[JobEvent], kind: str) -> list[dict[str, Any]]:
    return [
        json.loads(event.data)
        for event in events
        if isinstance(event, JobMessage) and event.kind == kind
    ]


class PoolContract:
    """Inherit and give a fixture `under_test`."""

    async def test_a_ready_worker_is_idle_under_its_own_name(
        self, under_test: PoolUnderTest
    ) -> None:
        await under_test.pool.ready()
        (info,) = under_test.pool.workers()
        assert info.name == under_test.worker
        assert info.state is WorkerState.IDLE
        assert info.problem is None

    async def test_a_job_tells_its_story_in_order(self, under_test: PoolUnderTest) -> None:
        events: list[JobEvent] = []
        ended = await run(under_test, "story", prompt_of("Show", text="hello"), events.append)
        assert ended == JobEnded(job_id="story", state="success")
        told = [
            event.kind if isinstance(event, JobMessage) else type(event).__name__
            for event in events
            if not (isinstance(event, JobMessage) and event.kind == "progress_state")
        ]
        assert told == [
            "execution_start",
            "execution_cached",
            "executing",
            "JobOutput",
            "executed",
            "execution_success",
        ]
        assert all(event.job_id == "story" for event in events)
        assert messages(events, "executed") == [
            {"node": "1", "display_node": "1", "output": {"text": ["hello"]}, "prompt_id": "story"}
        ]
        kept = [e.kind for e in events if isinstance(e, JobMessage) and e.keep]
        assert kept == ["execution_start", "execution_cached", "execution_success"]

    async def test_what_a_node_shows_comes_with_its_place(self, under_test: PoolUnderTest) -> None:
        events: list[JobEvent] = []
        await run(under_test, "shown", prompt_of("Show", text="hello"), events.append)
        (output,) = [event for event in events if isinstance(event, JobOutput)]
        assert output.node_id == "1"
        assert json.loads(output.ui) == {"text": ["hello"]}
        assert json.loads(output.meta) == {
            "node_id": "1",
            "display_node": "1",
            "parent_node": None,
            "real_node_id": "1",
        }

    async def test_a_failure_names_node_and_cause(self, under_test: PoolUnderTest) -> None:
        events: list[JobEvent] = []
        ended = await run(under_test, "bad", prompt_of("Fail", text="no paint"), events.append)
        assert ended.state == "error"
        assert ended.error is not None
        assert "no paint" in ended.error
        (error,) = messages(events, "execution_error")
        assert error.keys() == {
            "prompt_id",
            "node_id",
            "node_type",
            "executed",
            "exception_message",
            "exception_type",
            "traceback",
            "current_inputs",
            "current_outputs",
            "timestamp",
        }
        assert (error["node_id"], error["node_type"]) == ("1", "Fail")
        assert (error["exception_type"], error["exception_message"]) == ("ValueError", "no paint")
        assert error["current_inputs"] == {"text": ["no paint"]}

    async def test_a_busy_worker_says_what_it_runs(self, under_test: PoolUnderTest) -> None:
        task = await start_waiting(under_test, "busy")
        (info,) = under_test.pool.workers()
        assert (info.state, info.job_id) == (WorkerState.BUSY, "busy")
        under_test.pool.cancel("busy")
        await task
        (info,) = under_test.pool.workers()
        assert (info.state, info.job_id) == (WorkerState.IDLE, None)

    async def test_a_busy_worker_takes_no_second_job(self, under_test: PoolUnderTest) -> None:
        task = await start_waiting(under_test, "first")
        with pytest.raises(WorkerDiedError):
            await run(under_test, "second", prompt_of("Show", text=""))
        under_test.pool.cancel("first")
        assert (await task).state == "cancelled"

    async def test_a_cancelled_job_stops_within_a_step(self, under_test: PoolUnderTest) -> None:
        events: list[JobEvent] = []
        task = await start_waiting(under_test, "stopped", events)
        under_test.pool.cancel("stopped")
        async with asyncio.timeout(STOP_S):
            assert await task == JobEnded(job_id="stopped", state="cancelled")
        assert state_of(under_test) is WorkerState.IDLE, "the worker obeyed and was not ended"
        (interrupted,) = messages(events, "execution_interrupted")
        assert (interrupted["node_id"], interrupted["node_type"]) == ("1", "Wait")

    async def test_cancelling_what_does_not_run_changes_nothing(
        self, under_test: PoolUnderTest
    ) -> None:
        task = await start_waiting(under_test, "other")
        under_test.pool.cancel("nobody")
        await asyncio.sleep(0.03)
        assert not task.done()
        under_test.pool.cancel("other")
        await task

    async def test_who_gives_up_waiting_stops_the_job(self, under_test: PoolUnderTest) -> None:
        task = await start_waiting(under_test, "given up")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: state_of(under_test) is WorkerState.IDLE)

    async def test_prompts_are_checked_while_a_job_runs(self, under_test: PoolUnderTest) -> None:
        task = await start_waiting(under_test, "long")
        found = await under_test.pool.validate(prompt_of("Show", text="a"), None, {})
        assert found.outputs == ["1"]
        assert json.loads(found.prompt) == prompt_of("Show", text="a")
        assert not task.done()
        under_test.pool.cancel("long")
        await task

    async def test_a_wrong_prompt_is_told_apart(self, under_test: PoolUnderTest) -> None:
        unknown = await under_test.pool.validate(prompt_of("Missing"), None, {})
        assert json.loads(unknown.error)["type"] == "invalid_prompt"
        assert unknown.outputs == []
        empty = await under_test.pool.validate({}, None, {})
        assert json.loads(empty.error)["type"] == "prompt_no_outputs"

    async def test_targets_choose_among_outputs(self, under_test: PoolUnderTest) -> None:
        prompt = {**prompt_of("Show", text="a"), "2": prompt_of("Show", text="b")["1"]}
        assert set((await under_test.pool.validate(prompt, None, {})).outputs) == {"1", "2"}
        assert (await under_test.pool.validate(prompt, ["2"], {})).outputs == ["2"]

    async def test_what_is_no_canvas_workflow_is_refused(self, under_test: PoolUnderTest) -> None:
        converted = await under_test.pool.convert({"nodes": 7})
        assert converted.problem

    async def test_a_canvas_workflow_becomes_a_prompt(self, under_test: PoolUnderTest) -> None:
        canvas = {
            "nodes": [{"id": 1, "type": "Wait", "inputs": [], "outputs": []}],
            "links": [],
            "version": 0.4,
        }
        converted = await under_test.pool.convert(canvas)
        assert converted.problem is None
        assert json.loads(converted.prompt)["1"]["class_type"] == "Wait"

    async def test_queries_return_json(self, under_test: PoolUnderTest) -> None:
        assert isinstance(json.loads(await under_test.pool.query("packs")), list)
        assert isinstance(json.loads(await under_test.pool.query("object_info")), dict)

    async def test_a_worker_remembers_the_models_of_its_jobs(
        self, under_test: PoolUnderTest
    ) -> None:
        await run(under_test, "model", prompt_of("Show", text="sd.safetensors"))
        (info,) = under_test.pool.workers()
        assert "sd.safetensors" in info.models

    async def test_changes_of_state_are_told(self, under_test: PoolUnderTest) -> None:
        seen: list[WorkerState] = []
        under_test.pool.listen(
            changed=lambda: seen.append(state_of(under_test)), broadcast=lambda message: None
        )
        await run(under_test, "told", prompt_of("Show", text=""))
        assert seen == [WorkerState.BUSY, WorkerState.IDLE]

    async def test_a_dead_worker_fails_its_job_and_comes_back(
        self, under_test: PoolUnderTest
    ) -> None:
        (before,) = under_test.pool.workers()
        task = await start_waiting(under_test, "killed")
        under_test.crash()
        with pytest.raises(WorkerDiedError) as raised:
            await task
        assert raised.value.name == under_test.worker
        assert "9" in raised.value.reason
        await under_test.pool.ready()
        (after,) = under_test.pool.workers()
        assert after.restarts == before.restarts + 1
        ended = await run(under_test, "after", prompt_of("Show", text="again"))
        assert ended.state == "success"

    async def test_stopping_ends_worker_and_job(self, fresh: PoolUnderTest) -> None:
        task = await start_waiting(fresh, "last")
        await fresh.pool.stop()
        with pytest.raises(WorkerDiedError):
            await task
        assert state_of(fresh) is WorkerState.DEAD
