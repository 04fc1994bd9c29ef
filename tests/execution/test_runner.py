"""The runner's semantics (contract §5), rule by rule, with tiny nodes: values and answers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from engine.execution.errors import BadAnswerError, BrokenLinkError, EmptyListError
from engine.execution.events import (
    NodeBlocked,
    NodeFinished,
    NodeProgress,
    NodesCached,
    NodeStarted,
    RunFinished,
    RunStarted,
)
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.v1 import v1_spec
from engine.types import ExecutionBlocker, Ui
from tests.execution.execution_kit import SHOWN, Bench, bench, cause, spec

# --- values, events, order ----------------------------------------------------------------------


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


# --- answers ------------------------------------------------------------------------------------


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


# --- lists --------------------------------------------------------------------------------------


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


# --- blockers -----------------------------------------------------------------------------------


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
