from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings

from engine.errors import UnknownNameError
from engine.graph.errors import GraphCycleError
from engine.graph.model import Graph, Link, Node
from engine.graph.topology import consumers_among, execution_order, find_cycles, upstream
from tests.strategies import dags


def chain(length: int) -> Graph:
    return Graph(Node(str(i), "T", {"x": Link(str(i - 1), 0)} if i else {}) for i in range(length))


@given(dags())
@settings(deadline=None)
def test_every_node_comes_after_its_inputs(graph: Graph) -> None:
    order = execution_order(graph, graph)
    position = {node_id: index for index, node_id in enumerate(order)}
    assert sorted(order) == sorted(graph)
    for node in graph.values():
        for _, link in node.links():
            assert position[link.source] < position[node.id]


@given(dags())
@settings(deadline=None)
def test_the_order_of_targets_does_not_change_the_result(graph: Graph) -> None:
    assert execution_order(graph, list(graph)) == execution_order(graph, list(graph)[::-1])


@given(dags())
@settings(deadline=None)
def test_consumers_are_the_targets_whose_upstream_holds_the_node(graph: Graph) -> None:
    targets = list(graph)[::2]
    found = consumers_among(graph, list(graph), targets)
    for node_id in graph:
        assert found[node_id] == tuple(t for t in targets if node_id in upstream(graph, [t]))


def test_only_what_targets_need_is_listed() -> None:
    graph = Graph([Node("a", "T"), Node("b", "T", {"x": Link("a", 0)}), Node("c", "T")])
    assert upstream(graph, ["b"]) == {"a", "b"}
    assert execution_order(graph, ["b"]) == ["a", "b"]


def test_a_chain_of_20000_nodes_is_no_problem() -> None:
    graph = chain(20_000)
    assert execution_order(graph, ["19999"]) == [str(i) for i in range(20_000)]
    assert consumers_among(graph, ["0"], ["19999"]) == {"0": ("19999",)}


def test_a_cycle_is_named() -> None:
    nodes = [Node(a, "T", {"x": Link(b, 0)}) for a, b in [("a", "c"), ("b", "a"), ("c", "b")]]
    graph = Graph([*nodes, Node("out", "T", {"x": Link("a", 0)})])
    with pytest.raises(GraphCycleError) as caught:
        execution_order(graph, ["out"])
    cycle = caught.value.cycle
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"a", "b", "c"}
    for source, consumer in pairwise(cycle):
        assert Link(source, 0) in graph[consumer].inputs.values()


def test_a_cycle_of_20000_nodes_has_a_short_message() -> None:
    nodes = {**chain(20_000), "0": Node("0", "T", {"x": Link("19999", 0)})}
    with pytest.raises(GraphCycleError) as caught:
        execution_order(Graph(nodes.values()), ["19999"])
    assert len(caught.value.cycle) == 20_001
    assert len(str(caught.value)) < 300


def test_each_knot_is_found_once() -> None:
    pairs = [("a", "a"), ("b", "c"), ("c", "b"), ("d", "b")]
    graph = Graph(Node(a, "T", {"x": Link(b, 0)}) for a, b in pairs)
    assert sorted(frozenset(cycle) for cycle in find_cycles(graph, list(graph))) == [
        frozenset("a"),
        frozenset("bc"),
    ]


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="7"):
        upstream(Graph([]), ["7"])


def test_dangling_links_are_ignored() -> None:
    assert execution_order(Graph([Node("a", "T", {"x": Link("gone", 0)})]), ["a"]) == ["a"]
