"""Order, ancestors and cycles of a graph. Iterative and linear: chains of any length."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

import networkx as nx

from engine.errors import UnknownNameError
from engine.graph.errors import GraphCycleError
from engine.graph.model import Graph, NodeId


def upstream(graph: Graph, targets: Iterable[NodeId]) -> set[NodeId]:
    """Return the targets and every node they need. Dangling links are ignored.

    Raises: UnknownNameError, for a target that is no node.
    """
    needed: set[NodeId] = set()
    waiting = list(targets)
    for target in waiting:
        if target not in graph:
            raise UnknownNameError("node", target, graph)
    while waiting:
        node_id = waiting.pop()
        if node_id not in needed:
            needed.add(node_id)
            waiting.extend(graph.sources[node_id])
    return needed


def execution_order(graph: Graph, targets: Iterable[NodeId]) -> list[NodeId]:
    """List the nodes `targets` need, each after its inputs; equal graphs give equal lists.

    Raises: GraphCycleError, with the ids along one cycle; UnknownNameError, for a bad target.
    """
    needed = upstream(graph, targets)
    in_file_order = [node_id for node_id in graph if node_id in needed]
    return _sort(graph, in_file_order)


def find_cycles(graph: Graph, nodes: Collection[NodeId]) -> list[tuple[NodeId, ...]]:
    """List one cycle for each group of nodes in `nodes` that reach each other.

    A cycle's first id is repeated at its end.
    """
    try:
        _sort(graph, nodes)
    except GraphCycleError:
        part = graph.digraph.subgraph(nodes).copy()
    else:
        return []
    position = {node_id: index for index, node_id in enumerate(graph)}
    cycles: list[tuple[NodeId, ...]] = []
    for group in nx.strongly_connected_components(part):
        try:
            _sort(graph, sorted(group, key=position.__getitem__))
        except GraphCycleError as error:
            cycles.append(error.cycle)
    return cycles


def consumers_among(
    graph: Graph, nodes: Iterable[NodeId], targets: Sequence[NodeId]
) -> dict[NodeId, tuple[NodeId, ...]]:
    """Return, for each of `nodes`, which of `targets` need it, in the order of `targets`.

    Cycles are allowed. The targets of a node are held as the bits of one number, so many nodes
    and many targets stay cheap.
    """
    bits = {target: 1 << index for index, target in enumerate(targets)}
    groups = nx.condensation(graph.digraph)
    reached: dict[int, int] = {}
    for group in reversed(list(nx.topological_sort(groups))):
        reached[group] = 0
        for member in groups.nodes[group]["members"]:
            reached[group] |= bits.get(member, 0)
        for successor in groups.successors(group):
            reached[group] |= reached[successor]
    named: dict[int, tuple[NodeId, ...]] = {}
    for mask in set(reached.values()):
        flags = reversed(f"{mask:b}")
        named[mask] = tuple(t for t, flag in zip(targets, flags, strict=False) if flag == "1")
    group_of = groups.graph["mapping"]
    return {node_id: named[reached[group_of[node_id]]] for node_id in nodes}


def _sort(graph: Graph, nodes: Collection[NodeId]) -> list[NodeId]:
    inside = set(nodes)
    sorter: TopologicalSorter[NodeId] = TopologicalSorter()
    for node_id in nodes:
        sorter.add(node_id, *(s for s in graph.sources[node_id] if s in inside))
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise GraphCycleError(error.args[1]) from error
