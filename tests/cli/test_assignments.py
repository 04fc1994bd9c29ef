"""`--set NODE.INPUT=VALUE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from engine.cli.assignments import Assignment, AssignmentError, assign
from engine.errors import UnknownNameError
from engine.graph.model import Graph, Link, Node
from engine.registry.decorator import node
from engine.registry.registry import Registry
from engine.registry.widgets import Choice, Number


@node("Probe", category="test")
def probe(
    text: str,
    count: int,
    ratio: Annotated[float, Number(0, 1)],
    switch: bool,
    mode: Literal["a", "b"],
    size: Annotated[int, Choice([1, 2])],
) -> int:
    """Take one of each kind of widget."""
    return count


class NoFolders:
    def names(self, key: str) -> list[str]:
        return []

    def resolve(self, key: str, name: str) -> Path:
        raise AssertionError(key, name)

    def directory(self, kind: str) -> Path:
        raise AssertionError(kind)


@pytest.fixture
def registry() -> Registry:
    registry = Registry(NoFolders())
    registry.add(probe.__node__)  # type: ignore[attr-defined]
    return registry


GRAPH = Graph(
    [
        Node("3", "Probe", {"count": 1, "text": Link("4", 0)}, title="Sampler"),
        Node("12:5", "Probe", {}, title="Twin"),
        Node("v1.5", "Unknown", {}, title="Twin"),
    ]
)


@pytest.mark.parametrize(
    ("argument", "node_id", "name", "value"),
    [
        ("3.count=7", "3", "count", 7),
        ("3.text=7", "3", "text", "7"),
        ("3.text=a=b.c", "3", "text", "a=b.c"),
        ("3.text=", "3", "text", ""),
        ("3.ratio=0.5", "3", "ratio", 0.5),
        ("3.ratio=1", "3", "ratio", 1),
        ("3.count=1e3", "3", "count", 1000.0),
        ("3.switch=true", "3", "switch", True),
        ("3.mode=b", "3", "mode", "b"),
        ("3.size=2", "3", "size", 2),
        ("12:5.count=1", "12:5", "count", 1),
        ("Sampler.count=9", "3", "count", 9),
        ("v1.5.anything=[1]", "v1.5", "anything", [1]),
        ("v1.5.anything=plain", "v1.5", "anything", "plain"),
    ],
)
def test_a_value_is_read_as_its_input_wants_it(
    registry: Registry, argument: str, node_id: str, name: str, value: Any
) -> None:
    changed = assign(GRAPH, [Assignment.parse(argument)], registry)
    assert changed[node_id].inputs[name] == value
    assert type(changed[node_id].inputs[name]) is type(value)
    assert GRAPH["3"].inputs == {"count": 1, "text": Link("4", 0)}


@pytest.mark.parametrize("argument", ["", "3.seed", "seed=3", ".seed=3", "3.=4", "="])
def test_an_argument_without_all_three_parts_is_refused(argument: str) -> None:
    with pytest.raises(AssignmentError, match=r"expected NODE\.INPUT=VALUE"):
        Assignment.parse(argument)


def test_an_unknown_node_or_input_is_named_with_its_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownNameError, match='Did you mean "count"'):
        assign(GRAPH, [Assignment.parse("3.cuont=1")], registry)
    with pytest.raises(UnknownNameError, match="'99' is not known"):
        assign(GRAPH, [Assignment.parse("99.count=1")], registry)


def test_a_title_of_two_nodes_is_refused(registry: Registry) -> None:
    with pytest.raises(AssignmentError, match=r"12:5, v1\.5"):
        assign(GRAPH, [Assignment.parse("Twin.count=1")], registry)


@pytest.mark.parametrize(
    "argument",
    [
        "count=many",
        "count=2.7",
        "count=true",
        "count=" + "9" * 10_000,
        "count=" + "[" * 100_000,
        "ratio=false",
        "ratio=[1]",
        "switch=1",
        "switch=",
    ],
)
def test_a_value_of_another_type_is_refused(registry: Registry, argument: str) -> None:
    with pytest.raises(AssignmentError, match="expected a value of type") as caught:
        assign(GRAPH, [Assignment.parse(f"3.{argument}")], registry)
    assert len(str(caught.value)) < 250
