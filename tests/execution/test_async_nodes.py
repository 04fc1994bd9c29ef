"""Nodes that wait run beside others, and a run can be ended at any moment."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from engine.errors import RunCancelledError
from engine.execution.context import CancelToken
from engine.execution.events import NodeFinished, NodeProgress, RunInterrupted
from engine.registry.spec import NodeContext, NodeSpec
from tests.execution.execution_kit import SHOWN, bench, spec

# --- asynchronous nodes -------------------------------------------------------------------------


def test_an_async_node_overlaps_with_a_chain_and_with_others() -> None:
    log: list[str] = []

    async def slow(value: int, name: str) -> tuple[int]:
        log.append(f"begin {name}")
        while log.count("step") < 2:  # for ever, if nothing ran beside it
            await asyncio.sleep(0.001)
        log.append(f"end {name}")
        return (value,)

    def step(a: int) -> tuple[int]:
        log.append("step")
        return (a + 1,)

    kit = bench(
        spec("Slow", slow, inputs="value name", is_async=True), spec("Step", step, inputs="a")
    )
    prompt = {
        "a": ("Slow", {"value": 1, "name": "a"}),
        "b": ("Slow", {"value": 2, "name": "b"}),
        "1": ("Step", {"a": 0}),
        "2": ("Step", {"a": ["1", 0]}),
        "3": ("Add", {"a": ["a", 0], "b": ["b", 0]}),
    }
    result = kit.run(prompt, keep=("2", "3"))
    assert (result.values["2"], result.values["3"]) == (([2],), ([3],))
    assert sorted(log[:4]) == ["begin a", "begin b", "step", "step"]
    assert sorted(log[4:]) == ["end a", "end b"]


def test_async_calls_of_one_node_run_together() -> None:
    together = asyncio.Barrier(3)  # opens only when three calls wait at once

    async def nap(value: int) -> tuple[int]:
        await together.wait()
        return (value,)

    kit = bench(spec("Nap", nap, inputs="value"))
    assert kit.value({"1": ("Pair", {}), "2": ("Nap", {"value": ["1", 0]})}, "2") == [1, 2, 3]


def test_an_async_node_under_way_finishes_when_another_fails() -> None:
    written: list[int] = []

    async def save() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        written.append(1)
        return {"ui": {"images": ["a.png"]}}

    def fail() -> None:
        raise ValueError("broken")

    kit = bench(
        spec("Save", save, output=True, is_async=True, outputs=0),
        spec("Fail", fail, output=True),
    )
    result = kit.run({"1": ("Save", {}), "2": ("Fail", {})}, "1", "2")
    assert result.status == "error"
    assert written == [1]
    assert result.outputs == {"1": {"images": ["a.png"]}}


# --- interrupts ---------------------------------------------------------------------------------


def test_a_cancel_takes_effect_at_the_next_progress_report() -> None:
    cancel = CancelToken()
    steps: list[int] = []

    def sample(instance: Any, inputs: dict[str, Any], context: NodeContext) -> Any:
        for step in range(10):
            steps.append(step)
            context.progress(step, 10)
        raise AssertionError("it was cancelled")

    base = spec("Sample", lambda: None, output=True)
    kit = bench(
        NodeSpec(
            type_id="Sample",
            is_output=True,
            input_types=base.input_types,
            create=base.create,
            call=sample,
        )
    )

    def emit(event: object) -> None:
        if isinstance(event, NodeProgress) and event.value == 2:
            cancel.cancel()

    result = kit.run({"1": ("Sample", {})}, "1", cancel=cancel, emit=emit)
    assert result.status == "interrupted"
    assert steps == [0, 1, 2, 3]
    (event,) = kit.of(RunInterrupted)
    assert event.ids is not None
    assert (event.ids.node, event.node_type, event.saved) == ("1", "Sample", None)


def test_a_node_that_is_stopped_may_say_up_to_where_its_work_is_saved() -> None:
    def train() -> None:
        raise RunCancelledError(saved=(20, 600))

    kit = bench(spec("Train", train, output=True))
    assert kit.run({"1": ("Train", {})}, "1").status == "interrupted"
    (event,) = kit.of(RunInterrupted)
    assert event.saved == (20, 600)


def test_a_cancel_from_another_thread_ends_a_wait() -> None:
    cancel = CancelToken()

    async def wait() -> None:
        threading.Timer(0.02, cancel.cancel).start()
        await asyncio.sleep(30)

    kit = bench(spec("Wait", wait, output=True))
    assert kit.run({"1": ("Wait", {})}, "1", cancel=cancel).status == "interrupted"


def test_a_cancelled_run_keeps_what_was_done_and_the_next_run_is_well() -> None:
    cancel = CancelToken()
    kit = bench()

    def emit(event: object) -> None:
        if isinstance(event, NodeFinished):
            cancel.cancel()

    assert kit.run(SHOWN, "3", cancel=cancel, emit=emit).executed == ("1",)
    assert kit.run(SHOWN, "3").executed == ("2", "3")


def test_a_token_tells_who_checks() -> None:
    token = CancelToken()
    token.check()
    token.cancel()
    with pytest.raises(RunCancelledError):
        token.check()
