"""Which node is next: counts what each node still waits for. Pure; knows nothing of nodes."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from engine.graph.model import NodeId


class Schedule:
    """Nodes waiting for others, and those ready, best first.

    Contract §5, "Pick order": the caller's rank decides, then the order in which nodes were added.
    """

    def __init__(self) -> None:
        self._order: dict[NodeId, int] = {}
        self._rank: dict[NodeId, int] = {}
        self._waits: dict[NodeId, int] = {}
        self._consumers: dict[NodeId, list[NodeId]] = {}
        self._ready: list[tuple[int, int, NodeId]] = []
        self._added = 0

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._order

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[NodeId]:
        """Nodes that are not done, in the order they were added."""
        return iter(self._order)

    def add(self, node_id: NodeId, waits_for: Iterable[NodeId], rank: int) -> None:
        """Add a node that waits for `waits_for`, which are scheduled or will be."""
        if node_id in self._order:
            raise ValueError(f'Schedule: node "{node_id}" is there already')
        self._order[node_id] = self._added
        self._rank[node_id] = rank
        self._added += 1
        self.wait(node_id, waits_for)

    def wait(self, node_id: NodeId, waits_for: Iterable[NodeId]) -> None:
        """Let a node that is not ready, or was popped, wait for others; ready when all are done."""
        sources = set(waits_for)
        self._waits[node_id] = len(sources)
        for source in sources:
            self._consumers.setdefault(source, []).append(node_id)
        if not sources:
            self._push(node_id)

    def pop(self) -> NodeId | None:
        """Return the best ready node, which stays scheduled until `done`; None when none is."""
        return heapq.heappop(self._ready)[2] if self._ready else None

    def done(self, node_id: NodeId) -> None:
        """Take a node off; nodes that waited for it alone become ready."""
        del self._order[node_id], self._rank[node_id], self._waits[node_id]
        for consumer in self._consumers.pop(node_id, ()):
            self._waits[consumer] -= 1
            if not self._waits[consumer]:
                self._push(consumer)

    def _push(self, node_id: NodeId) -> None:
        heapq.heappush(self._ready, (self._rank[node_id], self._order[node_id], node_id))
