"""Nodes that build other nodes (contract §5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.registry.expansion import GraphBuilder, is_link
from engine.registry.running import call_as_running
from tests.registry.registry_fakes import FakeContext


def test_ids_start_with_node_call_and_builder() -> None:
    def build() -> list[str]:
        first, second = GraphBuilder(), GraphBuilder()
        return [
            first.node("A").id,
            first.node("B", "named").id,
            first.node("C").id,
            second.node("D").id,
        ]

    ids = call_as_running(FakeContext("12:3", call_index=2), build)

    assert ids == ["12:3.2.1.1", "12:3.2.1.named", "12:3.2.1.2", "12:3.2.2.1"]


def test_a_builder_outside_of_nodes_needs_a_prefix() -> None:
    with pytest.raises(LookupError, match="Pass one"):
        GraphBuilder()
    assert GraphBuilder("p.").node("A").id == "p.1"


def test_nodes_are_given_in_prompt_shape() -> None:
    graph = GraphBuilder("p.")
    image = graph.node("Load", "load", name="a.png", unset=None)
    invert = graph.node("Invert", image=image.out(0))
    invert.set_override_display_id("7")
    invert.set_input("amount", 3)

    assert graph.finalize() == {
        "p.load": {"class_type": "Load", "inputs": {"name": "a.png"}},
        "p.1": {
            "class_type": "Invert",
            "inputs": {"image": ["p.load", 0], "amount": 3},
            "override_display_id": "7",
        },
    }


def test_an_id_that_is_taken_gives_the_node_that_has_it() -> None:
    graph = GraphBuilder("p.")

    assert graph.node("A", "x") is graph.node("B", "x")
    assert graph.lookup_node("x") is graph.node("A", "x")
    assert graph.lookup_node("y") is None


def test_nodes_and_links_can_be_replaced() -> None:
    graph = GraphBuilder("p.")
    source = graph.node("A", "a")
    sink = graph.node("B", "b", one=source.out(0), two=source.out(1), three=source.out(0))

    graph.replace_node_output(source.id, 0, ["9", 4])
    graph.replace_node_output(source.id, 1, None)
    graph.remove_node("a")

    assert sink.inputs == {"one": ["9", 4], "three": ["9", 4]}
    assert (sink.get_input("one"), sink.get_input("two")) == (["9", 4], None)
    sink.set_input("one", None)
    assert list(graph.finalize()) == ["p.b"]
    assert sink.inputs == {"three": ["9", 4]}
    with pytest.raises(KeyError):
        graph.remove_node("a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["1", 0], True),
        (["1", 0.0], True),
        (["1", "0"], False),
        ([1, 0], False),
        (["1", 0, 0], False),
        (["1", True], False),
        (("1", 0), False),
        ("1", False),
    ],
)
def test_links_are_told_from_literals(value: Any, expected: bool) -> None:
    assert is_link(value) is expected
