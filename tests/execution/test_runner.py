"""The runner's semantics (contract §5), rule by rule, with tiny nodes."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cache.simple import NoCache
from engine.errors import RunCancelledError
from engine.execution.context import CancelToken
from engine.execution.errors import (
    BadAnswerError,
    BrokenLinkError,
    DependencyCycleError,
    EmptyListError,
    ExpansionError,
    LazyInputError,
    MutatedInputError,
)
from engine.execution.events import (
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodesCached,
    NodeStarted,
    RunFinished,
    RunInterrupted,
    RunStarted,
)
from engine.registry.decorator import node
from engine.registry.expansion import GraphBuilder
from engine.registry.spec import Hook, NodeContext, NodeSpec
from engine.types import ExecutionBlocker, NodeResult, Ui
from tests.execution.execution_kit import ADD, CONST, PAIR, SHOW, Bench, Files, spec, v1_spec

SUM = {"1": ("Const", {"value": 2}), "2": ("Add", {"a": ["1", 0], "b": 3})}
SHOWN = {**SUM, "3": ("Show", {"value": ["2", 0]})}


def bench(*more: NodeSpec, **settings: Any) -> Bench:
    return Bench(CONST, ADD, SHOW, PAIR, *more, **settings)


def cause(kit: Bench, prompt: dict[str, Any], *outputs: str) -> BaseException | None:
    result = kit.run(prompt, *outputs)
    assert result.status == "error"
    assert result.error is not None
    return result.error.__cause__


# --- values, events, order ---------------------------------------------------------------------


def test_values_flow_and_events_come_in_order() -> None:
    kit = bench()
    result = kit.run(SHOWN, "3")
    assert result.status == "success"
    assert result.outputs == {"3": {"text": [5]}}
    assert result.executed == ("1", "2", "3")
    kinds = [type(event) for event in kit.events]
    assert kinds[:2] == [RunStarted, NodesCached]
    assert kinds[2:-1] == [NodeStarted, NodeFinished] * 3
    assert kinds[-1] is RunFinished


def test_only_what_the_outputs_need_runs() -> None:
    kit = bench()
    prompt = {**SHOWN, "8": ("Const", {"value": 9}), "9": ("Show", {"value": ["8", 0]})}
    assert kit.run(prompt, "9").executed == ("8", "9")


def test_an_output_that_is_ready_goes_before_older_nodes() -> None:
    kit = bench()
    prompt = {
        "1": ("Const", {"value": 1}),
        "2": ("Add", {"a": ["1", 0]}),
        "3": ("Add", {"a": ["2", 0], "b": 1}),
        "4": ("Add", {"a": ["3", 0], "b": 2}),
        "5": ("Show", {"value": ["4", 0]}),
        "6": ("Show", {"value": ["1", 0]}),
    }
    assert kit.run(prompt, "5", "6").executed[:2] == ("1", "6")


def test_undeclared_links_are_passed_and_undeclared_literals_dropped() -> None:
    kit = bench(spec("Any", lambda **found: (found,)))
    prompt = {"1": ("Const", {"value": 1}), "2": ("Any", {"x": ["1", 0], "y": 2})}
    assert kit.value(prompt, "2") == [{"x": 1}]


def test_a_raw_link_arrives_as_a_link() -> None:
    kit = bench(spec("Raw", lambda link: (link,), options={"link": {"rawLink": True}}))
    prompt = {"1": ("Const", {"value": 1}), "2": ("Raw", {"link": ["1", 0]})}
    assert kit.value(prompt, "2") == [["1", 0]]


def test_a_missing_output_of_a_pack_node_is_none_for_consumers() -> None:
    kit = bench(
        spec("Few", lambda: (1,), outputs=2), spec("Is", lambda v: (v is None,), inputs="v")
    )
    assert kit.value({"1": ("Few", {}), "2": ("Is", {"v": ["1", 1]})}, "2") == [True]


def test_a_link_to_no_node_names_the_input() -> None:
    error = cause(bench(), {"1": ("Show", {"value": ["7", 0]})}, "1")
    assert isinstance(error, BrokenLinkError)
    assert error.input == "value"


class Hidden:
    RETURN_TYPES = ("*",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {},
            "hidden": {
                "prompt": "PROMPT",
                "me": "UNIQUE_ID",
                "png": "EXTRA_PNGINFO",
                "dyn": "DYNPROMPT",
                "token": "AUTH_TOKEN_COMFY_ORG",
                "key": "API_KEY_COMFY_ORG",
            },
        }

    def go(self, **hidden: Any) -> tuple[Any]:
        return (hidden,)


def test_hidden_tokens_are_filled() -> None:
    kit = bench(v1_spec("Hidden", Hidden))
    extra = {"extra_pnginfo": {"workflow": 1}, "auth_token_comfy_org": "t"}
    result = kit.run({"4": ("Hidden", {})}, keep=("4",), extra_data=extra)
    (found,) = result.values["4"][0]
    assert found["prompt"] == {"4": {"class_type": "Hidden", "inputs": {}}}
    assert (found["me"], found["png"], found["token"]) == ("4", {"workflow": 1}, "t")
    assert found["key"] is None
    assert found["dyn"].get_node("4")["class_type"] == "Hidden"


class Counter:
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"
    NOT_IDEMPOTENT = True

    def __init__(self) -> None:
        self.count = 0

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {}}

    @classmethod
    def IS_CHANGED(cls) -> float:  # noqa: N802
        return math.nan

    def go(self) -> tuple[int]:
        self.count += 1
        return (self.count,)


def test_instances_live_while_their_node_stays_in_the_prompt() -> None:
    kit = bench(v1_spec("Counter", Counter))
    prompt: dict[str, Any] = {"1": ("Counter", {})}
    assert [kit.value(prompt, "1") for _ in range(2)] == [[1], [2]]
    kit.run(SHOWN, "3")
    assert kit.value(prompt, "1") == [1]


# --- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, 5, torch.zeros(2)])
def test_what_is_no_answer_fails(answer: Any) -> None:
    assert isinstance(
        cause(bench(spec("Bad", lambda: answer, output=True)), {"1": ("Bad", {})}, "1"),
        BadAnswerError,
    )


def test_a_native_function_may_return_its_bare_value() -> None:
    @node("Double", category="t")
    def double(x: int) -> int:
        """Double a number."""
        return 2 * x

    @node("Say", category="t", output=True)
    def say(x: int, context: NodeContext) -> Ui:
        """Show a number."""
        context.progress(1, 2)
        return Ui(text=[x, context.node_id, context.service(str)])

    specs = (double.__node__, say.__node__)  # type: ignore[attr-defined]
    kit = Bench(*specs, services={str: "hello"})
    result = kit.run({"1": ("Double", {"x": 4}), "2": ("Say", {"x": ["1", 0]})}, "2")
    assert result.outputs == {"2": {"text": [8, "2", "hello"]}}
    assert [(e.node_id, e.value, e.total) for e in kit.of(NodeProgress)] == [("2", 1, 2)]


@pytest.mark.parametrize("embed", [True, False])
def test_native_nodes_see_the_metadata_only_when_it_is_to_be_embedded(embed: bool) -> None:
    @node("Meta", category="t", output=True)
    def meta(context: NodeContext) -> Ui:
        """Show what would be embedded."""
        return Ui(found=[context.prompt, context.extra_pnginfo])

    kit = Bench(meta.__node__, embed_metadata=embed)  # type: ignore[attr-defined]
    extra = {"extra_pnginfo": {"workflow": 1}}
    result = kit.run({"1": ("Meta", {})}, "1", extra_data=extra)
    prompt = {"1": {"class_type": "Meta", "inputs": {}}}
    assert result.outputs["1"]["found"] == ([prompt, {"workflow": 1}] if embed else [{}, {}])


# --- lists -------------------------------------------------------------------------------------


def test_lists_are_mapped_with_the_last_element_repeated() -> None:
    kit = bench()
    assert kit.value({"1": ("Pair", {}), "2": ("Add", {"a": ["1", 0], "b": 10})}, "2") == [
        11,
        12,
        13,
    ]


def test_input_is_list_gets_everything_in_one_call() -> None:
    kit = bench(spec("All", lambda a, b: ((a, b),), inputs="a b", input_is_list=True))
    prompt = {"1": ("Pair", {}), "2": ("All", {"a": ["1", 0], "b": 5})}
    assert kit.value(prompt, "2") == [([1, 2, 3], [5])]


def test_an_empty_list_beside_others_fails_and_alone_calls_without_arguments() -> None:
    kit = bench(spec("Empty", lambda: ([],), list_outputs=(0,)))
    prompt = {"1": ("Empty", {}), "2": ("Add", {"a": ["1", 0], "b": 1})}
    error = cause(kit, {**prompt, "3": ("Show", {"value": ["2", 0]})}, "3")
    assert isinstance(error, EmptyListError)
    assert (error.empty, error.filled) == (("a",), ("b",))
    assert kit.value({"1": ("Empty", {}), "2": ("Add", {"a": ["1", 0]})}, "2") == [0]


def test_ui_lists_are_joined_over_calls() -> None:
    kit = bench()
    result = kit.run({"1": ("Pair", {}), "2": ("Show", {"value": ["1", 0]})}, "2")
    assert result.outputs == {"2": {"text": [1, 2, 3]}}


# --- lazy --------------------------------------------------------------------------------------


def switch(asked: list[Any] | None = None) -> NodeSpec:
    def check(instance: Any, inputs: dict[str, Any]) -> list[str]:
        if asked is not None:
            asked.append(dict(inputs))
        return ["yes"] if inputs["on"] else ["no"]

    return spec(
        "Switch",
        lambda on, yes=None, no=None: (yes if on else no,),
        inputs="on",
        lazy="yes no",
        check_lazy=check,
    )


LAZY = {
    "1": ("Const", {"value": "Y"}),
    "2": ("Const", {"value": "N"}),
    "3": ("Switch", {"on": True, "yes": ["1", 0], "no": ["2", 0]}),
}


def test_only_the_lazy_input_asked_for_is_evaluated() -> None:
    asked: list[Any] = []
    kit = bench(switch(asked))
    result = kit.run(LAZY, keep=("3",))
    assert result.values["3"] == (["Y"],)
    assert result.executed == ("1", "3")
    assert asked == [{"on": True, "yes": None, "no": None}, {"on": True, "yes": "Y", "no": None}]
    assert len(kit.of(NodeStarted)) == 2


def test_a_lazy_check_that_asks_for_what_is_not_linked_fails() -> None:
    error = cause(
        bench(switch()),
        {"3": ("Switch", {"on": True}), "4": ("Show", {"value": ["3", 0]})},
        "4",
    )
    assert isinstance(error, LazyInputError)


def test_a_value_needed_by_a_lazy_branch_too_is_computed_once() -> None:
    kit = bench(switch(), cache=NoCache())
    prompt = {
        "0": ("Const", {"value": 1}),
        "1": ("Add", {"a": ["0", 0], "b": 5}),
        "3": ("Switch", {"on": ["0", 0], "yes": ["1", 0], "no": ["1", 0]}),
    }
    result = kit.run(prompt, keep=("3",))
    assert result.values["3"] == ([6],)
    assert result.executed == ("0", "1", "3")


# --- blockers ----------------------------------------------------------------------------------


def test_a_blocker_stops_consumers_and_its_message_is_reported_by_the_first() -> None:
    kit = bench(spec("Stop", lambda: (ExecutionBlocker("no face found"),)))
    prompt = {
        "1": ("Stop", {}),
        "2": ("Add", {"a": ["1", 0]}),
        "3": ("Show", {"value": ["2", 0]}),
        "4": ("Const", {"value": 1}),
        "5": ("Show", {"value": ["4", 0]}),
    }
    for _ in range(2):  # the message is shown again, although the blocker is cached
        result = kit.run(prompt, "3", "5")
        assert result.status == "success"
        assert result.outputs == {"5": {"text": [1]}}
        assert [(e.node_id, e.message) for e in kit.of(NodeBlocked)] == [("2", "no face found")]


def test_a_blocker_for_the_whole_node_blocks_every_output() -> None:
    kit = bench(spec("Stop", lambda: ExecutionBlocker(None), outputs=2))
    result = kit.run({"1": ("Stop", {}), "2": ("Show", {"value": ["1", 1]})}, "2")
    assert (result.status, result.outputs, kit.of(NodeBlocked)) == ("success", {}, [])


# --- expansion ---------------------------------------------------------------------------------


def repeat_spec(output: bool = False) -> NodeSpec:
    """Adds 1 `times` times by expanding into an Add and a smaller copy of itself."""

    def repeat(x: int, times: int, me: str) -> Any:
        if times == 0:
            return (x,)
        inner = {
            f"{me}.a": {"class_type": "Add", "inputs": {"a": x, "b": 1}},
            f"{me}.r": {
                "class_type": "Repeat",
                "inputs": {"x": [f"{me}.a", 0], "times": times - 1},
            },
        }
        return {"result": ([f"{me}.r", 0],), "expand": inner}

    made = spec("Repeat", repeat, inputs="x times")
    declared = {"required": {"x": ("INT",), "times": ("INT",)}, "hidden": {"me": "UNIQUE_ID"}}
    return NodeSpec(
        type_id="Repeat",
        source="v1",
        outputs=made.outputs,
        input_types=lambda folders: declared,
        create=lambda: None,
        call=made.call,
    )


@pytest.mark.parametrize("times", [0, 1, 5])
def test_nested_expansion_gives_what_the_loop_would(times: int) -> None:
    kit = bench(repeat_spec())
    prompt = {"1": ("Const", {"value": 10}), "2": ("Repeat", {"x": ["1", 0], "times": times})}
    assert kit.value(prompt, "2") == [10 + times]
    finished = kit.of(NodeFinished)
    assert {event.ids.real for event in finished} == {"1", "2"}
    assert {event.display_id for event in finished} == {"1", "2"}
    assert kit.run(prompt, keep=("2",)).executed == ()


def test_new_outputs_inside_run_each_time_their_node_runs() -> None:
    def expand(x: int) -> dict[str, Any]:
        graph = GraphBuilder("2.0.0.")
        graph.node("Show", value=x).set_override_display_id("9")
        return {"result": (), "expand": graph.finalize()}

    kit = bench(spec("Expand", expand, inputs="x", output=True, outputs=0))
    for _ in range(2):
        result = kit.run({"2": ("Expand", {"x": 4})}, "2")
        assert result.outputs == {"2.0.0.1": {"text": [4]}}
        ids = result.ids["2.0.0.1"]
        assert (ids.display, ids.parent, ids.real) == ("9", "2", "2")


def test_a_list_behind_an_expansion_link_stays_whole() -> None:
    def expand() -> NodeResult:
        return NodeResult((["p", 0], "x"), None, {"p": {"class_type": "Pair", "inputs": {}}})

    kit = bench(spec("Expand", expand, outputs=2))
    result = kit.run({"1": ("Expand", {})}, keep=("1",))
    assert result.values["1"] == ([1, 2, 3], ["x"])


@pytest.mark.parametrize(
    "expand",
    [
        {"1": {"class_type": "Pair", "inputs": {}}},
        {"x": {"inputs": {}}},
        {"x": {"class_type": "Pair", "inputs": {}}, "y": 3},
    ],
)
def test_a_bad_expansion_fails_its_node(expand: dict[str, Any]) -> None:
    bad = spec("Bad", lambda: {"result": (), "expand": expand}, output=True)
    assert isinstance(cause(bench(bad), {"1": ("Bad", {})}, "1"), ExpansionError)


@pytest.mark.parametrize("link", [["1", 0], ["y", 0]])
def test_a_circle_made_while_running_fails_the_node_that_made_it(link: list[Any]) -> None:
    expand = {
        "x": {"class_type": "Add", "inputs": {"a": link}},
        "y": {"class_type": "Add", "inputs": {"a": ["x", 0]}},
    }
    bad = spec("Bad", lambda: {"result": (["x", 0],), "expand": expand}, output=True)
    kit = bench(bad)
    assert isinstance(cause(kit, {"1": ("Bad", {})}, "1"), DependencyCycleError)
    assert kit.of(NodeFailed)[0].ids.real == "1"


# --- asynchronous nodes ------------------------------------------------------------------------


def test_an_async_node_overlaps_with_a_chain_and_with_others() -> None:
    log: list[str] = []

    async def slow(value: int, name: str) -> tuple[int]:
        log.append(f"begin {name}")
        await asyncio.sleep(0.05)
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
    assert log == ["begin a", "begin b", "step", "step", "end a", "end b"] or (
        log.index("end a") > log.index("step") and log.index("end a") > log.index("begin b")
    )


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


# --- cache -------------------------------------------------------------------------------------


def test_a_second_run_runs_nothing_and_shows_the_same() -> None:
    kit = bench()
    first = kit.run(SHOWN, "3")
    second = kit.run(SHOWN, "3")
    assert second.executed == ()
    assert second.outputs == first.outputs
    assert kit.of(NodesCached)[0].node_ids == ("1", "2", "3")
    assert [(e.node_id, e.cached, e.ui) for e in kit.of(NodeFinished)] == [
        ("3", True, {"text": [5]})
    ]


def test_the_reason_of_a_miss_is_given() -> None:
    kit = bench()
    kit.run(SHOWN, "3")
    kit.run({**SHOWN, "1": ("Const", {"value": 7})}, "3")
    assert kit.of(NodesCached)[0].reasons["1"].text == 'input "value" changed'


def test_twins_run_once() -> None:
    kit = bench()
    prompt = {
        "1": ("Const", {"value": 1}),
        "2": ("Const", {"value": 1}),
        "3": ("Add", {"a": ["1", 0], "b": ["2", 0]}),
    }
    result = kit.run(prompt, keep=("3",))
    assert result.values["3"] == ([2],)
    assert len(result.executed) == 2


def changing(call: Any) -> NodeSpec:
    return spec(
        "Read",
        lambda name, x=None: (name,),
        inputs="name x",
        fingerprint=Hook(call, frozenset(), takes_all=True),
    )


def test_is_changed_sees_constants_only_and_joins_the_key() -> None:
    seen: list[Any] = []
    state = {"mark": 1}

    def is_changed(**given: Any) -> int:
        seen.append(given)
        return state["mark"]

    kit = bench(changing(is_changed))
    prompt = {"1": ("Const", {"value": 1}), "2": ("Read", {"name": "f", "x": ["1", 0]})}
    assert kit.run(prompt, keep=("2",)).executed == ("1", "2")
    assert kit.run(prompt, keep=("2",)).executed == ()
    state["mark"] = 2
    assert kit.run(prompt, keep=("2",)).executed == ("2",)
    assert seen[0] == {"name": "f", "x": None}


@pytest.mark.parametrize("hook", [lambda **given: math.nan, lambda: 1, lambda **given: 1 / 0])
def test_nan_and_errors_of_is_changed_mean_never_reused(hook: Any) -> None:
    kit = bench(changing(hook))
    prompt = {"2": ("Read", {"name": "f"}), "3": ("Show", {"value": ["2", 0]})}
    for _ in range(2):
        assert kit.run(prompt, "3").executed == ("2", "3")


def test_a_changed_file_runs_its_reader_again(tmp_path: Path) -> None:
    reader = spec(
        "File",
        lambda name: ((tmp_path / name).read_text(),),
        inputs="name",
        files=lambda literals, folders: [("input", literals["name"])],
    )
    kit = bench(reader, files=Files(tmp_path))
    prompt = {"1": ("File", {"name": "a.txt"})}
    (tmp_path / "a.txt").write_text("one")
    assert kit.value(prompt, "1") == ["one"]
    assert kit.run(prompt, keep=("1",)).executed == ()
    (tmp_path / "a.txt").write_text("two")
    assert kit.value(prompt, "1") == ["two"]
    (tmp_path / "a.txt").unlink()
    result = kit.run(prompt, keep=("1",))
    assert result.error is not None
    assert isinstance(result.error.__cause__, FileNotFoundError)


# --- failures ----------------------------------------------------------------------------------


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


# --- interrupts --------------------------------------------------------------------------------


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
    assert (event.ids.node, event.node_type) == ("1", "Sample")


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
