"""What has to run and what is found: pure functions over a graph's links."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from engine.execution.errors import DependencyCycleError
from engine.graph.model import NodeId

Sources: TypeAlias = Callable[[NodeId], Collection[NodeId]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What roots need.

    Attributes:
        steps: Nodes to run, with the nodes each waits for, from the roots upwards.
        reused: Nodes whose results were found. What only they need is in neither.
    """

    steps: dict[NodeId, tuple[NodeId, ...]] = field(default_factory=dict)
    reused: list[NodeId] = field(default_factory=list)


def make_plan(
    roots: Iterable[NodeId],
    sources: Sources,
    found: Callable[[NodeId], bool],
    settled: Callable[[NodeId], bool],
) -> Plan:
    """Walk from `roots` upwards, as far as results are not found.

    Args:
        sources: The nodes that a node waits for; a node may come twice.
        found: Whether a node's result is at hand; asked once per node.
        settled: Whether a node is scheduled or has a result already.
    """
    plan = Plan()
    seen: set[NodeId] = set()
    waiting = list(roots)
    waiting.reverse()
    while waiting:
        node_id = waiting.pop()
        if node_id in seen or settled(node_id):
            continue
        seen.add(node_id)
        if found(node_id):
            plan.reused.append(node_id)
            continue
        plan.steps[node_id] = tuple(dict.fromkeys(sources(node_id)))
        waiting.extend(plan.steps[node_id])
    return plan


def pick_ranks(
    plan: Plan, is_output: Callable[[NodeId], bool], is_async: Callable[[NodeId], bool]
) -> dict[NodeId, int]:
    """Return how early each step is picked when ready (contract §5, "Pick order").

    0 is an output or asynchronous, 1 feeds an output, 2 feeds that, 3 is any other.
    """
    ranks = {node_id: 0 if is_async(node_id) else 3 for node_id in plan.steps}
    for output in filter(is_output, plan.steps):
        ranks[output] = 0
        for source in plan.steps[output]:
            if source in ranks:
                ranks[source] = min(1, ranks[source])
            for second in plan.steps.get(source, ()):
                if second in ranks:
                    ranks[second] = min(2, ranks[second])
    return ranks


def upstream_order(
    roots: Iterable[NodeId], sources: Sources, known: Container[NodeId] = ()
) -> list[NodeId]:
    """List the roots and all they are linked to, each after its sources, without the `known`.

    Raises: DependencyCycleError.
    """
    links: dict[NodeId, Collection[NodeId]] = {}
    waiting = list(roots)
    while waiting:
        node_id = waiting.pop()
        if node_id in links or node_id in known:
            continue
        links[node_id] = [source for source in sources(node_id) if source not in known]
        waiting.extend(links[node_id])
    try:
        return list(TopologicalSorter(links).static_order())
    except CycleError as error:
        raise DependencyCycleError(error.args[1]) from error


class Retention:
    """Who may still ask for a node's result.

    A node is settled when it ran, was found, or when nobody can ask for it any more. A settled
    node asks for nothing. Lazy links count until the node that has them is settled.
    """

    def __init__(self) -> None:
        self._sources: dict[NodeId, frozenset[NodeId]] = {}
        self._interest: dict[NodeId, int] = {}

    def add(self, links: Mapping[NodeId, Collection[NodeId]]) -> None:
        """Note nodes and all they are linked to; nodes noted and not settled stay as they are."""
        for node_id, sources in links.items():
            if node_id not in self._sources:
                self._sources[node_id] = frozenset(sources)
                self._ask(self._sources[node_id])

    def add_sources(self, node_id: NodeId, sources: Iterable[NodeId]) -> None:
        """Note that a node asks for further nodes: it expanded into them."""
        more = frozenset(sources) - self._sources[node_id]
        self._sources[node_id] |= more
        self._ask(more)

    def __contains__(self, node_id: object) -> bool:
        """Whether a node was added and is not settled."""
        return node_id in self._sources

    def settle(self, node_ids: Iterable[NodeId], running: Container[NodeId]) -> list[NodeId]:
        """Settle nodes, and what only they could ask for; list results nobody asks for now.

        Args:
            running: Nodes that are scheduled: these settle when they ran.
        """
        unasked: list[NodeId] = []
        waiting = list(node_ids)
        while waiting:
            node_id = waiting.pop()
            if not self._interest.get(node_id):
                unasked.append(node_id)
            for source in self._sources.pop(node_id, ()):
                self._interest[source] -= 1
                if self._interest[source]:
                    continue
                if source in self._sources and source not in running:
                    waiting.append(source)
                elif source not in self._sources:
                    unasked.append(source)
        return unasked

    def _ask(self, sources: Iterable[NodeId]) -> None:
        for source in sources:
            self._interest[source] = self._interest.get(source, 0) + 1
