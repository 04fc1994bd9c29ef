"""The frozen graph: nodes with literal inputs and links, as it is executed.

Links are tagged (`Link`), literals are plain JSON values: nothing is guessed after parsing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

import networkx as nx

NodeId: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Link:
    """An input fed by output `slot` of node `source`."""

    source: NodeId
    slot: int


class BareList(list[Any]):
    """A JSON list in an API prompt that is no link although the format reserves lists for links.

    Validation refuses it in a queued prompt; nodes that expand at run time may pass one as a
    value. A literal list proper is a plain `list`.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A node instance.

    Attributes:
        inputs: Each input by name: a `Link` or a literal JSON value.
        title: What the artist called it, or None.
        extra: Keys of the file this version does not know; kept when written back.
    """

    id: NodeId
    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def links(self) -> Iterator[tuple[str, Link]]:
        """Iterate over (input name, link)."""
        return ((name, value) for name, value in self.inputs.items() if isinstance(value, Link))


class Graph(Mapping[NodeId, Node]):
    """Nodes by id, frozen. Links may dangle: validation says so, opening never fails for it."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        by_id: dict[NodeId, Node] = {}
        for node in nodes:
            if node.id in by_id:
                raise ValueError(f'Graph: two nodes have the id "{node.id}"')
            by_id[node.id] = node
        self._nodes = MappingProxyType(by_id)

    def __getitem__(self, node_id: NodeId) -> Node:
        return self._nodes[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    def __iter__(self) -> Iterator[NodeId]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    @cached_property
    def sources(self) -> Mapping[NodeId, tuple[NodeId, ...]]:
        """Existing nodes that feed each node, one entry per link, in the order of its inputs."""
        nodes = self._nodes
        return {
            node.id: tuple(
                value.source
                for value in node.inputs.values()
                if isinstance(value, Link) and value.source in nodes
            )
            for node in nodes.values()
        }

    @cached_property
    def digraph(self) -> nx.DiGraph[NodeId]:
        """Edges from each source to its consumers, existing nodes only; frozen."""
        graph: nx.DiGraph[NodeId] = nx.DiGraph()
        graph.add_nodes_from(self._nodes)
        graph.add_edges_from(
            (source, node_id) for node_id, sources in self.sources.items() for source in sources
        )
        nx.freeze(graph)
        return graph
