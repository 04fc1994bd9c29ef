"""What comes of a run whose nodes fail, and what the runner guards them against."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
import torch

from engine.execution.errors import MutatedInputError
from engine.execution.events import NodeFailed, RunFinished
from engine.registry.spec import NodeSpec
from tests.execution.execution_kit import SUM, bench, cause, spec


def failing(error: Exception) -> NodeSpec:
    def fail(x: Any) -> None:
        raise error

    return spec("Fail", fail, inputs="x")


def test_a_failure_names_node_inputs_and_cause_and_keeps_what_was_done() -> None:
    kit = bench(failing(ValueError("too small")))
    prompt = {**SUM, "3": ("Fail", {"x": ["2", 0]}), "4": ("Show", {"value": ["3", 0]})}
    result = kit.run(prompt, "4")
    assert str(result.error) == "Fail #3: ValueError: too small"
    (event,) = kit.of(NodeFailed)
    assert (event.node_id, event.node_type, event.inputs) == ("3", "Fail", {"x": [5]})
    assert event.executed == ("1", "2")
    assert any("in fail" in frame for frame in event.traceback)
    assert kit.of(RunFinished)[0].status == "error"
    assert kit.run(prompt, "4").executed == ()  # 1 and 2 are cached


@pytest.mark.parametrize("is_async", [False, True])
def test_a_node_that_would_end_the_program_fails_alone(is_async: bool) -> None:
    def leave(x: Any) -> None:
        sys.exit(3)

    async def leave_later(x: Any) -> None:
        await asyncio.sleep(0)
        sys.exit(3)

    kit = bench(spec("Leave", leave_later if is_async else leave, inputs="x"))
    result = kit.run(
        {**SUM, "3": ("Leave", {"x": ["2", 0]}), "4": ("Show", {"value": ["3", 0]})}, "4"
    )
    assert result.status == "error"
    assert "Leave #3: the node tried to end the program (exit status 3)" in str(result.error)
    assert kit.run(SUM, keep=("2",)).status == "success"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_running_out_of_memory_frees_and_tries_once_more(error: Exception, is_async: bool) -> None:
    tries: list[int] = []

    def hungry(enough: int) -> tuple[str]:
        tries.append(1)
        if len(tries) < enough:
            raise error
        return ("done",)

    async def hungry_later(enough: int) -> tuple[str]:
        return hungry(enough)

    kit = bench(spec("Hungry", hungry_later if is_async else hungry, inputs="enough"))
    assert kit.value({"1": ("Hungry", {"enough": 2})}, "1") == ["done"]
    assert kit.freed == 1
    tries.clear()
    result = kit.run({"1": ("Hungry", {"enough": 3})}, keep=("1",))
    assert result.error is not None
    assert result.error.__cause__ is error
    assert "Hungry #1: there is not enough memory" in str(result.error)
    assert len(tries) == 2


def test_a_node_that_writes_into_its_input_is_caught() -> None:
    def spoil(x: torch.Tensor) -> tuple[torch.Tensor]:
        return (x.add_(1),)

    kit = bench(
        spec("Zeros", lambda: (torch.zeros(3),)),
        spec("Spoil", spoil, inputs="x"),
        check_mutation=True,
    )
    prompt = {
        "1": ("Zeros", {}),
        "2": ("Spoil", {"x": ["1", 0]}),
        "3": ("Show", {"value": ["2", 0]}),
    }
    error = cause(kit, prompt, "3")
    assert isinstance(error, MutatedInputError)
    assert error.inputs == ("x",)


def test_nodes_run_in_inference_mode() -> None:
    kit = bench(spec("Mode", lambda: (torch.is_inference_mode_enabled(),)))
    assert kit.value({"1": ("Mode", {})}, "1") == [True]
