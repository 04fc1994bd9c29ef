"""Nodes that put others in their place while they run (contract §5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.execution.errors import DependencyCycleError, ExpansionError
from engine.execution.events import NodeFailed, NodeFinished
from engine.registry.expansion import GraphBuilder
from engine.registry.spec import NodeSpec
from engine.types import NodeResult
from tests.execution.execution_kit import bench, cause, spec


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


def test_a_queued_node_may_show_on_another() -> None:
    kit = bench()
    shown = {"class_type": "Show", "inputs": {"value": ["1", 0]}, "override_display_id": "1"}
    kit.run({"1": ("Const", {"value": 4}), "1~": shown}, "1~")
    places = {event.ids.node: (event.ids.display, event.ids.real) for event in kit.of(NodeFinished)}
    assert places == {"1": ("1", "1"), "1~": ("1", "1~")}


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
